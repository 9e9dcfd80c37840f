"""`memesnipe status`: the installation on one screen, and what keeps each strategy from going live."""

from typing import TYPE_CHECKING, Annotated

import typer

from memesnipe.chain.amounts import sol
from memesnipe.cli.picture import Picture, look
from memesnipe.cli.sheet import Sheet
from memesnipe.cli.showing import JsonOption, show, show_json, table_of
from memesnipe.control.status import Condition, Verdict

if TYPE_CHECKING:
    from memesnipe.dashboard.shown import StrategyLine

UNKNOWN = "mode, halts, capital and marks are not known: Redis did not answer, or nothing runs"
LAGS_MAX = 12
"""Groups behind that are listed; the worst come first."""
COLUMNS = ("STRATEGY", "MODE", "MAY", "WEIGHT", "CAPITAL SOL", "EXPOSURE SOL", "PNL SOL", "POSITIONS", "GATES")


def status(
    gates: Annotated[bool, typer.Option("--gates", help="Every gate, not only those that are not passed.")] = False,
    json: JsonOption = False,
) -> None:
    """Show mode, halts, services, strategies with capital and results, what keeps each from going live, and who is behind.

    Exit code 0: everything that was asked answered; 4: Redis, the ledger or a service did not, and what is shown is what is known. In JSON
    `unanswered` names them, and without `streams_known` mode, halts, capital and marks are nobody's word.
    """
    found = look()
    if json:
        show_json(found)
    else:
        show(*lines_of(found, every_gate=gates))
    raise typer.Exit(0 if well(found) else 4)


def well(found: Picture) -> bool:
    """Return whether everything that runs answered; a stack that was stopped answers by its files."""
    return not found.running or (not found.unanswered and all(one.ready for one in found.services))


def lines_of(found: Picture, *, every_gate: bool = False) -> list[Sheet | str]:
    """Return what a person reads, from what matters most to what explains it."""
    shown = found.snapshot
    parts: list[Sheet | str] = [f"{shown.marker.text} · config version {shown.config_version}", *_halts(found), _money(found)]
    if not found.streams_known:  # what nobody said is not "active", nor is it zero
        parts = [UNKNOWN, *_booked(found)]
    if found.services:
        unready = [one for one in found.services if not one.ready]
        parts.append(f"services: {len(found.services) - len(unready)} of {len(found.services)} ready")
        parts += [f"  {one.service}: {one.why or 'not ready'}" for one in unready]
    parts += _strategies(found, every_gate=every_gate)
    parts += _lag(found)
    parts += [f"note: {one}" for one in found.problems]
    return parts


def _booked(found: Picture) -> list[str]:
    """What the ledger alone can tell, where it answered."""
    if "ledger" in found.unanswered:
        return []
    cost, count = sum(one.cost_lamports for one in found.snapshot.holdings), len(found.snapshot.holdings)
    return [f"by the ledger: {count} open positions that cost {sol(cost)} SOL; `memesnipe report` has what was closed"]


def _halts(found: Picture) -> list[str]:
    shown = found.snapshot
    halts = [f"portfolio {shown.halt.state.value}{_why(shown.halt.reason)}: {shown.halt.allows} (halt epoch {shown.halt_epoch})"]
    own = [one for one in shown.own_halts if one.state.value != "active"]
    return halts + [f"{one.scope} {one.state.value}{_why(one.reason)}: {one.allows}" for one in own]


def _why(reason: str) -> str:
    return f' ("{reason}")' if reason else ""


def _money(found: Picture) -> str:
    if "ledger" in found.unanswered:
        return "equity, results and positions are not known: the ledger did not answer"
    numbers = found.snapshot.numbers
    return (
        f"equity {sol(numbers.equity_lamports)} SOL of {sol(numbers.capital_lamports)}"
        f" · realised {sol(numbers.realized_lamports, signed=True)} · open {sol(numbers.unrealized_lamports, signed=True)}"
        f" · fall from highest {numbers.drawdown_bps / 100:.2f} % · positions {numbers.open_positions}"
    )


def _strategies(found: Picture, *, every_gate: bool) -> list[Sheet | str]:
    parts: list[Sheet | str] = [table_of("", COLUMNS, _rows(found), right=COLUMNS[3:8])]
    parts += [f"{name} is in stage {one.stage}{_why(one.reason)}" for name, one in found.stages.items()]
    gated = [
        (name, gate.type, gate.status, gate.message)
        for name, gates in found.gates.items()
        for gate in gates
        if every_gate or gate.status is not Verdict.TRUE
    ]
    if gated:
        parts.append(table_of("", ("STRATEGY", "GATE", "PASSED", "WHAT TO DO"), gated, prose=("WHAT TO DO",)))
    return parts


def _rows(found: Picture) -> list[tuple[str, ...]]:
    """One row for each strategy of the picture, and for each that is judged and not in it."""
    rows: list[tuple[str, ...]] = [
        (
            one.id, one.mode.value, "paused" if one.paused else one.halt.value, f"{one.weight_bps / 100:.1f} %", sol(one.capital_lamports),
            *_booked_of(found, one), _passed(found.gates.get(one.id, ())),
        )
        for one in found.snapshot.strategies
    ]  # fmt: skip
    told = {row[0] for row in rows}
    unseen = [""] * 6
    return rows + [(name, found.modes.get(name, ""), *unseen, _passed(gates)) for name, gates in found.gates.items() if name not in told]


def _booked_of(found: Picture, one: "StrategyLine") -> tuple[str, str, str]:
    """What the ledger says of a strategy: without its word nothing is zero."""
    if "ledger" in found.unanswered:
        return "?", "?", "?"
    return sol(one.exposure_lamports), sol(one.pnl_lamports, signed=True), str(one.open_positions)


def _passed(gates: tuple[Condition, ...]) -> str:
    return f"{sum(gate.status is Verdict.TRUE for gate in gates)} of {len(gates)}" if gates else "-"


def _lag(found: Picture) -> list[str]:
    """`?` is a number that Redis does not know after entries were trimmed, which is not "none"."""
    behind = [one for one in found.snapshot.lags if one.lag or one.pending]
    lines = [
        f"behind: {one.group} on {one.stream}: {'?' if one.lag < 0 else one.lag} unread, {one.pending} in work" for one in behind[:LAGS_MAX]
    ]
    if len(behind) > LAGS_MAX:
        lines.append(f"behind: {len(behind) - LAGS_MAX} more")
    if found.snapshot.dead_letters:
        lines.append(f"dead letters: {found.snapshot.dead_letters} entries could not be decoded; docs/reference/bad-inputs.md")
    return lines or (["streams: every group has read everything"] if found.snapshot.lags else [])
