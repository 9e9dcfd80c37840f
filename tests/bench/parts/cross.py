"""One market and one rule for every contender: a seeded walk of a token's price, and a cross of EMA(10) over EMA(30).

A contender that is not ours reads `ticks.npz` (time_ns, price) and writes the same rule in its own words; it holds one position or none.
"""

import math
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from memesnipe.market import recording
from memesnipe.messages.bounds import Side
from memesnipe.messages.market import MarketEvent, PriceTick
from memesnipe.strategy.contract import Action, Buy, EventType, Parameters, RiskProfile, Sell, Strategy, strategy
from memesnipe.testing.builders import MINT, SOL, START_NS

FAST, SLOW = 2 / 11, 2 / 31
"""Weight of a new price in EMA(10) and in EMA(30)."""
SIZE_LAMPORTS = SOL // 10
SLIPPAGE_BPS = 1_000
TICK_NS = 100_000_000
TICKS_PER_SLOT = 4
STEP = 0.001
"""Standard deviation of one tick's change of the logarithm: 10 bps, a trade of half a SOL in this pool."""
DEPTH_LAMPORTS, DEPTH_UNITS = 1_000 * SOL, 10**15
RISK = RiskProfile(thesis="none: it measures", exposures=("none",), failure_modes=("none",), holding_time_s=1, loss_per_trade_bps_max=100)
RECORDING, ARRAYS = "ticks.parquet", "ticks.npz"


class CrossParameters(Parameters):
    """How far the averages must be apart: 0 orders at each cross, more orders seldom."""

    band_bps: int = 0


@strategy(id="cross", version="1", subscriptions={EventType.PRICE}, parameters=CrossParameters, risk_profile=RISK)
class Cross(Strategy[CrossParameters]):
    """Holds the token while the fast average is above the slow one."""

    fast = slow = 0.0

    async def on_event(self, event: MarketEvent) -> Action:
        """Move the averages, then buy or sell where they say so and no order is on its way."""
        if not isinstance(event, PriceTick):
            return None
        price = event.quote_lamports / event.base_units
        if not self.slow:
            self.fast = self.slow = price
        self.fast = fast = self.fast + (price - self.fast) * FAST
        self.slow = slow = self.slow + (price - self.slow) * SLOW
        band = slow * self.params.band_bps / 10_000
        if fast > slow + band:
            return self._buy(event)
        return self._sell(event) if fast < slow - band else None

    def _buy(self, event: PriceTick) -> Action:
        if self.view.holding(event.mint) is not None or self.view.in_flight(event.mint):
            return None
        return Buy(event.mint, SIZE_LAMPORTS, SLIPPAGE_BPS, event.quote_lamports, event.base_units)

    def _sell(self, event: PriceTick) -> Action:
        held = self.view.holding(event.mint)
        if held is None or self.view.in_flight(event.mint):
            return None
        return Sell(event.mint, held.units, SLIPPAGE_BPS, event.quote_lamports, event.base_units)


def ticks(count: int, seed: int) -> Iterator[PriceTick]:
    """Yield a walk that is pulled back a little, so that a million steps neither double nor halve the price many times."""
    draw = random.Random(seed)
    height = 0.0
    for number in range(count):
        height += draw.gauss(0.0, STEP) - height / 50_000
        half, slot = math.exp(height / 2), number // TICKS_PER_SLOT
        quote, units = round(DEPTH_LAMPORTS * half), round(DEPTH_UNITS / half)
        side = Side.BUY if number % 2 else Side.SELL
        yield PriceTick(f"t{number}", START_NS + number * TICK_NS, slot, MINT, "raydium", quote, units, 6, side, SOL // 2, SOL // 2, 30)


def write(folder: Path, count: int, seed: int) -> None:
    """Write the market as a recording, and as arrays for the others."""
    times, prices = np.zeros(count, np.int64), np.zeros(count)

    def noted() -> Iterator[PriceTick]:
        for number, tick in enumerate(ticks(count, seed)):
            times[number], prices[number] = tick.time_ns, tick.quote_lamports / tick.base_units
            yield tick

    recording.write(folder / RECORDING, noted())
    np.savez(folder / ARRAYS, time_ns=times, price=prices)
