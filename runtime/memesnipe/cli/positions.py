"""`memesnipe positions`: what is held now, what it would bring, and where it is sold."""

from typing import TYPE_CHECKING

import typer

from memesnipe.cli.picture import look
from memesnipe.cli.showing import JsonOption, StrategyOption, age, percent, show, show_json, sol, table_of
from memesnipe.kernel.errors import Unavailable

if TYPE_CHECKING:
    from memesnipe.dashboard.snapshot import Holding

COLUMNS = ("STRATEGY", "MODE", "TOKEN", "MINT", "UNITS", "COST SOL", "MARK SOL", "PNL SOL", "PNL", "PRICE", "STOP", "AGE")
NO_STOP = "NONE"


def positions(strategy: StrategyOption = "", json: JsonOption = False) -> None:
    """Show every open position with its cost, what selling it now would bring, its stop and its age."""
    found = look()
    if "ledger" in found.unanswered:  # "nothing is held" would be a lie
        raise Unavailable("ledger", "what is held is not known")
    held = [one for one in found.snapshot.holdings if strategy in ("", one.strategy)]
    if json:
        show_json(held)
        return
    if not held:
        typer.echo("nothing is held" + (f" by {strategy}" if strategy else ""))
    else:
        rows = [
            (
                one.strategy, one.mode.value, one.symbol, one.mint, one.units, sol(one.cost_lamports),
                sol(one.value_lamports) if one.marked else "at cost", sol(one.pnl_lamports, signed=True), percent(one.pnl_bps),
                _price(one.price_sol), _stop(one), age(one.opened_s),
            )
            for one in held
        ]  # fmt: skip
        show(table_of("", COLUMNS, rows, right=COLUMNS[4:]))
        if not found.streams_known:
            show("stops are not known: Redis did not answer, or nothing runs")
        if bare := [one for one in held if one.stop_known and one.stop_sol is None]:
            show(
                f"without a stop: {', '.join(f'{one.symbol} of {one.strategy}' for one in bare)}; `memesnipe close STRATEGY MINT` sells it"
            )
    show(*(f"note: {one}" for one in found.problems))


def _stop(one: "Holding") -> str:
    return (_price(one.stop_sol) or NO_STOP) if one.stop_known else "?"


def _price(sol_a_token: float | None) -> str:
    return "" if sol_a_token is None else f"{sol_a_token:.4g}"
