"""What the closed trades say: the history that the allocator reads, and the equity curve."""

import json
from collections.abc import Sequence

import msgspec

from memesnipe.ledger.accounting import Trade
from memesnipe.ledger.write import Snapshot
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import PORTFOLIO
from memesnipe.positions.book import Book, Owner


def history_of(trades: Sequence[Trade]) -> list[bytes]:
    """Return the entries of perf:<strategy>:pnl_history, oldest first."""
    return [json.dumps(_entry(trade)).encode() for trade in trades]


def _entry(trade: Trade) -> dict[str, object]:
    return {
        "time_ns": trade.closed_ns,
        "net_lamports": trade.net_lamports,
        "intent_id": trade.closed_intent_id,
        "mode": trade.mode.value,
        "outlay_lamports": trade.outlay_lamports,
    }


def unrealized(book: Book) -> dict[Owner, int]:
    """Return mark less cost by strategy and mode (lamports)."""
    sums: dict[Owner, int] = {}
    for (strategy, mode, _), one in book.open.items():
        sums[strategy, mode] = sums.get((strategy, mode), 0) + one.value_lamports - one.position.cost_lamports
    return sums


def snapshots(book: Book, capital_lamports: int, time_ns: int) -> list[Snapshot]:
    """Return a point for each strategy and one for the portfolio, by mode, in a fixed order."""
    open_lamports = unrealized(book)
    owners = sorted({*book.realized, *open_lamports})
    points = [
        Snapshot(
            time_ns=time_ns,
            scope=strategy,
            mode=mode,
            realized_lamports=(realized := book.realized.get((strategy, mode), 0)),
            unrealized_lamports=(marked := open_lamports.get((strategy, mode), 0)),
            equity_lamports=realized + marked,
        )
        for strategy, mode in owners
    ]
    return points + [_portfolio(points, mode, capital_lamports, time_ns) for mode in sorted({mode for _, mode in owners})]


def _portfolio(points: Sequence[Snapshot], mode: Mode, capital_lamports: int, time_ns: int) -> Snapshot:
    own = [point for point in points if point.mode is mode]
    realized, marked = sum(p.realized_lamports for p in own), sum(p.unrealized_lamports for p in own)
    return Snapshot(
        time_ns=time_ns,
        scope=PORTFOLIO,
        mode=mode,
        realized_lamports=realized,
        unrealized_lamports=marked,
        equity_lamports=capital_lamports + realized + marked,
        capital_lamports=capital_lamports,
    )


def same_curve(before: Sequence[Snapshot], after: Sequence[Snapshot]) -> bool:
    """Return whether nothing but the time changed."""
    return [msgspec.structs.replace(p, time_ns=0) for p in before] == [msgspec.structs.replace(p, time_ns=0) for p in after]
