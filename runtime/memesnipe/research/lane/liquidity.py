"""How much of a pool's liquidity was left at its worst: found once, when a market is read, so that each run knows what cannot bind."""

import math
from collections.abc import Sequence

import numpy as np

from memesnipe.market.curves import WITH_RESERVES
from memesnipe.research.lane.book import C
from memesnipe.research.stats.series import Ints


def least_left(whole: Ints, venues: Sequence[str]) -> float:
    """Return the smallest ratio of liquidity to its highest before, over tokens and venues; 1 where it never fell.

    `venues`: of each row of the pools' table. Liquidity is the root of the product of both reserves (`positions.watching`). The highest
    is of the whole market here, of the time since entry there: what cannot bind by this cannot bind by that.
    """
    known = np.array([sorted(WITH_RESERVES).index(venue) if venue in WITH_RESERVES else -1 for venue in venues])[whole[C.pool]]
    counted = np.flatnonzero(known >= 0)
    group = (whole[C.token] * len(WITH_RESERVES) + known)[counted]
    order = np.argsort(group, kind="stable")
    product = whole[C.quote][counted][order].astype(np.float64) * whole[C.base][counted][order]
    least = 1.0
    for one in np.split(product, np.flatnonzero(np.diff(group[order])) + 1):
        least = min(least, float((one / np.maximum.accumulate(one)).min(initial=1.0)))
    return math.sqrt(least)
