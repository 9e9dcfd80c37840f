"""The summary of a replay: what was traded, what it cost, what was refused and how far the recording can be believed.

Only what the recording, the seed and the code decide is in it, no wall-clock time, so that two runs can be compared byte by byte.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from memesnipe.bus.folds import Halts
from memesnipe.chain.amounts import exact
from memesnipe.ledger import read
from memesnipe.ledger.accounting import Position
from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.market import recording as recordings
from memesnipe.market.divergence import diverge, render
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import PORTFOLIO
from memesnipe.messages.market import Launch, MarketEvent, PriceTick
from memesnipe.messages.orders import Fill, FillStatus


class Ending(msgspec.Struct, frozen=True):
    """What the stages had not written into the ledger when the recording ended."""

    waiting: int
    """Paper orders without an outcome: they waited for a later trade, and there was none."""
    halts: Halts
    """A halted strategy is silent: without this, no fills after a drawdown would look like no signals."""


def summarise(data: Path, recording: Path, seed: int, ending: Ending) -> str:
    """Return the summary of a finished replay in a data folder."""
    engine = open_engine(ledger_url(str(data)))
    with engine.connect() as connection:
        fills, totals = read.all_fills(connection), read.totals(connection)
        refusals, held = read.rejections_by_reason(connection), read.open_positions(connection)
    events = list(recordings.read(recording))
    ticks = [event for event in events if isinstance(event, PriceTick)]
    sections = [
        *_input(recording, events, ticks, seed),
        *_fills(fills),
        *(_total(row) for row in totals),
        "refused: " + (", ".join(f"{row.stage}/{row.reason} {row.count}" for row in refusals) or "nothing"),
        *_halted(ending.halts),
        f"open at the end: {ending.waiting} orders waiting for a later trade, {len(held)} positions",
        *_held(held, ticks),
        render(diverge(ticks, fills)),
        f"digest of all fills: {digest(fills)}",
    ]
    return "\n".join(sections)


def _input(recording: Path, events: Sequence[MarketEvent], ticks: Sequence[PriceTick], seed: int) -> list[str]:
    """Say what was replayed and, of an import, how each of its numbers was checked."""
    launches, tokens = sum(isinstance(event, Launch) for event in events), len({tick.mint for tick in ticks})
    report = recordings.metadata_of(recording).get(recordings.IMPORT_REPORT, "") if recording.suffix == ".parquet" else ""
    checked = ["import of the recording:", *(f"  {line}" for line in report.splitlines())] if report else []
    return [f"replay of {recording.name}, seed {seed}: {len(ticks)} trades, {launches} launches, {tokens} tokens", *checked]


def _halted(halts: Halts) -> list[str]:
    whom = {PORTFOLIO: "the portfolio"}
    stopped = [(scope, state) for scope, state in sorted(halts.states.items()) if state is not HaltState.ACTIVE]
    return [f"{whom.get(scope, scope)} ended {state.value}: {halts.reasons.get(scope, '')}" for scope, state in stopped]


def _held(held: Iterable[Position], ticks: Iterable[PriceTick]) -> list[str]:
    """Value what is still held at the last recorded price, before fees."""
    last = {tick.mint: tick for tick in ticks}
    return [
        f"  {one.strategy} {one.mint}: {one.units} units, cost {exact(one.cost_lamports)} SOL, "
        f"at the last price {exact(one.units * tick.quote_lamports // tick.base_units)} SOL"
        for one in held
        if (tick := last.get(one.mint)) is not None
    ]


def digest(fills: list[Fill]) -> str:
    """Return 32 hex digits over every number of every fill, in order."""
    rows = (f"{f.signature} {f.slot} {f.sol_delta_lamports} {f.token_delta_units} {f.fee_lamports} {f.status}" for f in fills)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:32]


def _fills(fills: list[Fill]) -> list[str]:
    kinds = Counter((fill.strategy, fill.side.value, fill.status.value) for fill in fills)
    lines = [f"{strategy}: {count} {side} {status}" for (strategy, side, status), count in sorted(kinds.items())]
    return [f"fills: {sum(f.status is FillStatus.FILLED for f in fills)}", *lines]


def _total(row: read.Totals) -> str:
    return (
        f"{row.strategy} ({row.mode.value}): realized {exact(row.realized_lamports)} SOL net, of it fees {exact(row.fees_lamports)}, "
        f"tips {exact(row.tips_lamports)}, rent {exact(row.rent_lamports)}; "
        f"open positions {row.open_positions} at cost {exact(row.cost_lamports)}"
    )
