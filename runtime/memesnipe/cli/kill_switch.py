"""`memesnipe kill` and `memesnipe resume`: the kill switch in a person's hand.

Stopping is never asked twice: a second's doubt costs more than a halt too many. What takes something away that a halt leaves (a freeze
stops protective exits, too) and what lets risk in again is asked on a terminal, with what is in force now; `--yes` and scripts are not.
"""

import sys
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from memesnipe.cli import addresses as stack
from memesnipe.cli.showing import JsonOption, show_json
from memesnipe.messages.bounds import HaltState

if TYPE_CHECKING:
    from memesnipe.bus.folds import Halts

Strategy = Annotated[str, typer.Option("--strategy", "-s", help="Only this strategy; without it, the whole portfolio.")]
Why = Annotated[str, typer.Option("--reason", "-r", help="Kept in the audit trail, shown on the page and in notifications.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask on a terminal.")]


class Said(msgspec.Struct, frozen=True):
    """What was commanded, and what is in force after it."""

    scope: str
    state: HaltState
    effective: HaltState
    reason: str
    epoch: int


def kill(
    strategy: Strategy = "",
    reason: Why = "by hand",
    reduce_only: Annotated[bool, typer.Option("--reduce-only", help="Strategies may still reduce what they hold.")] = False,
    freeze: Annotated[bool, typer.Option("--freeze", help="Nothing at all is signed: for a stolen key.")] = False,
    yes: Yes = False,
    json: JsonOption = False,
) -> None:
    """Stop new risk within a second. Protective exits still work (but for --freeze)."""
    state = HaltState.FROZEN if freeze else HaltState.REDUCE_ONLY if reduce_only else HaltState.HALTED
    if freeze and not yes:
        _confirm("FROZEN stops protective exits, too: nothing is signed until `memesnipe resume --frozen`. Freeze?")
    _say(state, strategy, reason, json=json)


def resume(
    strategy: Strategy = "",
    reason: Why = "by hand",
    frozen: Annotated[bool, typer.Option("--frozen", help="Also lift a freeze.")] = False,
    yes: Yes = False,
    json: JsonOption = False,
) -> None:
    """Reopen after a halt; on a terminal it shows what is in force and why, and asks."""
    if not yes and sys.stdin.isatty():
        _confirm(f"{_in_force()} Reopen {strategy or 'the portfolio'}?")
    _say(HaltState.ACTIVE, strategy, reason, lift_frozen=frozen, json=json)


def _confirm(question: str) -> None:
    """Ask where a person sits; a script that halts must not wait for an answer that nobody gives."""
    if sys.stdin.isatty():
        typer.confirm(question, abort=True, err=True)


def _in_force() -> str:
    from memesnipe.cli.halting import in_force

    halts = in_force(stack.find())
    told = [
        f"{'the portfolio' if scope == '*' else scope} is {state.value} ({halts.reasons.get(scope, '') or 'no reason given'})."
        for scope, state in halts.states.items()
        if state is not HaltState.ACTIVE
    ]
    return " ".join(told) or "Nothing is halted."


def _say(state: HaltState, strategy: str, reason: str, *, lift_frozen: bool = False, json: bool) -> None:
    from memesnipe.cli.halting import halt

    halts = halt(stack.find(), state, strategy, reason, lift_frozen=lift_frozen)
    effective = _effective(halts, strategy)
    if json:
        show_json(Said(strategy or "*", state, effective, reason, halts.epoch))
        return
    typer.echo(f"{strategy or 'portfolio'}: {state.value} (halt epoch {halts.epoch})")
    if effective is not state:
        typer.echo(f"in force for {strategy} is {effective.value}: the portfolio's state is the more severe one")


def _effective(halts: "Halts", strategy: str) -> HaltState:
    return halts.effective(strategy) if strategy else halts.portfolio
