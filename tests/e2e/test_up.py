"""`make up` as a person meets it: one command, a page that moves, a clean Ctrl-C, and the same positions the next time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis import Redis

from memesnipe.bus import topology
from memesnipe.messages.bounds import Side
from memesnipe.messages.codec import decode
from memesnipe.messages.orders import ApprovedOrder, OrderIntent
from memesnipe.testing.collectors import Seen, TraceCollector
from memesnipe.testing.stacks import RunningStack, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

FILLS = "SELECT signature, sol_delta_lamports FROM fills ORDER BY signature"
PAPER_TRACE = [
    ("event", "data_consumers"), ("wish", "executor"), ("approve", "risk_guardian"), ("take", "wallet_guard"), ("fill", "wallet_guard"),
]  # fmt: skip
LIVE_TRACE = [*PAPER_TRACE[:4], ("quote", "wallet_guard"), ("sign", "signer"), ("send", "wallet_guard"), ("land", "wallet_guard")]


def fills_of(stack: RunningStack) -> list[tuple[object, ...]]:
    return stack.ledger(FILLS)


def bought(collector: TraceCollector, mode: str) -> list[Seen]:
    """Return a bought order's whole trace, as soon as one came: its root, then its hops by their ends."""
    wanted = {"memesnipe.outcome": "filled", "memesnipe.mode": mode, "memesnipe.side": "buy"}
    until(
        lambda: any(wanted.items() <= span.attributes.items() for span in collector.spans), 60, f"a trace of a buy: {collector.asked} asked"
    )
    order = next(span for span in collector.spans if wanted.items() <= span.attributes.items())
    return [order, *sorted((span for span in collector.of(order.trace_id) if span.parent), key=lambda span: span.end_ns)]


@pytest.fixture
def collector() -> Iterator[TraceCollector]:
    with TraceCollector() as collector:
        yield collector


def test_it_trades_on_paper_shows_it_traces_it_and_leaves_nothing_behind(tmp_path: Path, collector: TraceCollector) -> None:
    with RunningStack(tmp_path / "shared", MEMESNIPE_OTLP_URL=collector.url) as stack:
        until(lambda: "all services are ready" in stack.log(), 120, stack.log() + "all services ready")
        until(lambda: fills_of(stack), 90, "a paper fill in the ledger")
        until(lambda: stack.ledger("SELECT version FROM decisions WHERE kind = 'allocation'"), 60, "the record of who got what capital")
        page = httpx.get(stack.page)
        healths = [httpx.get(f"{stack.page}/{path}").status_code for path in ("health", "healthz", "readyz")]
        order, *hops = bought(collector, "paper")

        code = stack.interrupt()

        assert (code, page.status_code, healths) == (0, 200, [200, 200, 200])
        assert stack.children() == {}
        assert sorted((hop.name, hop.service) for hop in hops) == sorted(PAPER_TRACE)
        assert stack.ledger(f"SELECT side FROM fills WHERE intent_id = '{order.trace_id}'") == [("buy",)]


def test_a_second_start_resumes_the_same_ledger(tmp_path: Path) -> None:
    with RunningStack(tmp_path / "shared") as stack:
        until(lambda: fills_of(stack), 120, "a paper fill in the ledger")
    before = fills_of(stack)

    with RunningStack(tmp_path / "shared") as again:
        until(lambda: len(fills_of(again)) > len(before), 120, "a new fill in the same ledger")
        after = fills_of(again)

    assert set(before) <= set(after)


