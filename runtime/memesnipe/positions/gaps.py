"""Live orders beside their paper twins: booked, counted, and told as one gap for each strategy, for whoever decides on going live."""

from collections.abc import Sequence

import msgspec

from memesnipe.bus.api import Bus
from memesnipe.bus.topology import PAPER_GAP_KEY
from memesnipe.evidence.gap import Gap
from memesnipe.ledger import read
from memesnipe.messages.pairs import Pair
from memesnipe.positions import metrics
from memesnipe.positions.store import Store


class Gaps:
    """Which strategies' gaps are still to be told."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._untold: set[str] = set()

    async def restore(self) -> None:
        """Tell every gap anew: a server that lost everything has none. Raises Unavailable."""
        self._untold.update(await self._store.ask(read.paired_strategies))

    async def book(self, pairs: Sequence[Pair]) -> None:
        """Write pairs, and count them. Raises Unavailable."""
        if not pairs:
            return
        await self._store.pair(pairs)
        for one in pairs:
            metrics.PAIRS.labels(one.strategy, one.end.value, "in" if one.in_band else "out").inc()
            if (gap_bps := one.gap_bps) is not None:
                metrics.GAP_BPS.labels(one.strategy).observe(gap_bps)
        self._untold.update(one.strategy for one in pairs)

    async def tell(self, bus: Bus) -> None:
        """Write the gaps that changed where the gates read them. Raises Unavailable; what fails is told at the next turn."""
        if not self._untold:
            return
        for strategy, gap in (await self._store.gaps(self._untold)).items():
            await bus.put(PAPER_GAP_KEY.format(strategy=strategy), msgspec.json.encode(gap))
            _show(strategy, gap)
        self._untold.clear()


def _show(strategy: str, gap: Gap) -> None:
    metrics.IN_BAND.labels(strategy).set(gap.in_band / gap.pairs if gap.pairs else 0.0)
    metrics.GAP_MEDIAN_BPS.labels(strategy).set(gap.median_bps)
    metrics.GAP_ORDERS.labels(strategy).set(gap.pairs)
    metrics.FAILURES_OVER.labels(strategy).set(max(0, gap.failed - gap.failed_max))
