"""Live on the localnet through compose, as docs/howto/compose.md says: a switch in .env, a manifest that asks, real signatures, a halt."""

import shutil
import time
from typing import Any

from memesnipe.testing.images.compose import ComposeStack
from memesnipe.testing.stacks import ROOT, until

BUSY = ROOT / "tests" / "e2e_cluster" / "busy.yaml"
QUIET_S = 10
"""A transaction that is on its way lands within seconds, on a busy machine, too."""


def live_fills(stack: ComposeStack) -> list[dict[str, Any]]:
    return [fill for fill in stack.page().get("fills", []) if fill["mode"] == "live"]


def test_a_strategy_goes_live_lands_through_the_signer_and_a_halt_stops_it_where_ledger_and_chain_agree(stack: ComposeStack) -> None:
    shutil.copy(BUSY, stack.folder / "my_strategies")
    stack.set(PAPER_TRADING_MODE="false")
    stack.up()
    until(lambda: live_fills(stack), 300, "a live fill on the page")

    stack.must("run", "--rm", "--no-TTY", "cli", "kill", "--reason", "test")
    until(lambda: stack.page().get("halt", {}).get("state") == "halted", 60, "the halt on the page")
    until(lambda: is_quiet(stack), 180, "nothing in flight")
    agreed = stack.run("run", "--rm", "--no-TTY", "cli", "reconcile")
    stack.must("run", "--rm", "--no-TTY", "cli", "resume", "--yes", "--reason", "test")

    assert agreed.returncode == 0, agreed.stdout + agreed.stderr
    assert "agree to the lamport" in agreed.stdout


def is_quiet(stack: ComposeStack) -> bool:
    """Whether no live fill comes for a while. Exits still may, until nothing that is due is held."""
    before, ends_s = live_fills(stack), time.monotonic() + QUIET_S
    while time.monotonic() < ends_s:
        if live_fills(stack) != before:
            return False
        time.sleep(0.5)
    return True
