"""`memesnipe positions`: what is held now, what it would bring, and where it is sold."""

from typing import TYPE_CHECKING

from memesnipe.chain.amounts import sol
from memesnipe.cli.naming import refuse_unknown
from memesnipe.cli.picture import look
from memesnipe.cli.sheet import Sheet
from memesnipe.cli.showing import JsonOption, StrategyOption, age, percent, show, show_json, table_of
from memesnipe.kernel.errors import Unavailable

if TYPE_CHECKING:
    from memesnipe.dashboard.shown import Holding

COLUMNS = ("STRATEGY", "MODE", "TOKEN", "MINT", "UNITS", "COST SOL", "MARK SOL", "PNL SOL", "PNL", "PRICE", "STOP", "AGE")
NO_STOP = "NONE"


def positions(strategy: StrategyOption = "", json: JsonOption = False) -> None:
    """Show every open position with its cost, what selling it now would bring, its stop and its age."""
    found = look()
    if "ledger" in found.unanswered:  # "nothing is held" would be a lie
        raise Unavailable("ledger", "what is held is not known")
    held = [one for one in found.snapshot.holdings if strategy in ("", one.strategy)]
    if strategy and not held:
        refuse_unknown(strategy)
    if json:
        show_json(held)
        return
    parts: list[Sheet | str] = ["nothing is held" + (f" by {strategy}" if strategy else "")]
    if held:
        parts = [table_of("", COLUMNS, map(_row, held), right=COLUMNS[4:]), *_stops(held, streams_known=found.streams_known)]
    show(*parts, *(f"note: {one}" for one in found.problems))


def _row(one: "Holding") -> tuple[str, ...]:
    value = sol(one.value_lamports) if one.marked else "at cost"
    return (
        one.strategy, one.mode.value, one.symbol, one.mint, one.units, sol(one.cost_lamports), value,
        sol(one.pnl_lamports, signed=True), percent(one.pnl_bps), _price(one.price_sol), _stop(one), age(one.opened_s),
    )  # fmt: skip


def _stops(held: "list[Holding]", *, streams_known: bool) -> list[str]:
    """What is not known of stops, and which positions have none."""
    lines = [] if streams_known else ["stops are not known: Redis did not answer, or nothing runs"]
    if bare := [f"{one.symbol} of {one.strategy}" for one in held if one.stop_known and one.stop_sol is None]:
        lines.append(f"without a stop: {', '.join(bare)}; `memesnipe close STRATEGY MINT` sells it")
    return lines


def _stop(one: "Holding") -> str:
    return (_price(one.stop_sol) or NO_STOP) if one.stop_known else "?"


def _price(sol_a_token: float | None) -> str:
    return "" if sol_a_token is None else f"{sol_a_token:.4g}"
