"""Seeded random strategies: an entry rule, an exit rule and their parameters, all drawn. One class, so that all run as any strategy does.

Every rule makes one number of what it heard, near 0 and of spread 1 on a market that says nothing: it buys where that is at or above
`level`. The `crowd` rule reads who buys; it is the one that a planted edge rewards.
"""

from collections import deque
from collections.abc import Callable
from itertools import pairwise
from math import log, sqrt
from typing import Annotated, Literal

from pydantic import Field

from memesnipe.kernel.ids import derive
from memesnipe.messages.bounds import Side
from memesnipe.messages.market import MarketEvent, PriceTick
from memesnipe.strategy.contract import Action, Buy, EventType, Meter, Parameters, RiskProfile, Sell, Strategy, View, strategy
from memesnipe.testing.builders import SOL

SIZE_LAMPORTS = SOL // 2
SLIPPAGE_BPS = 1_500
Entry = Literal["coin", "trend", "reversal", "breakout", "crowd", "contrary", "size", "calm"]
Exit = Literal["time", "turn", "bracket"]
ENTRIES: tuple[Entry, ...] = ("coin", "trend", "reversal", "breakout", "crowd", "contrary", "size", "calm")
EXITS: tuple[Exit, ...] = ("time", "turn", "bracket")


class RandomParameters(Parameters):
    """What is drawn. Counts are trades of the token."""

    entry: Entry = "coin"
    exit: Exit = "time"
    look: Annotated[int, Field(ge=2, le=64)] = 8
    level: Annotated[float, Field(ge=-3, le=3)] = 0.5
    hold: Annotated[int, Field(ge=1, le=256)] = 8
    goal: Annotated[float, Field(ge=0.01, le=1)] = 0.1
    """`bracket` sells this far above or below the price at entry."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Of the coin."""


class Heard:
    """The newest trades of a token: logarithms of prices, sides as 1 and -1, and sizes."""

    __slots__ = ("age", "entry", "logs", "sides", "sizes")

    def __init__(self, look: int) -> None:
        self.logs: deque[float] = deque(maxlen=look + 1)
        self.sides: deque[int] = deque(maxlen=look)
        self.sizes: deque[float] = deque(maxlen=look)
        self.age = 0
        self.entry = 0.0

    def hear(self, tick: PriceTick) -> None:
        """Add a trade."""
        self.logs.append(log(tick.quote_lamports / tick.base_units))
        self.sides.append(1 if tick.trade_side is Side.BUY else -1)
        self.sizes.append(log(tick.trade_lamports + 1))


def _trend(heard: Heard) -> float:
    moved = sum((b - a) ** 2 for a, b in pairwise(heard.logs))
    return (heard.logs[-1] - heard.logs[0]) / sqrt(moved) if moved > 0 else 0.0


def _breakout(heard: Heard) -> float:
    low, high = min(heard.logs), max(heard.logs)
    return 3.0 * (heard.logs[-1] - low) / (high - low) - 1.5 if high > low else 0.0


def _crowd(heard: Heard) -> float:
    return sum(heard.sides) / sqrt(len(heard.sides))


def _size(heard: Heard) -> float:
    return heard.sizes[-1] - sum(heard.sizes) / len(heard.sizes)


def _calm(heard: Heard) -> float:
    steps = [abs(b - a) for a, b in pairwise(heard.logs)]
    whole = sum(steps)
    return 2.0 - len(steps) * (steps[-1] + steps[-2]) / whole if whole > 0 else 0.0


SCORES: dict[str, Callable[[Heard], float]] = {
    "trend": _trend,
    "reversal": lambda heard: -_trend(heard),
    "breakout": _breakout,
    "crowd": _crowd,
    "contrary": lambda heard: -_crowd(heard),
    "size": _size,
    "calm": _calm,
}


@strategy(
    id="study-random",
    version="1.0.0",
    subscriptions={EventType.PRICE},
    parameters=RandomParameters,
    risk_profile=RiskProfile(thesis="none", exposures=("none",), failure_modes=("all",), holding_time_s=1, loss_per_trade_bps_max=1),
)
class RandomStrategy(Strategy[RandomParameters]):
    """Buys by a drawn rule, sells by another."""

    def init(self, params: RandomParameters, view: View, meter: Meter) -> None:
        """Start without a memory."""
        super().init(params, view, meter)
        self._heard: dict[str, Heard] = {}

    async def on_event(self, event: MarketEvent) -> Action:
        """Hear a trade; buy what is not held, or look for a way out of what is."""
        if not isinstance(event, PriceTick):
            return None
        heard = self._heard.get(event.mint)
        if heard is None:
            heard = self._heard[event.mint] = Heard(self.params.look)
        heard.hear(event)
        if self.view.in_flight(event.mint) or len(heard.sides) < self.params.look:
            return None
        held = self.view.holding(event.mint)
        if held is None:
            return self._entry(event, heard)
        heard.age += 1
        if not self._leaves(event, heard):
            return None
        return Sell(event.mint, held.units, SLIPPAGE_BPS, event.quote_lamports, event.base_units)

    def _entry(self, tick: PriceTick, heard: Heard) -> Action:
        if self._score(tick, heard) < self.params.level:
            return None
        heard.age, heard.entry = 0, heard.logs[-1]
        return Buy(tick.mint, SIZE_LAMPORTS, SLIPPAGE_BPS, tick.quote_lamports, tick.base_units)

    def _leaves(self, tick: PriceTick, heard: Heard) -> bool:
        params = self.params
        if params.exit == "turn":
            return heard.age >= 4 * params.hold or self._score(tick, heard) <= -abs(params.level)
        late = heard.age >= params.hold
        return late or (params.exit == "bracket" and abs(heard.logs[-1] - heard.entry) >= params.goal)

    def _score(self, tick: PriceTick, heard: Heard) -> float:
        if self.params.entry == "coin":
            return int(derive(self.params.seed, tick.event_id), 16) % 6_000 / 1_000 - 3.0
        return SCORES[self.params.entry](heard)
