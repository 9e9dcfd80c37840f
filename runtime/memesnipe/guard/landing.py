"""Getting signed bytes into a block, and knowing how it ended. The same bytes are sent until they are known or dead.

An attempt is dead only when the FINALIZED height is well past its last valid block AND the history does not know its signature; the
height is read first, so that a block which came in between cannot hide a landing. Whatever a send answers decides nothing, and a
host that cannot be read does not stop the sending: the other ways may be open, and the same bytes cannot land twice.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from solana.rpc.commitment import Commitment, Confirmed
from solders.transaction import VersionedTransaction

from memesnipe.chain.clients.limits import Lane
from memesnipe.chain.clients.rpc import SolanaRpc
from memesnipe.chain.clients.rpc_types import Landed, SignatureStatus
from memesnipe.guard.expiry import Expiry
from memesnipe.guard.metrics import LANDING_S
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.logs import logger
from memesnipe.messages.signing import Signature, SignedTransaction

RANK = {"processed": 0, "confirmed": 1, "finalized": 2}
SEND_WAIT_S = 0.5
"""A way that takes longer goes on by itself: whoever waited for it would learn of a landing late."""
TOLD_WAIT_S = 2.0
HISTORY_LAG_BLOCKS = 32
"""How far a node's history may be behind its own finalized height (some 13 s): until then, not known is not "never landed"."""


class Route(Protocol):
    """A way into a block: RPC, Jito or Sender."""

    async def send(self, transaction: bytes, lane: Lane = Lane.NORMAL) -> None:
        """Send once."""
        ...


class Teller(Protocol):
    """Who can say what became of a transaction, for people: Jito of its bundle."""

    async def told(self, transaction: bytes) -> str:
        """Return it in a word or two."""
        ...


def _unheard() -> None:
    """Nobody asks when."""


class Landing:
    """The chain as seen from one RPC host, and the ways into it."""

    def __init__(
        self,
        rpc: SolanaRpc,
        expiry: Expiry,
        routes: Sequence[Route],
        *,
        teller: Teller | None = None,
        commitment: Commitment = Confirmed,
        poll_s: float = 0.4,
        resend_s: float = 2.0,
    ) -> None:
        self._rpc, self._expiry, self._routes, self._teller = rpc, expiry, tuple(routes), teller
        self._commitment, self._poll_s, self._resend_s = commitment, poll_s, resend_s

    async def land(self, signed: Signature, lane: Lane, at_send: Callable[[], None] = _unheard) -> Landed | None:
        """Send until the transaction is in a block (returned, failed or not) or can never be (None). Does not give up.

        A signature without bytes is only watched. `at_send` is called at each broadcast.
        """
        started_s = time.monotonic()
        sending = _Sending(self._routes, signed, lane, at_send) if isinstance(signed, SignedTransaction) else None
        try:
            found = await self._watched(signed, lane, sending)
        finally:
            if sending is not None:
                sending.cut()
        if found is not None:
            LANDING_S.observe(time.monotonic() - started_s)
        elif isinstance(signed, SignedTransaction):
            await self._tell(signed)
        return found

    async def _watched(self, signed: Signature, lane: Lane, sending: "_Sending | None") -> Landed | None:
        sent_s = -self._resend_s
        if sending is not None and self._expiry.surely_lives(signed.last_valid_block_height):
            sent_s = time.monotonic()
            await sending.send()
        while True:
            known, expired, due = False, False, time.monotonic() - sent_s >= self._resend_s
            try:
                found, known = await self._find(signed, lane)
                if found is not None:
                    return found
                expired = due and not known and await self._expiry.passed(signed.last_valid_block_height, _blockhash_of(signed), lane)
                if expired and await self._dead(signed, lane):
                    return None
            except (Unavailable, BadInput, Refused) as error:
                logger().warning("landing_unknown", signature=signed.signature, detail=str(error))
            if due and not known:
                sent_s = time.monotonic()
                if sending is not None and not expired:
                    await sending.send()
            await asyncio.sleep(self._poll_s)

    async def _dead(self, signed: Signature, lane: Lane) -> bool:
        """Whether what expired never landed: after a while, and at a second look, for nodes behind one address may differ."""
        if await self._expiry.left(signed.last_valid_block_height, lane) > -HISTORY_LAG_BLOCKS:
            return False
        if (await self._find(signed, lane))[1]:
            return False
        await asyncio.sleep(self._poll_s)
        return await self._expiry.forgotten(signed.signature, lane)

    async def _find(self, signed: Signature, lane: Lane) -> tuple[Landed | None, bool]:
        """Return the landed transaction if it is settled enough, and whether anything at all is known of it."""
        (status,) = await self._rpc.statuses([signed.signature], lane)
        if status is None:
            return None, False
        if not self._settled(status):
            return None, True
        return await self._rpc.transaction(signed.signature, self._commitment, lane), True

    def _settled(self, status: SignatureStatus) -> bool:
        # A node that leaves the field out means finalized by it (documented for old slots).
        return RANK.get(status.confirmation_status or "finalized", 0) >= RANK[self._commitment]

    async def _tell(self, signed: SignedTransaction) -> None:
        """Log what is said of bytes that never landed: bundles vanish silently, and nobody else would know how often."""
        if self._teller is None:
            return
        try:
            async with asyncio.timeout(TOLD_WAIT_S):
                said = await self._teller.told(signed.transaction)
        except (Unavailable, BadInput, Refused, TimeoutError) as error:
            said = str(error)
        logger().info("never_landed", signature=signed.signature, bundle=said)


def _blockhash_of(signed: Signature) -> str:
    """Return the blockhash that was signed; empty for a signature whose bytes we never had."""
    if not isinstance(signed, SignedTransaction):
        return ""
    return str(VersionedTransaction.from_bytes(signed.transaction).message.recent_blockhash)


class _Sending:
    """One transaction on its way over every route. A route that is still busy with it is neither waited for nor given it again."""

    def __init__(self, routes: Sequence[Route], signed: SignedTransaction, lane: Lane, at_send: Callable[[], None]) -> None:
        self._signed, self._lane, self._at_send = signed, lane, at_send
        self._under_way: dict[Route, asyncio.Task[None] | None] = dict.fromkeys(routes)

    async def send(self) -> None:
        """Give it to each route that is free, and wait a moment for them."""
        failpoint("guard.before_broadcast")
        self._at_send()
        for route, busy in self._under_way.items():
            if busy is None or busy.done():
                self._under_way[route] = asyncio.create_task(self._over(route))
        tasks = [task for task in self._under_way.values() if task is not None]
        if tasks:
            done, _ = await asyncio.wait(tasks, timeout=SEND_WAIT_S)
            for task in done:
                task.result()  # what is not one of the failures below is a bug, and ends the order's task
        failpoint("guard.after_broadcast")

    def cut(self) -> None:
        """Let go of what is still under way: it may have arrived, and that is fine."""
        for task in self._under_way.values():
            if task is not None:
                task.cancel()

    async def _over(self, route: Route) -> None:
        try:
            await route.send(self._signed.transaction, self._lane)
        except (Unavailable, Refused, BadInput) as error:
            logger().info("send_unknown", signature=self._signed.signature, detail=str(error))
