"""`memesnipe live-check` on the layout of `make up`: it finds keys, addresses and settings by itself, live and on paper."""

import json
from pathlib import Path
from typing import Any

import pytest

from memesnipe.testing.stacks import RunningStack, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def looked_at(stack: RunningStack) -> tuple[int, dict[str, str]]:
    """Return the exit code and each check's status."""
    ran = stack.command("live-check", "--output", "json")
    told: dict[str, Any] = json.loads(ran.stdout)
    return ran.returncode, {f"{each['area']}: {each['check']}": each["status"] for each in told["findings"]}


def test_a_live_stack_is_seen_whole_and_nothing_fails(tmp_path: Path) -> None:
    with RunningStack(tmp_path / "shared", PAPER_TRADING_MODE="false") as stack:
        until(lambda: "all services are ready" in stack.log(), 120, "all services ready")

        code, found = looked_at(stack)

    assert code == 0
    assert {check: status for check, status in found.items() if status in ("fail", "unseen")} == {}


def test_before_the_first_start_nothing_is_claimed_that_cannot_be_seen(tmp_path: Path) -> None:
    stack = RunningStack(tmp_path / "shared", PAPER_TRADING_MODE="false", MEMESNIPE_STRATEGIES_PATH=str(tmp_path))

    code, found = looked_at(stack)

    assert code == 0
    hidden = {"mode: halts", "keys: wallet file", "keys: signer", "endpoints: rpc", "clock: skew", "balances: sol", "stores: redis"}
    assert {check for check, status in found.items() if status == "unseen"} >= hidden
    assert not (tmp_path / "shared").exists()
