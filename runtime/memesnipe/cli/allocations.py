"""`memesnipe allocations`: what autonomous_allocator decided and why, and the proof that a decision follows from its own inputs."""

from typing import TYPE_CHECKING, Annotated

import typer

from memesnipe.chain.amounts import sol
from memesnipe.cli import addresses as stack
from memesnipe.cli.naming import refuse_unknown
from memesnipe.cli.sheet import Sheet
from memesnipe.cli.showing import JsonOption, StrategyOption, show, show_json, table_of, when
from memesnipe.kernel.errors import ConfigError

if TYPE_CHECKING:
    from memesnipe.allocator.records import Share
    from memesnipe.messages.decisions import Decision

allocations_app = typer.Typer(invoke_without_command=True)
COLUMNS = ("VERSION", "WHEN (UTC)", "METHOD", "WEIGHTS", "CAPITAL SOL", "WHY")
WEIGHTS_MAX = 6
"""Strategies named in a row of the table; `--json` has all of them."""


@allocations_app.callback()
def allocations(
    context: typer.Context,
    strategy: StrategyOption = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1_000, help="So many of the newest.")] = 20,
    json: JsonOption = False,
) -> None:
    """Show how capital was shared out, newest first: weights, and the reason in a sentence; from the ledger, running or not."""
    if context.invoked_subcommand is not None:
        return
    from memesnipe.ledger.read import last_decisions
    from memesnipe.messages.decisions import DecisionKind

    with stack.ledger() as engine, engine.connect() as connection:
        records = last_decisions(connection, DecisionKind.ALLOCATION, limit)
    if strategy and not any(_shares(one, strategy) for one in records):
        refuse_unknown(strategy)
    if json:
        show_json([told(one, strategy) for one in records])
    else:
        show(listed(records, strategy) if records else "no allocation was recorded yet")


@allocations_app.command()
def replay(
    version: Annotated[int | None, typer.Argument(min=1, help="Of the decision; absent: the newest.", show_default=False)] = None,
    json: JsonOption = False,
) -> None:
    """Decide again from the recorded inputs, with the code of today, and compare. Exit code 0: equal; 1: not, and in what.

    A decision by results needs the libraries of numbers: run it where memesnipe[allocator] is installed, as in the allocator's image.
    """
    record = _record_of(version)
    found = _differences(record)
    if json:
        show_json({"version": record.version, "inputs_hash": record.inputs_hash, "equal": not found, "differences": found})
    else:
        show(f"allocation {record.version} ({record.label}, {when(record.time_ns)}): {'NOT equal' if found else 'equal'}", *found)
    raise typer.Exit(1 if found else 0)


def _record_of(version: int | None) -> "Decision":
    from memesnipe.ledger.read import decision_with_inputs
    from memesnipe.messages.decisions import DecisionKind

    with stack.ledger() as engine, engine.connect() as connection:
        record = decision_with_inputs(connection, DecisionKind.ALLOCATION, version)
    if record is None:
        raise ConfigError("no allocation was recorded yet" if version is None else f"no allocation {version}; see `memesnipe allocations`")
    return record


def _differences(record: "Decision") -> list[str]:
    from memesnipe.allocator.records import differences

    try:
        return differences(record)
    except ImportError as error:
        raise ConfigError(f"a decision by results is made again where memesnipe[allocator] is installed: {error}") from None


def told(record: "Decision", strategy: str = "") -> dict[str, object]:
    """Return a record for a machine, of one strategy if named."""
    fields = ("version", "time_ns", "label", "reason", "inputs_hash", "made_with")
    return {**{name: getattr(record, name) for name in fields}, "shares": _shares(record, strategy)}


def listed(records: "list[Decision]", strategy: str = "") -> Sheet:
    """Return the table, of one strategy if named."""
    return table_of("", COLUMNS, [_row(one, strategy) for one in records], right=("VERSION", "CAPITAL SOL"), prose=("WEIGHTS", "WHY"))


def _row(record: "Decision", strategy: str) -> tuple[str, ...]:
    shares = _shares(record, strategy)
    heaviest = sorted(shares.items(), key=lambda one: (-one[1].weight_bps, one[0]))
    weights = [f"{name} {share.weight_bps / 100:.1f} %" for name, share in heaviest[:WEIGHTS_MAX]]
    more = [f"{len(heaviest) - WEIGHTS_MAX} more"] if len(heaviest) > WEIGHTS_MAX else []
    capital = sum(share.capital_lamports for share in shares.values())
    return str(record.version), when(record.time_ns), record.label, ", ".join(weights + more), sol(capital), record.reason


def _shares(record: "Decision", strategy: str) -> "dict[str, Share]":
    from memesnipe.allocator.records import shares_in

    return {name: share for name, share in shares_in(record).items() if strategy in ("", name)}
