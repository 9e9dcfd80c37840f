"""One live order from approval to its end. Persist, then act; one attempt landable at a time; unknown is never "failed".

    quote, build, judge  ->  persist attempt  ->  signer  ->  persist signature  ->  broadcast until known  ->  persist outcome

Killed anywhere, the order is given to `settle` again and goes on from what `guard.db` and the chain say. An attempt that was
signed may land, so it is only ever resent; the next one (a fresh quote) begins when the last one is finally dead. Bytes that waited
for the signer until their price is old are built anew, if nobody can have signed them.
"""

import asyncio
from collections.abc import Callable

import msgspec

from memesnipe.approvals import approve
from memesnipe.bus.api import Bus
from memesnipe.chain.clients.limits import Lane
from memesnipe.chain.clients.transport import NeverSent
from memesnipe.guard import metrics, outcome
from memesnipe.guard.attempts import Attempt, Attempts, Status
from memesnipe.guard.decide import rejection
from memesnipe.guard.expiry import blockhash_of
from memesnipe.guard.hosts import Hosts, Keys
from memesnipe.guard.requests import PAUSE_S, Requests, lane_of
from memesnipe.guard.signer_client import AlreadySigned
from memesnipe.guard.stamps import Stamps
from memesnipe.guard.standing import Standing
from memesnipe.kernel.clock import Clock
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.logs import logger
from memesnipe.kernel.metrics import BAD_INPUT
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.orders import ApprovedOrder, Outcome
from memesnipe.messages.signing import Signature, SwapTransaction

ATTEMPTS_MAX = 3
LIFE_LEFT_BLOCKS_MIN = 100
"""Of some 180 finalized blocks at the start. With fewer left (half a minute gone) a price is old, and little time is left to land."""


