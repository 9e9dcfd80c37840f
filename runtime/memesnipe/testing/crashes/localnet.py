"""A position on a localnet, held by the real signer, wallet_guard and position_manager, when its market crashes.

The test plays the feed (it says the pool's reserves as a feed of the chain does), risk_guardian (it approves every exit) and the crash.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from memesnipe.bus import topology
from memesnipe.kernel.clock import NS_PER_S, SystemClock
from memesnipe.messages.bounds import HaltState, Side
from memesnipe.messages.control import PORTFOLIO, RiskLimits
from memesnipe.messages.market import MarketFrame
from memesnipe.messages.orders import Fill, FillStatus
from memesnipe.testing.builders import MINT, STRATEGY, a_halt, a_tick, an_intent
from memesnipe.testing.live_stage import Stage
from memesnipe.testing.polling import until

Json = Any
VENUE = "raydium-cpmm"
"""Of the pool, before the crash."""
EXITS = topology.EXITS.of(STRATEGY)
SIZE_SOL = 0.2
TELLS_S = 0.05


class Held:
    """One position. `open` buys it, `ends` says prices and approves exits until it is sold."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._approved, self._said = stage, "0", 0

    async def open(self, limits: RiskLimits) -> None:
        """Put the policy in force, and buy. Raises TimeoutError."""
        await self._stage.bus.publish(topology.CONFIG.name, self._stage.config(limits=limits))
        await self._stage.grant()
        await self._stage.order(await self._stage.priced(an_intent(size_sol=SIZE_SOL, slippage_bps_max=300), await self.pool()))
        await until(self._fills)
        await self.tell()
        await until(lambda: self._stage.bus.fold(topology.POSITIONS.name))
        await self.tell()  # the first one may have been read before the fill: then nothing says what the pool was like before the crash

    async def pool(self) -> Json:
        """Return the pool as the localnet has it."""
        (pool,) = [one for one in await self._stage.wallet.get("/localnet/pools") if one["mint"] == MINT]
        return pool

    async def reserves(self, quote_share: float, base_share: float) -> None:
        """Multiply both sides of the pool."""
        pool = await self.pool()
        changed = {
            "real_quote_lamports": int(pool["real_quote_lamports"] * quote_share),
            "real_base_units": int(pool["real_base_units"] * base_share),
        }
        await self._stage.wallet.post("/localnet/pool", {"mint": MINT, "kind": "constant_product", **changed})

    async def halt(self, state: HaltState) -> None:
        """Pull the kill switch."""
        command = a_halt(state, scope=PORTFOLIO)
        await self._stage.bus.publish(topology.KILL_SWITCH.name, command, command.id)

    async def tell(self) -> None:
        """Say the pool's reserves now, as a feed does."""
        pool, self._said = await self.pool(), self._said + 1
        state = {"quote_lamports": pool["virtual_quote_lamports"], "base_units": pool["virtual_base_units"]}
        now_ns = SystemClock().now_ns()
        tick = a_tick(event_id=f"crash-{self._said}", mint=MINT, venue=VENUE, time_ns=now_ns, slot=pool["last_slot"], **state)
        await self._stage.bus.publish(topology.PRICE.name, MarketFrame((tick,)))

    async def ends(self, *, feed: bool, within_s: float, worse: Callable[[], Awaitable[object]] | None = None) -> float:
        """Return after how many seconds nothing is held; `worse` is done again and again. Raises TimeoutError."""
        started_ns = SystemClock().now_ns()
        async with asyncio.timeout(within_s):
            while not (sold := [one for one in await self._fills() if one.side is Side.SELL and one.status is FillStatus.FILLED]):
                if feed:
                    await self.tell()
                if worse is not None:
                    await worse()
                await self._approve()
                await asyncio.sleep(TELLS_S)
        return (sold[0].time_ns - started_ns) / NS_PER_S

    async def _approve(self) -> None:
        for entry in await self._stage.bus.fold(EXITS, self._approved):
            self._approved = entry.id
            await self._stage.order(entry.message)

    async def _fills(self) -> Sequence[Fill]:
        return [one for one in await self._stage.said() if isinstance(one, Fill)]

    async def outcome(self) -> tuple[str, int, int]:
        """Return by which exit it was sold, how many units are left, and the loss in bps of all that was paid."""
        fills = await self._fills()
        paid = -sum(one.sol_delta_lamports for one in fills if one.side is Side.BUY)
        loss = -sum(one.sol_delta_lamports for one in fills)
        cause = next(one.exit_cause.value for one in fills if one.exit_cause is not None)
        return cause, sum(one.token_delta_units for one in fills), loss * 10_000 // max(paid, 1)
