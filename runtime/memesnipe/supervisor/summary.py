"""The summary of a replay: what was traded, what it cost, what was refused and how far the recording can be believed.

Only what the recording, the seed and the code decide is in it, no wall-clock time, so that two runs can be compared byte by byte.
"""

import hashlib
from collections import Counter
from pathlib import Path

from memesnipe.ledger import read
from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.market import recording as recordings
from memesnipe.market.divergence import diverge, render
from memesnipe.messages.market import PriceTick
from memesnipe.messages.orders import Fill, FillStatus


def summarise(data: Path, recording: Path, seed: int) -> str:
    """Return the summary of a finished replay in a data folder."""
    engine = open_engine(ledger_url(str(data)))
    with engine.connect() as connection:
        fills = sorted(read.last_fills(connection, limit=read.LIMIT_MAX), key=lambda fill: (fill.time_ns, fill.signature))
        totals, refusals = read.totals(connection), read.rejections_by_reason(connection)
    ticks = [event for event in recordings.read(recording) if isinstance(event, PriceTick)]
    sections = [
        f"replay of {recording.name}, seed {seed}: {len(ticks)} trades, {len({tick.mint for tick in ticks})} tokens",
        *_fills(fills),
        *(_total(row) for row in totals),
        "refused: " + (", ".join(f"{row.stage}/{row.reason} {row.count}" for row in refusals) or "nothing"),
        render(diverge(ticks, fills)),
        f"digest of all fills: {digest(fills)}",
    ]
    return "\n".join(sections)


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
        f"{row.strategy} ({row.mode.value}): realized {sol(row.realized_lamports)} SOL net, of it fees {sol(row.fees_lamports)}, "
        f"tips {sol(row.tips_lamports)}, rent {sol(row.rent_lamports)}; "
        f"open positions {row.open_positions} at cost {sol(row.cost_lamports)}"
    )


def sol(lamports: int) -> str:
    """Return lamports as SOL with all nine decimals: exact."""
    sign, lamports = ("-" if lamports < 0 else ""), abs(lamports)
    return f"{sign}{lamports // 10**9}.{lamports % 10**9:09d}"
