"""Redis loses everything while live positions are open: halts hold, exits sell, and trading goes on after a person's resume."""

import contextlib
import sqlite3
from pathlib import Path

import pytest
import redis

from memesnipe.bus.topology import CONFIG
from memesnipe.testing.stacks import RunningStack, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

HELD = "SELECT strategy, mint FROM positions WHERE mode = 'live' AND units > 0"
BUYS = "SELECT count(*) FROM fills WHERE side = 'buy' AND status = 'filled'"
FILLS = "SELECT count(*) FROM fills"
DOUBLED = "SELECT intent_id FROM fills WHERE status = 'filled' GROUP BY intent_id HAVING count(*) > 1"


def server(stack: RunningStack) -> redis.Redis:
    configuration = (stack.data / "valkey" / "valkey.conf").read_text()
    port = int(next(line.split()[1] for line in configuration.splitlines() if line.startswith("port ")))
    return redis.Redis(port=port, password=(stack.data / "keys" / "redis" / "default").read_text(), protocol=2)


def known_to_control(stack: RunningStack) -> list[tuple[str, str]]:
    with contextlib.closing(sqlite3.connect(f"file:{stack.data / 'config.db'}?mode=ro", uri=True)) as db:
        return db.execute("SELECT scope, state FROM halts").fetchall()


def closed(stack: RunningStack) -> bool:
    for strategy, mint in stack.ledger(HELD):
        stack.command("close", str(strategy), str(mint))
    return not stack.ledger(HELD)


def test_a_live_stack_that_loses_all_of_redis_keeps_its_halt_and_can_still_sell(tmp_path: Path) -> None:
    with RunningStack(tmp_path / "shared", PAPER_TRADING_MODE="false") as stack:
        until(lambda: stack.ledger(HELD), 240, "a live position")
        assert stack.command("kill").returncode == 0

        until(lambda: known_to_control(stack) == [("*", "halted")], 60, "the halt on disk")
        until(lambda: stack.rests(BUYS), 120, "every buy from before the halt in the ledger")

        with server(stack) as client:
            client.flushall()
            until(lambda: client.exists(CONFIG.name), 60, "the configuration again")
        before = stack.ledger(BUYS)
        until(lambda: closed(stack), 180, "every position sold while halted")
        bought_while_halted = stack.ledger(BUYS) != before
        assert stack.command("resume").returncode == 0
        until(lambda: stack.ledger(BUYS) != before, 240, "a buy after the resume")
        stack.command("kill")
        until(lambda: closed(stack), 180, "everything sold")
        until(lambda: stack.rests(FILLS) and closed(stack), 180, "nothing in flight, and nothing held of what was when it was halted")
        reconciled = stack.command("reconcile")

        assert not bought_while_halted
        assert stack.ledger(DOUBLED) == []
        assert reconciled.returncode == 0, reconciled.stdout + reconciled.stderr