class Live:
    """Drives live orders, each to exactly one terminal outcome."""

    def __init__(self, bus: Bus, clock: Clock, hosts: Hosts, keys: Keys, attempts: Attempts, standing: Callable[[], Standing]) -> None:
        self._clock, self._hosts, self._attempts = clock, hosts, attempts
        self._requests = Requests(bus, clock, hosts, keys, standing)
        self._unasked: set[tuple[str, int]] = set()
        """Attempts of this process that the signer cannot know: nobody can have signed them."""

    async def settle(self, order: ApprovedOrder) -> tuple[Outcome, ...]:
        """Return the order's outcomes, the terminal one last. Takes as long as it takes."""
        last = self._attempts.last(order.intent.id)
        # One with an attempt was taken before a restart: when, nobody knows any more.
        stamps = Stamps(order.intent, order, self._clock.now_ns() if last is None else 0)
        while True:
            last = self._attempts.last(order.intent.id)
            if last is not None and last.outcomes:
                return last.outcomes  # it ended before a crash and only has to be said
            try:
                if last is not None and last.may_land:
                    await self._finish(order, last, stamps)
                else:
                    await self._begin(order, last.request.attempt + 1 if last else approve.FIRST_ATTEMPT)
                    stamps.begin()
            except Refused as refused:
                outcomes = (rejection(order.intent, refused, self._clock.now_ns(), stamps.way(last)),)
                if last is not None and not last.may_land:
                    # The attempt before this refusal must not look unfinished.
                    self._attempts.ended(order.intent.id, last.request.attempt, last.status, outcomes)
                return outcomes
            except Unavailable as error:
                logger().warning("live_order_waits", intent=order.intent.id, detail=str(error))
                await asyncio.sleep(error.retry_after_s)

    async def settle_orphan(self, intent_id: str) -> tuple[Outcome, ...]:
        """End an order that no stream gives us any more (a lost Redis), or say again how it ended: what was signed may have landed.

        The end is kept before it is said: should the stream give the order after all, it must not begin another attempt.
        """
        last = self._attempts.last(intent_id)
        if last is not None and last.may_land and last.signed is not None:
            await self._land(last, last.signed, Stamps(last.request.intent))
            last = self._attempts.last(intent_id)
        if last is None or last.outcomes:
            return last.outcomes if last else ()
        said = "it never landed" if last.signed else "its order was lost before it was signed"
        outcomes = self._refuse(last, ReasonCode.EXPIRED, said, Stamps(last.request.intent))
        self._end(last, Status.EXPIRED if last.signed else Status.REFUSED, outcomes)
        return outcomes

    async def _begin(self, order: ApprovedOrder, number: int) -> None:
        """Persist a new attempt. Raises Refused."""
        if number > ATTEMPTS_MAX:
            raise Refused(ReasonCode.EXPIRED, f"{ATTEMPTS_MAX} attempts never landed")
        request, quoted_out = await self._requests.built(order, number)
        failpoint("guard.before_attempt")
        self._attempts.begin(request, quoted_out, self._clock.now_ns())
        self._unasked.add((order.intent.id, number))
        failpoint("guard.after_attempt")

    async def _finish(self, order: ApprovedOrder, attempt: Attempt, stamps: Stamps) -> None:
        """Take an attempt that may land to its end."""
        signed = attempt if attempt.signed else await self._signed(order, attempt, stamps)
        if signed is not None and signed.signed is not None:
            await self._land(signed, signed.signed, stamps)

    async def _signed(self, order: ApprovedOrder, attempt: Attempt, stamps: Stamps) -> Attempt | None:
        """Return the attempt with its persisted signature; None when it ended without one. It was never sent, so it cannot land.

        With other bytes than it came with, if they were built anew: the fill is held against the quote that was signed.
        """
        lane, waited = lane_of(order.intent), False
        while True:
            try:
                if waited and await self._is_stale(order, attempt, lane):
                    attempt = await self._rebuilt(order, attempt)
                signed = await self._asked(order, attempt.request, lane)
                failpoint("guard.before_signature_kept")
                self._attempts.signed(signed)
                failpoint("guard.after_signature_kept")
            except Refused as refused:
                self._end(attempt, Status.REFUSED, (rejection(order.intent, refused, self._clock.now_ns(), stamps.way(attempt)),))
                return None
            except (Unavailable, BadInput) as error:
                logger().warning("signer_unknown", intent=order.intent.id, detail=str(error))
                if await self._is_too_late(attempt, lane):
                    outcomes = self._refuse(attempt, ReasonCode.EXPIRED, "the signer did not answer in time", stamps)
                    self._end(attempt, Status.EXPIRED, outcomes)
                    return None
                await asyncio.sleep(PAUSE_S)
                waited = True
            else:
                stamps.signed(signed, self._clock.now_ns())
                return msgspec.structs.replace(attempt, status=Status.SIGNED, signed=signed)

    async def _is_stale(self, order: ApprovedOrder, attempt: Attempt, lane: Lane) -> bool:
        """Whether to build anew: the bytes are old, the signer never had them, and it answers now. Raises Unavailable, BadInput.

        A signer that is away is waited for first: a quote made meanwhile would be old again before anyone could sign it. The wait
        ends with the order's approval (Refused).
        """
        if _key(attempt) not in self._unasked:
            return False
        try:
            left = await self._hosts.expiry.left(attempt.request.last_valid_block_height, lane)
        except (Unavailable, BadInput, Refused):
            return False  # nobody says that they are old; the policy's floor holds whenever they are signed
        if left >= LIFE_LEFT_BLOCKS_MIN:
            return False
        await self._requests.require_allowed(order)
        await self._hosts.signer.wallet()
        logger().info("bytes_are_old", intent=attempt.request.intent.id, attempt=attempt.request.attempt, blocks_left=left)
        return True

    async def _rebuilt(self, order: ApprovedOrder, attempt: Attempt) -> Attempt:
        """Return the attempt with fresh bytes. It keeps its number: the signer takes each one once, and in order. Raises Refused."""
        request, quoted_out = await self._requests.built(order, attempt.request.attempt)
        now_ns = self._clock.now_ns()
        self._attempts.rebuilt(request, quoted_out, now_ns)
        metrics.REQUOTES.inc()
        return msgspec.structs.replace(attempt, request=request, quoted_out=quoted_out, created_ns=now_ns)

    async def _asked(self, order: ApprovedOrder, request: SwapTransaction, lane: Lane) -> Signature:
        """Return the signature of these bytes, or the one that was given for other bytes of the same attempt. Raises Refused.

        That one is of a guard whose `guard.db` is gone, or of one that works beside us: it may land, so it is this attempt. To
        refuse the order here would leave a bought position that nobody knows of.
        """
        approved, key = await self._requests.approved(order, request), (request.intent.id, request.attempt)
        was_unasked = key in self._unasked
        self._unasked.discard(key)
        try:
            return await self._hosts.signer.sign(approved, lane)
        except NeverSent:
            if was_unasked:
                self._unasked.add(key)
            raise
        except AlreadySigned as known:
            logger().warning("signature_adopted", intent=order.intent.id, attempt=request.attempt, signature=known.earlier.signature)
            return known.earlier

    async def _land(self, attempt: Attempt, signed: Signature, stamps: Stamps) -> None:
        """Send until it is known, then persist what it did. An answer that does not fit is read again: never guessed, never refused."""
        identity = await self._requests.identity()
        while True:
            landed = await self._hosts.landing.land(signed, lane_of(stamps.intent), lambda: stamps.sent(self._clock.now_ns()))
            if landed is None:
                self._end(attempt, Status.EXPIRED, ())
                return
            try:
                now_ns, way = self._clock.now_ns(), stamps.way(attempt)
                status, outcomes = outcome.of_landed(attempt, signed, landed, identity.wallet, now_ns, way)
            except (BadInput, Refused) as error:
                BAD_INPUT.labels("landed", "meta").inc()
                logger().error("landed_unreadable", signature=signed.signature, detail=str(error))
                await asyncio.sleep(PAUSE_S)
            else:
                self._end(attempt, status, outcomes)
                return

    def _end(self, attempt: Attempt, status: Status, outcomes: tuple[Outcome, ...]) -> None:
        self._unasked.discard(_key(attempt))
        failpoint("guard.before_outcome_kept")
        self._attempts.ended(attempt.request.intent.id, attempt.request.attempt, status, outcomes)
        failpoint("guard.after_outcome_kept")
        metrics.ATTEMPTS.labels(status.value).inc()

    async def _is_too_late(self, attempt: Attempt, lane: Lane) -> bool:
        """Whether bytes that the signer may have signed can no longer land. Those it never had are built anew once it is back."""
        if _key(attempt) in self._unasked:
            return False
        request = attempt.request
        try:
            return await self._hosts.expiry.passed(request.last_valid_block_height, blockhash_of(request.message), lane)
        except (Unavailable, BadInput, Refused):
            return False  # unknown is not "expired"

    def _refuse(self, attempt: Attempt, code: ReasonCode, detail: str, stamps: Stamps) -> tuple[Outcome, ...]:
        return (rejection(stamps.intent, Refused(code, detail), self._clock.now_ns(), stamps.way(attempt)),)


def _key(attempt: Attempt) -> tuple[str, int]:
    return attempt.request.intent.id, attempt.request.attempt
