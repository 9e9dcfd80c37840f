"""What must be true of a token before it is bought, asked of the chain at the time of each buy. Fails closed.

    largest accounts + quote of the buy  ->  mint, pools, our accounts + quote of the sell  ->  LP tokens + round trip simulated

A check that cannot be made (a host that is down, slow, refuses or makes no sense) is Refused(TOKEN_UNCHECKED), never a pass. Sells and
exits do not come here. The answer for a token and size is good for a moment: a token can change from one block to the next, but a
second order a second later needs no second round of reads.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from memesnipe.chain.accounts import data_of
from memesnipe.chain.clients.jupiter import Build, Jupiter
from memesnipe.chain.clients.limits import Lane
from memesnipe.chain.clients.rpc import SolanaRpc
from memesnipe.chain.clients.rpc_types import LargestAccount
from memesnipe.chain.policy import sells
from memesnipe.chain.programs import BPS, INCINERATOR, PUMP_PROGRAM, WRAPPED_SOL_MINT
from memesnipe.chain.token_rules import MintFacts, check_token, mint_facts
from memesnipe.guard import metrics
from memesnipe.guard import token_liquidity as liquidity
from memesnipe.guard import token_round_trip as trips
from memesnipe.guard.settings import GuardSettings
from memesnipe.guard.token_limits import Limits, limits_of
from memesnipe.guard.token_liquidity import Pool, associated
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.orders import ExitIntent, Intent

REMEMBERED_MAX = 1_024
CURVE_CREATOR_AT = 49
SOLD_PART = 10
"""A tenth of what is bought is sold again: a fresh curve holds little SOL before our buy, so it quotes no sell of all of it."""
PASSED = "passed"
_NO_ANSWER = (ReasonCode.CHAIN_FAILED,)
"""What a client raises for an RPC error such as -32602: the question was refused, so it was not answered."""


class Seen(msgspec.Struct, frozen=True):
    """One look at the chain: the mint, and what is on the buy's route (address -> owner, data)."""

    mint: MintFacts
    route: dict[str, tuple[str, bytes]]


class Verdict(msgspec.Struct, frozen=True):
    """How a check ended, and until when that holds (monotonic seconds)."""

    refused: Refused | None
    until_s: float


