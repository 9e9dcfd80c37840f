"""`make up` as a person meets it: one command, a page that moves, a clean Ctrl-C, and the same positions the next time."""

from pathlib import Path

import httpx
import pytest

from memesnipe.testing.stacks import RunningStack, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.xdist_group("stack")]

FILLS = "SELECT signature, sol_delta_lamports FROM fills ORDER BY signature"


def fills_of(stack: RunningStack) -> list[tuple[object, ...]]:
    return stack.ledger(FILLS)


def test_it_trades_on_paper_shows_it_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with RunningStack(tmp_path / "shared") as stack:
        until(lambda: "all services are ready" in stack.log(), 60, stack.log() + "all services ready")
        until(lambda: fills_of(stack), 90, "a paper fill in the ledger")
        page = httpx.get(stack.page)
        healths = [httpx.get(f"{stack.page}/{path}").status_code for path in ("health", "healthz", "readyz")]

        code = stack.interrupt()

        assert (code, page.status_code, healths) == (0, 200, [200, 200, 200])
        assert stack.children() == {}


def test_a_second_start_resumes_the_same_ledger(tmp_path: Path) -> None:
    with RunningStack(tmp_path / "shared") as stack:
        until(lambda: fills_of(stack), 120, "a paper fill in the ledger")
    before = fills_of(stack)

    with RunningStack(tmp_path / "shared") as again:
        until(lambda: len(fills_of(again)) > len(before), 120, "a new fill in the same ledger")
        after = fills_of(again)

    assert set(before) <= set(after)


def test_kill_stops_new_risk_and_resume_reopens(tmp_path: Path) -> None:
    buys = "SELECT count(*) FROM fills WHERE side = 'buy'"
    with RunningStack(tmp_path / "shared", MEMESNIPE_PAPER_SLOTS_MAX="0") as stack:
        until(lambda: stack.ledger(buys) not in ([], [(0,)]), 120, "a buy")

        killed = stack.command("kill", "--reason", "test")
        until(lambda: _quiet(stack, buys), 10, "no new buy for two seconds after the kill")
        resumed = stack.command("resume")
        after_resume = stack.ledger(buys)
        until(lambda: stack.ledger(buys) > after_resume, 120, "a buy after the resume")

        assert (killed.returncode, resumed.returncode) == (0, 0)


def _quiet(stack: RunningStack, question: str) -> bool:
    """No change over two seconds of polling."""
    before = stack.ledger(question)
    try:
        until(lambda: stack.ledger(question) != before, 2, "a change")
    except AssertionError:
        return True
    return False


def test_live_on_localnet_lands_real_signatures_and_reconciles_to_the_lamport(tmp_path: Path) -> None:
    live = "SELECT signature FROM fills WHERE mode = 'live' AND side = 'sell' AND status = 'filled'"
    with RunningStack(tmp_path / "shared", PAPER_TRADING_MODE="false") as stack:
        until(lambda: stack.ledger(live), 180, "a live buy and sell on localnet")
        stack.command("kill")
        until(lambda: _quiet(stack, "SELECT count(*) FROM fills"), 60, "nothing in flight")

        reconciled = stack.command("reconcile")

        assert reconciled.returncode == 0, reconciled.stdout + reconciled.stderr


def test_a_second_stack_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with RunningStack(tmp_path / "shared") as stack:
        until((tmp_path / "shared" / "run" / "up.lock").exists, 20, "the lock")
        until(stack.children, 20, "a child")

        with RunningStack(tmp_path / "shared") as second:
            until(lambda: second.process is not None and second.process.poll() is not None, 20, "a refusal")

        assert "another `memesnipe up` runs" in second.log()


def test_a_port_that_is_taken_is_a_clear_error(tmp_path: Path) -> None:
    with RunningStack(tmp_path / "one") as stack:
        until(lambda: "control: ready" in stack.log(), 60, "control")

        with RunningStack(tmp_path / "two", MEMESNIPE_LOCALNET_PORT=stack._env["MEMESNIPE_LOCALNET_PORT"]) as second:
            until(lambda: second.process is not None and second.process.poll() is not None, 20, "a refusal")

        assert "MEMESNIPE_LOCALNET_PORT" in second.log()
