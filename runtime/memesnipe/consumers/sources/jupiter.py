"""Jupiter as a source: prices of mints that no pool feed of ours covers, and depth: what buys of several sizes would get.

A price is a statistic of Jupiter's, so the tick's reserves are implied: half of the stated liquidity on each side, in the ratio of the
prices. All of it is rate-limited; what cannot be had now is asked for again later.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import count

import msgspec

from memesnipe.chain.clients.jupiter import MINTS_MAX, Jupiter, Price
from memesnipe.chain.programs import WRAPPED_SOL_MINT
from memesnipe.consumers.api import Delivery
from memesnipe.consumers.watch import Watch
from memesnipe.kernel.clock import Clock
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.ids import derive
from memesnipe.market.curves import GUESSED, PRICED, pool_of
from memesnipe.market.depth import levels_of
from memesnipe.messages.bounds import AMOUNT_MAX
from memesnipe.messages.market import DepthQuote, PriceTick

NAME = "jupiter"
LAMPORTS_PER_SOL = 1_000_000_000
DEPTH_SLIPPAGE_BPS = 100
LIQUIDITY_USD_UNKNOWN = 1_000.0
"""A pool whose size nobody states is taken for a small one."""


class Asking(msgspec.Struct, frozen=True):
    """How often and how much is asked."""

    price_interval_s: int
    depth_interval_s: int
    depth_active_s: int
    depth_mints_max: int
    depth_sizes_lamports: tuple[int, ...]
    taker: str


class JupiterPrices:
    """Ticks of the mints that nobody else prices. See `consumers.api.Source`."""

    name = f"{NAME}-price"

    def __init__(self, jupiter: Jupiter, watch: Watch, clock: Clock, asking: Asking) -> None:
        self._jupiter, self._watch, self._clock, self._asking = jupiter, watch, clock, asking

    async def deliveries(self, cursor: bytes) -> AsyncIterator[Delivery]:
        """Deliver for ever; prices have no history, so the cursor means nothing here."""
        while True:
            mints = self._watch.unfed()
            for at in range(0, len(mints), MINTS_MAX - 1):
                yield await self._priced(mints[at : at + MINTS_MAX - 1])
            await asyncio.sleep(self._asking.price_interval_s)

    async def _priced(self, mints: Sequence[str]) -> Delivery:
        try:
            prices = await self._jupiter.prices([WRAPPED_SOL_MINT, *mints])
        except BadInput as error:
            return Delivery(self.name, bad=(error,))
        except (Unavailable, Refused):
            return Delivery(self.name)  # counted by the client; the next round asks again
        sol = prices.get(WRAPPED_SOL_MINT)
        if sol is None:
            return Delivery(self.name, bad=(BadInput("usdPrice", "SOL itself has no price"),))
        ticks, bad = [], []
        for mint in mints:
            if (price := prices.get(mint)) is None:
                continue  # Jupiter omits what it cannot price
            try:
                ticks.append(tick_of(mint, price, sol, self._clock.now_ns()))
            except BadInput as error:
                bad.append(error)
        return Delivery(self.name, tuple(ticks), bad=tuple(bad))


def tick_of(mint: str, price: Price, sol: Price, now_ns: int) -> PriceTick:
    """Return the tick that a price implies. Raises BadInput where the implied reserves are no amounts."""
    half_usd = (price.liquidity or LIQUIDITY_USD_UNKNOWN) / 2
    venue = PRICED if price.liquidity else GUESSED
    lamports = half_usd / sol.usd_price * LAMPORTS_PER_SOL
    units = half_usd / price.usd_price * 10.0**price.decimals
    if not (1 <= lamports <= AMOUNT_MAX and 1 <= units <= AMOUNT_MAX):
        raise BadInput("usdPrice", f"{mint}: {price.usd_price} USD implies reserves out of bounds")
    slot = price.block_id or 0
    return PriceTick(
        derive("jupiter-price", mint, slot, int(units), int(lamports)),
        now_ns,
        slot,
        mint,
        venue,
        int(lamports),
        int(units),
        price.decimals,
    )


class JupiterDepth:
    """Depth by Jupiter's quotes, over every venue it knows, one mint after the other. See `consumers.api.Source`."""

    name = f"{NAME}-depth"

    def __init__(self, jupiter: Jupiter, watch: Watch, clock: Clock, asking: Asking) -> None:
        self._jupiter, self._watch, self._clock, self._asking = jupiter, watch, clock, asking

    async def deliveries(self, cursor: bytes) -> AsyncIterator[Delivery]:
        """Deliver for ever; a quote has no history."""
        for turn in count():
            active = self._watch.active(self._clock.now_ns(), self._asking.depth_active_s, self._asking.depth_mints_max)
            if active:
                yield await self._quoted(active[turn % len(active)])
            await asyncio.sleep(self._asking.depth_interval_s)

    async def _quoted(self, tick: PriceTick) -> Delivery:
        try:
            quotes = [await self._quote(tick.mint, size) for size in self._asking.depth_sizes_lamports]
        except BadInput as error:
            return Delivery(self.name, bad=(error,))
        except (Unavailable, Refused):
            return Delivery(self.name)
        slot = max(tick.slot, *(slot for _, slot in quotes))
        levels = levels_of(pool_of(tick), [(size, out) for size, (out, _) in zip(self._asking.depth_sizes_lamports, quotes, strict=True)])
        event_id = derive("depth", NAME, tick.mint, slot, *(out for out, _ in quotes))
        depth = DepthQuote(
            event_id, self._clock.now_ns(), slot, tick.mint, NAME, tick.quote_lamports, tick.base_units, levels, tick.fee_bps
        )
        return Delivery(self.name, (depth,))

    async def _quote(self, mint: str, size_lamports: int) -> tuple[int, int]:
        """Return (units out, slot) of a buy of this size."""
        build = await self._jupiter.build(
            input_mint=WRAPPED_SOL_MINT,
            output_mint=mint,
            amount=size_lamports,
            taker=self._asking.taker,
            slippage_bps=DEPTH_SLIPPAGE_BPS,
        )
        return int(build.out_amount), build.context_slot or 0
