"""The gap between live and paper over many orders, and whether it is one that the paper model allows. Pure.

Three things are asked, since each hides what the others show: does the single order end where the model says it can (`in_band`), do no
more orders fail than the model gives odds for, and what does a fill cost in the middle (`median_bps`).
"""

import math
import statistics
from collections.abc import Sequence

import msgspec

from memesnipe.messages.pairs import BPS, Pair, PairEnd

PAIRS_MAX = 200
"""Of a strategy the newest so many count: a host, a fee market or a program that changed must not hide behind last month."""
PAIRS_MIN = 20
IN_BAND_BPS_MIN = 9_000


class Gap(msgspec.Struct, frozen=True):
    """The newest pairs of one strategy in a few numbers."""

    pairs: int = 0
    filled: int = 0
    in_band: int = 0
    failed: int = 0
    """Landed and failed, or never landed."""
    failed_max: int = 0
    """The most failures that the model's own odds allow: their sum and two standard deviations of it."""
    late: int = 0
    """Filled in a later slot than the model thinks possible. No objection by itself: where nobody traded meanwhile it costs nothing."""
    median_bps: int = 0
    """Live less paper over the size, of those that both have filled."""
    worst_bps: int = 0
    there_median_bps: int = 0
    """The same with the delay taken out: live less the model at the live fill's own place in the chain."""
    newest_ns: int = 0
    enough_ns: int = 0
    """Time of the oldest of the newest PAIRS_MIN: since then as many were compared as say something. 0: there are fewer."""

    @property
    def in_band_bps(self) -> int:
        """Return the share of pairs in band."""
        return self.in_band * BPS // self.pairs if self.pairs else 0


def gap_of(pairs: Sequence[Pair]) -> Gap:
    """Return the gap that these pairs of one strategy show."""
    odds = [one.failure_bps / BPS for one in pairs]
    deviation = math.sqrt(sum(p * (1 - p) for p in odds))
    gaps = sorted(gap for one in pairs if (gap := one.gap_bps) is not None)
    there = [gap for one in pairs if (gap := one.there_bps) is not None]
    return Gap(
        pairs=len(pairs),
        filled=sum(one.end is PairEnd.FILLED for one in pairs),
        in_band=sum(one.in_band for one in pairs),
        failed=sum(one.end is not PairEnd.FILLED for one in pairs),
        failed_max=math.ceil(sum(odds) + 2 * deviation),
        late=sum(one.end is PairEnd.FILLED and one.live_slots > one.slots_max for one in pairs),
        median_bps=statistics.median_low(gaps) if gaps else 0,
        worst_bps=gaps[0] if gaps else 0,
        there_median_bps=statistics.median_low(there) if there else 0,
        newest_ns=max((one.time_ns for one in pairs), default=0),
        enough_ns=sorted(one.time_ns for one in pairs)[-PAIRS_MIN] if len(pairs) >= PAIRS_MIN else 0,
    )


def objection(gap: Gap, pairs_min: int = PAIRS_MIN, in_band_bps_min: int = IN_BAND_BPS_MIN) -> str:
    """Return why this gap is not one to go on with, "" where it is in band. Few pairs are no proof."""
    if not (gap.pairs >= pairs_min):
        return f"{gap.pairs} live orders with a paper twin of the {pairs_min} needed"
    if not (gap.in_band_bps >= in_band_bps_min):
        return f"{gap.in_band} of {gap.pairs} live orders ended where the paper model says they can, {in_band_bps_min / 100:.0f}% must"
    if not (gap.failed <= gap.failed_max):
        return f"{gap.failed} of {gap.pairs} live orders failed or never landed, the paper model's odds allow {gap.failed_max}"
    return ""
