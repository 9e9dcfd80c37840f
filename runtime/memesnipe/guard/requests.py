"""What the signer is asked: an order's bytes on a fresh quote, then our approval of exactly these and the newest lease.

Everything here may be made again, and nothing is kept: what is persisted, and when, is `live`'s business.
"""

import asyncio
from collections.abc import Callable

import msgspec

from memesnipe.approvals import approve
from memesnipe.bus import topology
from memesnipe.bus.api import Bus
from memesnipe.chain.clients.limits import Lane
from memesnipe.guard import live_checks, metrics
from memesnipe.guard.fees import more_urgent
from memesnipe.guard.hosts import Hosts, Keys
from memesnipe.guard.live_checks import Identity
from memesnipe.guard.standing import Standing
from memesnipe.guard.venue import Ready
from memesnipe.kernel.clock import NS_PER_S, Clock
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import ApprovedOrder, ExitIntent, Intent
from memesnipe.messages.signing import SwapTransaction

QUOTES_MAX = 4
"""A read that fails or a simulation that no longer fits is asked again this often before the order is given back."""
PAUSE_S = 0.25
LEASE_WAIT_S = 3.0
"""A lease is renewed a few times a second; the first one of a new halt epoch is on its way."""
APPROVAL_TTL_NS = 60 * NS_PER_S


class Requests:
    """Makes requests to the signer, each time under what is in force then."""

    def __init__(self, bus: Bus, clock: Clock, hosts: Hosts, keys: Keys, standing: Callable[[], Standing]) -> None:
        self._bus, self._clock, self._hosts, self._keys, self._standing = bus, clock, hosts, keys, standing
        self._identity: Identity | None = None

    async def built(self, order: ApprovedOrder, number: int) -> tuple[SwapTransaction, int]:
        """Return a request on a fresh quote, still without our approval, and what was quoted. Raises Refused."""
        identity = await self.require_allowed(order)
        await self._lease(order)
        ready = await self._ready(more_urgent(order.intent, number), identity)
        request = SwapTransaction(
            intent=order.intent,
            attempt=number,
            message=ready.built.message,
            last_valid_block_height=ready.built.last_valid_block_height,
            min_out=ready.min_out,
            tables=ready.built.tables,
            risk_approval=order.approval,
            guard_approval=b"",
            lease=b"",
            mint=ready.built.mint,
        )
        return request, ready.built.quoted_out

    async def approved(self, order: ApprovedOrder, request: SwapTransaction) -> SwapTransaction:
        """Return the request with our approval of its bytes, made now, and the newest lease. Raises Refused."""
        identity = await self.require_allowed(order)
        lease = await self._lease(order)
        approval = approve.approve_guard(
            order.intent,
            attempt=request.attempt,
            message=request.message,
            tables=request.tables,
            stated=approve.stated_digest(request),
            risk_approval=request.risk_approval,
            mode=Mode.LIVE,
            genesis=identity.genesis,
            policy_hash=order.policy_hash,
            halt_epoch=order.halt_epoch,
            now_ns=self._clock.now_ns(),
            ttl_ns=APPROVAL_TTL_NS,
            key=self._keys.own,
        )
        return msgspec.structs.replace(request, guard_approval=approval, lease=lease)

    async def require_allowed(self, order: ApprovedOrder) -> Identity:
        """Return whose order this is, if it may still be carried out. Raises Refused."""
        identity = await self.identity()
        live_checks.require_allowed(order, self._standing(), identity)
        live_checks.require_approved(order, self._keys.trusted, identity.genesis, self._clock.now_ns())
        return identity

    async def identity(self) -> Identity:
        """Return wallet and chain, asked until somebody answers."""
        while self._identity is None:
            try:
                self._identity = Identity(await self._hosts.signer.wallet(), await self._hosts.rpc.genesis())
            except (Unavailable, BadInput, Refused) as error:
                logger().warning("identity_unknown", detail=str(error))
                await asyncio.sleep(PAUSE_S)
        return self._identity

    async def _ready(self, intent: Intent, identity: Identity) -> Ready:
        """Return bytes worth approving; a host that does not answer is asked again, for a fresh quote. Raises Refused."""
        lane, limits = lane_of(intent), self._standing().config.limits
        refused = Refused(ReasonCode.QUOTE_MISSING, "no quote in time")
        for _ in range(QUOTES_MAX):
            try:
                return await self._hosts.venue.prepare(intent, identity.wallet, limits, lane)
            except (Unavailable, BadInput) as error:
                refused = Refused(ReasonCode.QUOTE_MISSING, str(error))
            except Refused as error:
                if error.code is not ReasonCode.SIMULATION_FAILED:
                    raise
                refused = error
            await asyncio.sleep(PAUSE_S)
        raise refused

    async def _lease(self, order: ApprovedOrder) -> bytes:
        """Return a lease that allows the order, waiting a moment for one. Raises Refused."""
        strategy, loop = order.intent.strategy, asyncio.get_running_loop()
        names = [topology.LEASE_KEY, topology.EXIT_LEASE_KEY] if isinstance(order.intent, ExitIntent) else [topology.LEASE_KEY]
        deadline_s = loop.time() + LEASE_WAIT_S
        while True:
            found = [await self._bus.get(name.format(strategy=strategy)) for name in names]
            now_ns = self._clock.now_ns()
            try:
                envelope, lease = live_checks.lease_that_fits([one for one in found if one], order, self._keys.trusted, now_ns)
            except Refused:
                if loop.time() >= deadline_s:
                    raise
                await asyncio.sleep(PAUSE_S)
            else:
                metrics.LEASE_AGE_S.set((now_ns - lease.issued_ns) / NS_PER_S)
                return envelope


def lane_of(intent: Intent) -> Lane:
    """Exits go first."""
    return Lane.EXIT if isinstance(intent, ExitIntent) else Lane.NORMAL