def test_kill_stops_new_risk_within_a_second_exits_still_work_and_resume_reopens(tmp_path: Path) -> None:
    buys = "SELECT count(*) FROM fills WHERE side = 'buy'"
    held = "SELECT strategy, mint FROM positions WHERE units > 0"
    by_hand = "SELECT count(*) FROM fills WHERE exit_cause = 'person' AND status = 'filled'"
    with RunningStack(tmp_path / "shared", MEMESNIPE_PAPER_SLOTS_MAX="0") as stack:
        until(lambda: stack.ledger(held), 120, "an open position")

        killed = stack.command("kill", "--reason", "test")
        until(lambda: _closed_by_hand(stack, held, by_hand), 180, "an exit by hand while halted")
        until(lambda: stack.rests(buys, 2), 90, "no new buy after the kill")
        late_ms = _new_risk_after_kill_ms(stack)
        resumed = stack.command("resume")
        after_resume = stack.ledger(buys)
        until(lambda: stack.ledger(buys) > after_resume, 120, "a buy after the resume")

        print(f"\nlast new risk approved {late_ms} ms after the kill was written (negative: before it)")
        assert (killed.returncode, resumed.returncode) == (0, 0)
        assert late_ms <= 1_000


def _closed_by_hand(stack: RunningStack, held: str, by_hand: str) -> bool:
    """Ask to close a position that is held now, until one was closed by that: its own stop may be quicker than a person."""
    for position in stack.ledger(held)[:1]:
        stack.command("close", *map(str, position))
    return stack.ledger(by_hand) not in ([], [(0,)])


def _new_risk_after_kill_ms(stack: RunningStack) -> int:
    """Return how long after the first kill the last approval of a buy was written, by the server's own clock."""
    address = dict(line.split("=", 1) for line in (stack.data / "run" / "addresses").read_text().splitlines())["redis_url"]
    redis: Any  # its annotations allow for answers that this server never gives
    with Redis.from_url(address) as redis:
        killed_ms = _ms(redis.xrange(topology.KILL_SWITCH.name, count=1)[0][0])
        approved = [(_ms(entry_id), decode(ApprovedOrder, fields[b"m"])) for entry_id, fields in redis.xrange(topology.APPROVED.name)]
    buys = [ms for ms, order in approved if isinstance(order.intent, OrderIntent) and order.intent.side is Side.BUY]
    return max(buys, default=killed_ms) - killed_ms


def _ms(entry_id: bytes) -> int:
    return int(entry_id.partition(b"-")[0])


def test_live_on_localnet_lands_real_signatures_in_traced_steps_and_reconciles_to_the_lamport(
    tmp_path: Path, collector: TraceCollector
) -> None:
    live = "SELECT signature FROM fills WHERE mode = 'live' AND side = 'sell' AND status = 'filled'"
    with RunningStack(tmp_path / "shared", PAPER_TRADING_MODE="false", MEMESNIPE_OTLP_URL=collector.url) as stack:
        until(lambda: stack.ledger(live), 180, "a live buy and sell on localnet")
        _, *hops = bought(collector, "live")
        stack.command("kill")
        until(lambda: stack.rests("SELECT count(*) FROM fills"), 120, "nothing in flight")

        reconciled = stack.command("reconcile")

        assert reconciled.returncode == 0, reconciled.stdout + reconciled.stderr
        assert [(hop.name, hop.service) for hop in hops] == LIVE_TRACE


def test_a_second_stack_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with RunningStack(tmp_path / "shared") as stack:
        until((tmp_path / "shared" / "run" / "up.lock").exists, 90, "the lock")
        until(stack.children, 90, "a child")

        with RunningStack(tmp_path / "shared") as second:
            until(lambda: second.process is not None and second.process.poll() is not None, 90, "a refusal")

        assert "another `memesnipe up` runs" in second.log()


def test_a_port_that_is_taken_is_a_clear_error(tmp_path: Path) -> None:
    with RunningStack(tmp_path / "one") as stack:
        until(lambda: "control: ready" in stack.log(), 120, "control")

        with RunningStack(tmp_path / "two", MEMESNIPE_LOCALNET_PORT=stack._env["MEMESNIPE_LOCALNET_PORT"]) as second:
            until(lambda: second.process is not None and second.process.poll() is not None, 90, "a refusal")

        assert "MEMESNIPE_LOCALNET_PORT" in second.log()
