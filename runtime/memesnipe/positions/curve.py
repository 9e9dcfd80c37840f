"""The equity curve as it is written: a point after each fill, and one every few seconds while prices move."""

import contextlib
from collections.abc import Sequence

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import Unavailable
from memesnipe.ledger.write import Snapshot
from memesnipe.messages.control import PORTFOLIO
from memesnipe.positions import metrics
from memesnipe.positions.book import Book
from memesnipe.positions.performance import same_curve, snapshots
from memesnipe.positions.store import Store


class Curve:
    """Remembers the last points written, so that a quiet market writes none."""

    def __init__(self, store: Store, every_s: float) -> None:
        self._store, self._every_ns = store, int(every_s * NS_PER_S)
        self._last: Sequence[Snapshot] = ()
        self._last_ns = 0

    async def write_if_due(self, book: Book, capital_lamports: int, now_ns: int) -> bool:
        """Write points if the interval passed and something changed; return whether it did."""
        return now_ns - self._last_ns >= self._every_ns and await self.write(book, capital_lamports, now_ns)

    async def write(self, book: Book, capital_lamports: int, now_ns: int) -> bool:
        """Write points if something changed; return whether it did. A ledger that fails costs points of the curve and nothing else."""
        points = snapshots(book, capital_lamports, now_ns)
        self._last_ns = now_ns
        for point in points:
            if point.scope == PORTFOLIO:
                metrics.EQUITY.labels(point.mode.value).set(point.equity_lamports)
        if same_curve(self._last, points):
            return False
        self._last = points
        with contextlib.suppress(Unavailable):  # counted where it happened
            await self._store.snapshot(points)
        return True