class TokenSafety:
    """The checks, and the hosts they ask. `now_s` is monotonic."""

    def __init__(self, rpc: SolanaRpc, jupiter: Jupiter, limits: Limits, now_s: Callable[[], float] = time.monotonic) -> None:
        self._rpc, self._jupiter, self._limits, self._now_s = rpc, jupiter, limits, now_s
        self._remembered: dict[tuple[str, str, int], Verdict] = {}

    async def require_safe(self, intent: Intent, wallet: str, lane: Lane = Lane.NORMAL) -> None:
        """Return if this order may buy its token. Raises Refused, whatever a host does; a sell or an exit always may."""
        if isinstance(intent, ExitIntent) or sells(intent):
            return
        key = (intent.mint, wallet, intent.size_lamports)
        known = self._remembered.get(key)
        if known is None or not (self._now_s() < known.until_s):
            refused = await self._judged(*key, lane)
            known = Verdict(refused, self._now_s() + self._limits.remember_s)
            self._remember(key, known)
        if known.refused is not None:
            raise Refused(known.refused.code, known.refused.detail)

    async def _judged(self, mint: str, wallet: str, lamports: int, lane: Lane) -> Refused | None:
        started_s, refused = self._now_s(), None
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                await self._check(mint, wallet, lamports, lane)
        except TimeoutError:
            refused = Refused(ReasonCode.TOKEN_UNCHECKED, f"no answer within {self._limits.timeout_s} s")
        except (Unavailable, BadInput) as error:
            refused = Refused(ReasonCode.TOKEN_UNCHECKED, str(error))
        except Refused as error:
            refused = Refused(ReasonCode.TOKEN_UNCHECKED, error.detail) if error.code in _NO_ANSWER else error
        metrics.TOKEN_CHECK_S.observe(self._now_s() - started_s)
        metrics.TOKEN_CHECKS.labels(refused.code.value if refused else PASSED).inc()
        if refused is not None:
            logger().info("token_refused", mint=mint, reason=refused.code.value, detail=refused.detail[:256])
        return refused

    async def _check(self, mint: str, wallet: str, lamports: int, lane: Lane) -> None:
        largest, buy = await asyncio.gather(
            self._rpc.largest_accounts(mint, lane), self._quoted(WRAPPED_SOL_MINT, mint, lamports, wallet, lane)
        )
        seen, sell = await asyncio.gather(self._seen(mint, buy, lane), self._back(mint, wallet, buy, lane))
        check_token(seen.mint, self._limits.rules)
        pools = self._pools(mint, seen)
        require_spread(self._limits.holder_bps_max, largest, seen.mint.supply_units, self._not_holders(mint, wallet, seen, pools))
        self._require_loss(trips.quoted_loss_bps(buy, sell), "by its quotes")
        await asyncio.gather(self._require_locked(pools, lane), self._require_sellable(buy, sell, wallet, lane))
        await self._require_creator(pools, lane)

    async def _quoted(self, give: str, take: str, amount: int, wallet: str, lane: Lane) -> Build:
        slippage_bps = self._limits.round_trip_bps_max
        return await self._jupiter.build(
            input_mint=give, output_mint=take, amount=amount, taker=wallet, slippage_bps=slippage_bps, lane=lane
        )

    async def _back(self, mint: str, wallet: str, buy: Build, lane: Lane) -> Build:
        """Return the sell that would follow, of a part of what the buy gives. No route is an answer here: nobody buys it back."""
        amount = max(1, int(buy.other_amount_threshold) // SOLD_PART)
        try:
            return await self._quoted(mint, WRAPPED_SOL_MINT, amount, wallet, lane)
        except Refused as error:
            if error.code is ReasonCode.NO_ROUTE:
                raise Refused(ReasonCode.TOKEN_UNSELLABLE, f"no route back: {error.detail}") from None
            raise

    async def _seen(self, mint: str, buy: Build, lane: Lane) -> Seen:
        """Return all of it from one call, so that it is of one moment."""
        keys = sorted({mint, *(meta.pubkey for meta in buy.swap_instruction.accounts)})
        found = {key: one for key, one in zip(keys, await self._rpc.accounts(keys, lane), strict=True) if one is not None}
        if mint not in found:
            raise Refused(ReasonCode.TOKEN_MINT, "there is no such account")
        read = {key: (one.owner, data_of(one)) for key, one in found.items()}
        return Seen(mint_facts(*read[mint]), {key: told for key, told in read.items() if key != mint})

    def _pools(self, mint: str, seen: Seen) -> tuple[Pool, ...]:
        return liquidity.pools_of(mint, seen.mint.program, seen.route) if self._limits.lp_burnt_bps_min else ()

    def _not_holders(self, mint: str, wallet: str, seen: Seen, pools: Sequence[Pool]) -> set[str]:
        """Return the accounts that are nobody's to sell from: the pools' vaults, what is burnt, and our own.

        Where liquidity is not looked at, the vaults are not known: whatever the route touches is left out.
        """
        own = {associated(owner, mint, seen.mint.program) for owner in (wallet, INCINERATOR, liquidity.curve_of(mint))}
        return own.union(*(pool.vaults for pool in pools), seen.route if not self._limits.lp_burnt_bps_min else ())

    def _require_loss(self, lost_bps: int, how: str) -> None:
        if not (lost_bps <= self._limits.round_trip_bps_max):
            raise Refused(
                ReasonCode.TOKEN_UNSELLABLE, f"a round trip loses {lost_bps} bps {how}, at most {self._limits.round_trip_bps_max}"
            )

    async def _require_locked(self, pools: Sequence[Pool], lane: Lane) -> None:
        with_lp = [(pool, pool.lp_mint) for pool in pools if pool.lp_mint is not None]
        if not with_lp:
            return
        accounts = await self._rpc.accounts([lp_mint for _, lp_mint in with_lp], lane)
        for (pool, lp_mint), account in zip(with_lp, accounts, strict=True):
            if account is None:
                raise Refused(ReasonCode.TOKEN_LIQUIDITY, f"the LP mint {lp_mint} of {pool.address} is not there")
            liquidity.require_burnt(pool, mint_facts(account.owner, data_of(account)).supply_units, self._limits.lp_burnt_bps_min)

    async def _require_sellable(self, buy: Build, sell: Build, wallet: str, lane: Lane) -> None:
        if not self._limits.simulated:
            return
        trip = trips.round_trip(buy, sell, wallet)
        if not trip.fits:
            raise Refused(ReasonCode.TOKEN_UNCHECKED, f"buy and sell are {len(trip.transaction)} bytes, more than a node simulates")
        value = await self._rpc.simulate(trip.transaction, lane)
        lost_bps = trips.simulated_loss_bps(value, buy, sell, wallet, trip)
        metrics.TOKEN_ROUND_TRIPS.labels("simulated" if lost_bps is not None else "wallet_too_poor").inc()
        if lost_bps is not None:
            self._require_loss(lost_bps, "in the simulation")

    async def _require_creator(self, pools: Sequence[Pool], lane: Lane) -> None:
        most = self._limits.creator_launches_max
        if not most:
            return
        creator = next((pool.creator for pool in pools if pool.creator), None)
        if creator is None:
            raise Refused(ReasonCode.TOKEN_UNCHECKED, "this venue does not say who made the token")
        launches = await self._rpc.matching_accounts(PUMP_PROGRAM, {CURVE_CREATOR_AT: creator}, lane)
        if not (launches <= most):
            raise Refused(ReasonCode.TOKEN_CREATOR, f"{creator} launched {launches} tokens, at most {most}")

    def _remember(self, key: tuple[str, str, int], verdict: Verdict) -> None:
        """Keep a verdict on the token; that the price moved under a simulation is none."""
        if verdict.refused is not None and verdict.refused.code is ReasonCode.SIMULATION_FAILED:
            return
        if len(self._remembered) >= REMEMBERED_MAX:
            self._remembered.clear()
        self._remembered[key] = verdict


def require_spread(bps_max: int, largest: Sequence[LargestAccount], supply_units: int, not_holders: set[str]) -> None:
    """Raise Refused(TOKEN_HOLDERS) if one account has too much of the supply: it sells, and nobody else can (bps, rounded up)."""
    held = [(int(one.amount), one.address) for one in largest if one.address not in not_holders]
    units, address = max(held, default=(0, ""))
    share_bps = -(-units * BPS // supply_units)
    if not (share_bps <= bps_max):
        raise Refused(ReasonCode.TOKEN_HOLDERS, f"{address} holds {share_bps} bps of the supply, at most {bps_max}")


def check_of(settings: GuardSettings, rpc: SolanaRpc, jupiter: Jupiter) -> Callable[[Intent, str, Lane], Awaitable[None]]:
    """Return the check before a buy under these settings."""
    return TokenSafety(rpc, jupiter, limits_of(settings)).require_safe
