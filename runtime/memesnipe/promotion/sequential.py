"""Two tests that may be looked at after every trade: does it lose, and is its edge gone? Pure; only the standard library.

An observation x is one closed trade's net result per lamport paid, counted up to GAIN_MAX: a loss is never worse than about -1, a gain
has no end, and a bet against a gain without end could never be afforded. What is tested is therefore the mean of the counted gain.

Somebody bets against "the mean of x is at least m": with the share l of what he has, his fortune is multiplied by 1 - l (x - m), which
stays positive for 0 <= l < 1 / (GAIN_MAX - m) and does not grow on average while the claim is true. Fortunes of several l side by side
are one fortune, too.

- `wagered`: he starts once. He ever multiplies his stake by c with odds of 1/c at most (Ville's inequality): Waudby-Smith and Ramdas,
  "Estimating means of bounded random variables by betting", J. R. Stat. Soc. B 86(1), 2024.
- `doubted`: somebody starts anew at every trade, and all are summed (Shiryaev-Roberts). While the claim is true, the sum takes c trades
  or more, on average, to reach c: Shin, Ramdas, Rinaldo, "E-detectors: a nonparametric framework for sequential change detection",
  New England J. Stat. Data Sci. 2(2), 2024. A long good time before is not held against the alarm.

Neither asks for independence or for a shape: only that no trade's mean, given those before it, is below m.
"""

import math

GAIN_MAX = 2.0
"""A gain of more than 200% of what was paid counts as 200%."""
FLOOR_MAX = 1.9
"""No claim reaches the cap of a gain: there the largest bet would have no end. Below it every claim can be bet against."""
BOLDNESS = (0.95, 0.5, 0.25, 0.125)
"""Parts of the largest bet that can be afforded: large ones find a large loss soon, small ones a small loss at all."""
START = (1.0,) * len(BOLDNESS)
NOTHING = (0.0,) * len(BOLDNESS)
PPM = 1_000_000
DEVIATIONS = 1.96

Fortunes = tuple[float, ...]
"""One for each of BOLDNESS."""


def observed(net_lamports: int, outlay_lamports: int) -> float:
    """Return a trade's counted result per lamport paid. Raises ZeroDivisionError for one that cost nothing: it is no observation."""
    return min(net_lamports / outlay_lamports, GAIN_MAX)


def wagered(fortunes: Fortunes, x: float) -> Fortunes:
    """Return the fortunes of who bets from the start that the mean is below 0, after one more trade."""
    return tuple(fortune * factor for fortune, factor in zip(fortunes, _factors(x, 0.0), strict=True))


def doubted(sums: Fortunes, x: float, floor: float) -> Fortunes:
    """Return the sums of who starts anew at every trade to bet that the mean is below `floor`, after one more trade."""
    return tuple((1.0 + one) * factor for one, factor in zip(sums, _factors(x, floor), strict=True))


def together(fortunes: Fortunes) -> float:
    """Return what the bettors have together, for a stake of 1."""
    return sum(fortunes) / len(fortunes)


def floor_ppm(results: tuple[float, ...]) -> int:
    """Return what may be relied on of a mean that was seen, in millionths: the lower end of its 95% interval, and not below 0.

    The mean itself would be too much: who chose a strategy by its results has chosen luck as well.
    """
    count = len(results)
    if count < 2:
        return 0
    mean = math.fsum(results) / count
    variance = math.fsum((x - mean) ** 2 for x in results) / (count - 1)
    low = mean - DEVIATIONS * math.sqrt(variance / count)
    return int(min(low, FLOOR_MAX) * PPM) if low > 0.0 else 0


def _factors(x: float, floor: float) -> Fortunes:
    largest = 1.0 / (GAIN_MAX - floor)
    return tuple(1.0 - part * largest * (x - floor) for part in BOLDNESS)
