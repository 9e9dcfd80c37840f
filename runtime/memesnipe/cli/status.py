"""`memesnipe status`: the installation on one screen, and what keeps each strategy from going live."""

from typing import TYPE_CHECKING, Annotated

import typer

from memesnipe.cli.picture import Gate, Picture, look
from memesnipe.cli.showing import JsonOption, show, show_json, sol, table_of

if TYPE_CHECKING:
    from rich.table import Table

PASSED = "True"
LAGS_MAX = 12
"""Groups behind that are listed; the worst come first."""
COLUMNS = ("STRATEGY", "MODE", "MAY", "WEIGHT", "CAPITAL SOL", "EXPOSURE SOL", "PNL SOL", "POSITIONS", "GATES")


def status(
    gates: Annotated[bool, typer.Option("--gates", help="Every gate, not only those that are not passed.")] = False,
    json: JsonOption = False,
) -> None:
    """Show mode, halts, services, strategies with capital and results, what keeps each from going live, and who is behind.

    Exit code 0: everything that was asked answered; 4: Redis, the ledger or a service did not, and what is shown is what is known.
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


def lines_of(found: Picture, *, every_gate: bool = False) -> "list[Table | str]":
    """Return what a person reads, from what matters most to what explains it."""
    shown = found.snapshot
    parts: list[Table | str] = [f"{shown.marker.text} · config version {shown.config_version}", *_halts(found)]
    parts.append(_money(found))
    if found.services:
        unready = [one for one in found.services if not one.ready]
        parts.append(f"services: {len(found.services) - len(unready)} of {len(found.services)} ready")
        parts += [f"  {one.service}: {one.why or 'not ready'}" for one in unready]
    parts += _strategies(found, every_gate=every_gate)
    parts += _lag(found)
    parts += [f"note: {one}" for one in found.problems]
    return parts


def _halts(found: Picture) -> list[str]:
    shown = found.snapshot
    halts = [f"portfolio {shown.halt.state.value}{_why(shown.halt.reason)}: {shown.halt.allows} (halt epoch {shown.halt_epoch})"]
    own = [one for one in shown.own_halts if one.state.value != "active"]
    return halts + [f"{one.scope} {one.state.value}{_why(one.reason)}: {one.allows}" for one in own]


def _why(reason: str) -> str:
    return f' ("{reason}")' if reason else ""


def _money(found: Picture) -> str:
    numbers = found.snapshot.numbers
    return (
        f"equity {sol(numbers.equity_lamports)} SOL of {sol(numbers.capital_lamports)}"
        f" · realised {sol(numbers.realized_lamports, signed=True)} · open {sol(numbers.unrealized_lamports, signed=True)}"
        f" · fall from highest {numbers.drawdown_bps / 100:.2f} % · positions {numbers.open_positions}"
    )


def _strategies(found: Picture, *, every_gate: bool) -> "list[Table | str]":
    rows = [
        (
            one.id, one.mode.value, "paused" if one.paused else one.halt.value, f"{one.weight_bps / 100:.1f} %", sol(one.capital_lamports),
            sol(one.exposure_lamports), sol(one.pnl_lamports, signed=True), str(one.open_positions), _passed(found.gates.get(one.id, ())),
        )
        for one in found.snapshot.strategies
    ]  # fmt: skip
    rows += [
        (name, "", "", "", "", "", "", "", _passed(gates)) for name, gates in found.gates.items() if name not in {row[0] for row in rows}
    ]
    parts: list[Table | str] = [table_of("", COLUMNS, rows, right=COLUMNS[3:8])]
    parts += [f"{name} is in stage {one.stage}{_why(one.reason)}" for name, one in found.stages.items()]
    told = [
        (name, gate.type, gate.status, gate.message)
        for name, gates in found.gates.items()
        for gate in gates
        if every_gate or gate.status != PASSED
    ]
    if told:
        parts.append(table_of("", ("STRATEGY", "GATE", "PASSED", "WHAT TO DO"), told))
    return parts


def _passed(gates: tuple[Gate, ...]) -> str:
    return f"{sum(gate.status == PASSED for gate in gates)} of {len(gates)}" if gates else "-"


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
