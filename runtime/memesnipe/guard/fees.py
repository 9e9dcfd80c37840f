"""What to offer for a place in a block: the percentile of what others paid lately, asked anew for each quote.

Two hosts are asked: the RPC host for the priority fee of the accounts the swap writes (Helius' estimate), Jito for its tip floor. An
order does not wait for them: an answer that is late, broken or missing is counted, and the configured constants stand in. Exits offer a
higher percentile than buys, for a position that cannot be left costs more than any fee, and twice as much at each further try. The
policy's caps are applied to the bytes, not here. Paper asks the same numbers, so that it pays what live would.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from memesnipe.chain.clients.jito import TipFloor, TipFloors
from memesnipe.chain.clients.limits import Lane
from memesnipe.chain.clients.rpc import SolanaRpc
from memesnipe.chain.clients.rpc_types import PriorityFeeLevels
from memesnipe.chain.programs import LAMPORTS_PER_SOL
from memesnipe.guard import metrics
from memesnipe.guard.settings import Percentile
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.messages.orders import ExitIntent, Intent

T = TypeVar("T")
Question = tuple[str, ...]
ACCOUNTS_MAX = 32
"""Writable accounts of one swap that are asked about; a route through many pools has more than matter."""
WAIT_S_MAX = 0.5
"""No order waits longer for an estimate."""
SILENT_S = 5.0
"""A host that did not answer, or does not know the question, is not asked again for this long."""
QUESTIONS_MAX = 256
"""Markets whose estimate is remembered; the one asked longest ago goes first."""
PRICE_FRESH_S, PRICE_OLD_S = 2.0, 20.0
TIP_FRESH_S, TIP_OLD_S = 10.0, 60.0
"""A fresh answer is not asked for again; an old one is not used."""
DOUBLINGS_MAX = 10
"""A thousand times the first offer: any policy's cap is below it."""


class Wishes(msgspec.Struct, frozen=True):
    """What we are ready to pay: the constants for a host that is silent, the percentiles, and the least a tip must be to be taken."""

    compute_units: int
    compute_unit_price_micro_lamports: int
    tip_lamports: int
    percentile: Percentile = 50
    exit_percentile: Percentile = 75
    tip_lamports_min: int = 0

    def percentile_of(self, lane: Lane) -> Percentile:
        """Return the percentile for a lane."""
        return self.exit_percentile if lane is Lane.EXIT else self.percentile


class Offer(msgspec.Struct, frozen=True):
    """What to offer, before the policy's caps."""

    price_micro_lamports: int | None
    """For one compute unit; None: nobody said, the quote's own advice or the constant stands in."""
    tip_lamports: int


class Estimates(Generic[T]):
    """One host's answers by question: asked again when no longer fresh, used until they are old."""

    def __init__(
        self, what: str, ask: Callable[[Question, Lane], Awaitable[T]], fresh_s: float, old_s: float, now_s: Callable[[], float]
    ) -> None:
        self._what, self._ask, self._fresh_s, self._old_s, self._now_s = what, ask, fresh_s, old_s, now_s
        self._known: dict[Question, tuple[T, float]] = {}
        self._silent_until_s = now_s()

    async def get(self, question: Question, lane: Lane) -> T | None:
        """Return the newest answer there is within WAIT_S_MAX, None where there is none worth using."""
        known = self._not_older_than(self._fresh_s, question)
        source = "known"
        if known is None and self._now_s() >= self._silent_until_s:
            known, source = await self._asked(question, lane), "asked"
        if known is None:
            known, source = self._not_older_than(self._old_s, question), "known"
        metrics.FEE_ESTIMATES.labels(self._what, source if known is not None else "constant").inc()
        return known

    def _not_older_than(self, age_s: float, question: Question) -> T | None:
        answer, at_s = self._known.get(question, (None, 0.0))
        return answer if answer is not None and self._now_s() - at_s <= age_s else None

    async def _asked(self, question: Question, lane: Lane) -> T | None:
        try:
            async with asyncio.timeout(WAIT_S_MAX):
                answer = await self._ask(question, lane)
        except (Unavailable, BadInput, Refused, TimeoutError) as error:
            self._silent_until_s = self._now_s() + SILENT_S
            logger().info("fee_estimate_missing", what=self._what, detail=str(error)[:200])
            return None
        self._known.pop(question, None)
        self._known[question] = (answer, self._now_s())
        if len(self._known) > QUESTIONS_MAX:
            del self._known[next(iter(self._known))]
        return answer


class Fees:
    """The two hosts, and our wishes. `floors` is None where no way into a block takes a tip by auction."""

    def __init__(self, rpc: SolanaRpc, floors: TipFloors | None, wishes: Wishes, now_s: Callable[[], float] = time.monotonic) -> None:
        self.wishes = wishes
        self._prices = Estimates("priority", rpc.priority_fees, PRICE_FRESH_S, PRICE_OLD_S, now_s)
        self._floors = Estimates("tip", lambda _, lane: floors.floor(lane), TIP_FRESH_S, TIP_OLD_S, now_s) if floors else None

    async def offer(self, accounts: Sequence[str], lane: Lane) -> Offer:
        """Return what to offer for a swap that writes these accounts. Never raises for a host that is silent."""
        asked = tuple(sorted(set(accounts)))[:ACCOUNTS_MAX]
        levels, floor = await asyncio.gather(self._prices.get(asked, lane), self._floor(lane))
        percentile = self.wishes.percentile_of(lane)
        price = max(1, price_at(levels, percentile)) if levels else None
        tip = tip_at(floor, percentile) if floor else self.wishes.tip_lamports
        return Offer(price, max(tip, self.wishes.tip_lamports_min))

    async def _floor(self, lane: Lane) -> TipFloor | None:
        return await self._floors.get((), lane) if self._floors else None


def urgency_of(intent: Intent) -> int:
    """Return how often an order's offer is doubled: an exit's alone, which says it itself."""
    return min(intent.urgency, DOUBLINGS_MAX) if isinstance(intent, ExitIntent) else 0


def more_urgent(intent: Intent, attempt: int) -> Intent:
    """Return the order as it is to be quoted at an attempt of its own, from 1: what did not land in a minute offered too little."""
    if not isinstance(intent, ExitIntent) or attempt <= 1:
        return intent
    return msgspec.structs.replace(intent, urgency=intent.urgency + attempt - 1)


def price_at(levels: PriorityFeeLevels, percentile: Percentile) -> int:
    """Return micro-lamports per compute unit, rounded up."""
    by_percentile = {25: levels.low, 50: levels.medium, 75: levels.high, 95: levels.very_high}
    return _ceil(by_percentile[percentile])


def tip_at(floor: TipFloor, percentile: Percentile) -> int:
    """Return lamports, rounded up."""
    by_percentile = {
        25: floor.landed_tips_25th_percentile,
        50: floor.landed_tips_50th_percentile,
        75: floor.landed_tips_75th_percentile,
        95: floor.landed_tips_95th_percentile,
    }
    return _ceil(round(by_percentile[percentile] * LAMPORTS_PER_SOL, 3))


def _ceil(number: float) -> int:
    return -int(-number // 1)
