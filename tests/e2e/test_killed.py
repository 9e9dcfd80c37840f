"""Every service is killed at every durable step while real orders are on their way; no order is doubled, lost or stuck."""

import os
import re
import signal
from pathlib import Path

import pytest

from memesnipe.cli.main import SERVICES
from memesnipe.testing.stacks import ROOT, RunningStack, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SELLS = "SELECT count(*) FROM fills WHERE side = 'sell' AND status = 'filled'"
DOUBLED = "SELECT intent_id FROM fills WHERE status = 'filled' GROUP BY intent_id HAVING count(*) > 1"
BOTH_WAYS = "SELECT f.intent_id FROM fills f JOIN rejections r ON r.intent_id = f.intent_id WHERE f.status = 'filled'"
KILLED_IN_TURN = [name for name in SERVICES if name not in ("dashboard", "strategy_factory", "executor", "executors", "notifier", "tracer")]
"""What `make up` starts and an order passes by; it starts neither notifier nor tracer without an address, and each executor by itself."""


def the_failpoints() -> list[str]:
    """Return every fail-point that the code of the order path names."""
    sources = (path.read_text() for path in (ROOT / "runtime").rglob("*.py") if "testing" not in path.parts)
    return sorted({name for source in sources for name in re.findall(r'failpoint\("([a-z_.]+)"\)', source)})


def count(stack: RunningStack, question: str) -> int:
    answer = stack.ledger(question)
    return int(str(answer[0][0])) if answer else 0


def settle(stack: RunningStack) -> None:
    """Stop new risk and wait until nothing moves and every outcome is in the ledger."""
    assert stack.command("kill").returncode == 0
    until(lambda: stack.rests("SELECT count(*) FROM fills"), 180, "nothing in flight")


def test_a_kill_at_every_durable_step_leaves_ledger_and_chain_equal(tmp_path: Path) -> None:
    points = the_failpoints()
    marker = tmp_path / "fired"
    env = {"PAPER_TRADING_MODE": "false", "MEMESNIPE_FAILPOINT": ",".join(points), "MEMESNIPE_FAILPOINT_ONCE": str(marker)}

    with RunningStack(tmp_path / "shared", **env) as stack:
        until(lambda: count(stack, SELLS) >= 2, 300, "sells after all the crashes")
        settle(stack)
        reconciled = stack.command("reconcile")

        fired = sorted(path.name.removeprefix("fired.") for path in tmp_path.glob("fired.*"))
        print(f"\nkilled at {len(fired)} of {len(points)} fail-points: {', '.join(fired)}")
        print(f"not passed in this run: {', '.join(sorted(set(points) - set(fired))) or 'none'}")
        assert stack.ledger(DOUBLED) == []
        assert stack.ledger(BOTH_WAYS) == []
        assert reconciled.returncode == 0, reconciled.stdout + reconciled.stderr


def _kill(stack: RunningStack, name: str) -> None:
    """SIGKILL a service and wait until it is back."""
    pid = stack.pid_of(name)
    os.kill(pid, signal.SIGKILL)
    until(lambda: any(p != pid and f"-m memesnipe {name}" in c for p, c in stack.children().items()), 120, f"{name} again")


def test_each_service_killed_in_turn_comes_back_and_the_ledger_stays_exact(tmp_path: Path) -> None:
    with RunningStack(tmp_path / "shared", PAPER_TRADING_MODE="false") as stack:
        until(lambda: count(stack, SELLS) >= 1, 240, "a live buy and sell")
        for name in KILLED_IN_TURN:
            _kill(stack, name)
        before = count(stack, SELLS)
        until(lambda: count(stack, SELLS) > before, 240, "a sell after the last kill")
        settle(stack)

        reconciled = stack.command("reconcile")

        assert stack.ledger(DOUBLED) == []
        assert reconciled.returncode == 0, reconciled.stdout + reconciled.stderr
