"""`memesnipe report`: what each strategy made of its closed trades, and what each cost took of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memesnipe.chain.amounts import sol
from memesnipe.cli import addresses as stack
from memesnipe.cli.leaving import leave_json
from memesnipe.cli.naming import refuse_unknown
from memesnipe.cli.sheet import Sheet
from memesnipe.cli.showing import JsonOption, StrategyOption, show, show_json, table_of

if TYPE_CHECKING:
    from memesnipe.ledger.attribution import Attribution

MEASURES = (
    "trades", "hit %", "gross SOL", "pool fees", "slippage", "network", "tips", "rent", "funding", "net SOL", "net bps",
    "slippage bps", "sharpe", "sortino", "calmar", "max fall SOL", "held %", "bps by age", "execution bps",
)  # fmt: skip


def report(
    strategy: StrategyOption = "",
    json: JsonOption = False,
    out: Annotated[Path | None, typer.Option(help="Also write the numbers here, as --json shows them.", show_default=False)] = None,
) -> None:
    """Show what each strategy made of its closed trades, net of every cost, and where it went; from the ledger, running or not."""
    found = [one for one in _read() if strategy in ("", one.strategy)]
    if strategy and not found:
        refuse_unknown(strategy)
    if out is not None:
        leave_json("--out", out, found)
    if json:
        show_json(found)
    else:
        show(by_measure(found) if found else "no closed trade yet" + (f" of {strategy}" if strategy else ""))


def by_measure(found: "list[Attribution]") -> Sheet:
    """Return a table with a column for each strategy and mode: there are more measures than fit beside each other."""
    named = [f"{one.strategy} {one.mode.value}" for one in found]
    return table_of("", ("MEASURE", *named), zip(MEASURES, *map(values_of, found), strict=True), right=named)


def values_of(one: "Attribution") -> tuple[str, ...]:
    """Return a strategy's values, in the order of `MEASURES`."""
    costs = (one.costs.venue, one.costs.slippage, one.costs.fees, one.costs.tips, one.costs.rent, one.costs.funding)
    ratios = (one.sharpe, one.sortino, one.calmar)
    return (
        str(one.trades),
        f"{one.hit_bps / 100:.0f}",
        sol(one.gross_lamports),
        *(sol(cost) for cost in costs),
        sol(one.net_lamports),
        str(one.net_bps),
        str(one.slippage_bps),
        *("-" if ratio is None else f"{ratio:.2f}" for ratio in ratios),
        sol(one.drawdown_lamports),
        f"{one.exposure_bps / 100:.0f}",
        " → ".join(map(str, one.by_age_bps)) or "-",
        f"{one.expected_bps} → {one.realized_bps}" if one.paired else "-",
    )


def _read() -> "list[Attribution]":
    from memesnipe.ledger.attributed import Attributed

    with stack.ledger() as engine, engine.connect() as connection:
        return Attributed().look(connection)
