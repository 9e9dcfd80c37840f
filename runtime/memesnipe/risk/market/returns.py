"""Statistics over one-minute returns: how much a token moves, whether two move together, what all of them could cost. Pure.

Floats, for these are statistics; sums and square roots alone, so that every machine finds the same. Where two series are of different
length, the newest minutes of both are taken.
"""

from collections.abc import Mapping, Sequence
from math import fsum, sqrt

from memesnipe.risk.market.memory import Memory

BPS = 10_000
TAIL = 0.025
"""97.5% expected shortfall, as the Basel market risk standard has it (MAR33.3)."""

Returns = Sequence[float]


def volatility_bps(returns: Returns) -> float:
    """Return the root mean square of the returns, in bps a minute."""
    return sqrt(fsum([one * one for one in returns]) / len(returns)) * BPS


def correlation_bps(one: Returns, other: Returns) -> float | None:
    """Return Pearson's correlation, of 10,000; None where one of the two does not move, which says nothing of the other."""
    count = min(len(one), len(other))
    ones, others = _centred(one[-count:]), _centred(other[-count:])
    spread = sqrt(fsum([x * x for x in ones]) * fsum([y * y for y in others]))
    if not spread > 0:
        return None
    return fsum([x * y for x, y in zip(ones, others, strict=True)]) / spread * BPS


def move_together(mint: str, other: str, memory: Memory, correlation_bps_min: int) -> bool:
    """Return whether two tokens count as one risk; where it cannot be said they do."""
    if mint == other:
        return True
    ones, others = memory.returns(mint), memory.returns(other)
    if ones is None or others is None:
        return True
    found = correlation_bps(ones, others)
    return found is None or not (found < correlation_bps_min)


def expected_shortfall_lamports(values_lamports: Mapping[str, int], memory: Memory) -> float:
    """Return the average loss within the worst 2.5% of the kept minutes, had these values been held through them together (>= 0).

    By historical simulation: each minute's returns of all tokens at once, so that crashes they share are seen. With less than 40
    minutes it is the worst minute. A token of which too few are known is lost whole.
    """
    known = {mint: returns for mint in values_lamports if (returns := memory.returns(mint)) is not None}
    lost = sum(value for mint, value in values_lamports.items() if mint not in known)
    if not known:
        return float(lost)
    count = min(len(returns) for returns in known.values())
    parts = [[-values_lamports[mint] * one for one in returns[-count:]] for mint, returns in known.items()]
    return lost + max(0.0, _tail_mean([fsum(minute) for minute in zip(*parts, strict=True)]))


def _tail_mean(losses: Sequence[float]) -> float:
    """Acerbi and Tasche (2002): the worst losses, the last of them in part, so that their weights are the tail's to the digit."""
    tail, worst = max(1.0, TAIL * len(losses)), sorted(losses, reverse=True)
    whole = int(tail)
    return fsum([*worst[:whole], (tail - whole) * worst[min(whole, len(worst) - 1)]]) / tail


def _centred(returns: Returns) -> list[float]:
    mean = fsum(returns) / len(returns)
    return [one - mean for one in returns]
