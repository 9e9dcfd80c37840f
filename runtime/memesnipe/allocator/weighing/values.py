"""What weighing is told and what it answers: plain values, without numpy, so that whoever reads a decision need not load it."""

import msgspec

from memesnipe.allocator.decide import WHOLE_BPS
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import RiskBase, Weighing

_SHIPPED = Weighing()


class Closed(msgspec.Struct, frozen=True):
    """A closed round trip, net of every cost, or the sum of several."""

    time_ns: int
    net_lamports: int
    trades: int = 1
    """How many it stands for."""


class Record(msgspec.Struct, frozen=True):
    """What a strategy did with capital: its closed trades, and the capital it had since when."""

    strategy: str
    closed: tuple[Closed, ...] = ()
    """Oldest first."""
    capital: tuple[tuple[int, int], ...] = ()
    """(since when (ns), lamports), oldest first."""
    mode: Mode = Mode.PAPER


class Standing(msgspec.Struct, frozen=True):
    """What the capital is worth by the results of one mode, and the most it was worth."""

    equity_lamports: int
    peak_lamports: int


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How careful weighing is."""

    period_s: int = _SHIPPED.period_s
    periods_max: int = 365
    """Older results say nothing about tokens of today."""
    periods_min: int = 14
    """A strategy with fewer observations, or fewer closed trades, is new."""
    trades_min: int = 30
    half_life_periods: float = 30.0
    """After it, an observation counts half: edges in this market decay."""
    prior_periods: float = 20.0
    """How many observations of a mean of zero every strategy starts with: what is not proven is shrunk to no edge."""
    draws: int = 512
    base: RiskBase = _SHIPPED.base
    """How shares at equal risk are found."""
    cap: float = 2.0
    """No strategy gets more than this multiple of its share at equal risk."""
    explore: float = 0.10
    """At most this part of the capital goes to strategies for being tried: the floor of a new one, and of one that lost its edge."""
    floor: float = _SHIPPED.floor_bps / WHOLE_BPS
    """The weight of a new strategy, where there are few enough of them."""
    ruin_level: float = 0.7
    ruin_odds: float = 0.1
    """Kelly is bounded so that capital falls to `ruin_level` of itself with odds below `ruin_odds`."""
    drawdown_max: float = _SHIPPED.drawdown_bps_max / WHOLE_BPS
    """At this fall from the highest equity nothing is at risk any more."""
    turnover_bps: int = _SHIPPED.turnover_bps
    """What moving the whole capital from one strategy to others costs; a change must earn it back within `half_life_periods`."""


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """Weights in bps of the capital, 10,000 in all at most; the rest stays cash."""

    weights_bps: dict[str, int]
    method: str
    reason: str
