"""Getting signed bytes into a block, and knowing how it ended. The same bytes are sent until they are known or dead.

An attempt is dead only when the FINALIZED height is past its last valid block AND the history does not know its signature; the
height is read first, so that a block which came in between cannot hide a landing. Whatever a send answers decides nothing.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Protocol

from solana.rpc.commitment import Commitment, Confirmed, Finalized

from memesnipe.chain.clients.limits import Lane
from memesnipe.chain.clients.rpc import SolanaRpc
from memesnipe.chain.clients.rpc_types import Landed, SignatureStatus
from memesnipe.guard.metrics import LANDING_S
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.logs import logger
from memesnipe.messages.signing import Signature, SignedTransaction

RANK = {"processed": 0, "confirmed": 1, "finalized": 2}


class Route(Protocol):
    """A way into a block: RPC, Jito or Sender."""

    async def send(self, transaction: bytes, lane: Lane = Lane.NORMAL) -> None:
        """Send once."""
        ...


class Landing:
    """The chain as seen from one RPC host, and the ways into it."""

    def __init__(
        self, rpc: SolanaRpc, routes: Sequence[Route], *, commitment: Commitment = Confirmed, poll_s: float = 0.4, resend_s: float = 2.0
    ) -> None:
        self._rpc, self._routes, self._commitment = rpc, tuple(routes), commitment
        self._poll_s, self._resend_s = poll_s, resend_s

    async def land(self, signed: Signature, lane: Lane) -> Landed | None:
        """Send until the transaction is in a block (returned, failed or not) or can never be (None). Does not give up.

        A signature without bytes is only watched.
        """
        started_s, sent_s = time.monotonic(), -self._resend_s
        while True:
            try:
                found, known = await self._find(signed, lane)
                if found is not None:
                    LANDING_S.observe(time.monotonic() - started_s)
                    return found
                if not known and time.monotonic() - sent_s >= self._resend_s:
                    if await self._dead(signed, lane):
                        return None
                    sent_s = time.monotonic()
                    if isinstance(signed, SignedTransaction):
                        await self._broadcast(signed, lane)
            except (Unavailable, BadInput, Refused) as error:
                logger().warning("landing_unknown", signature=signed.signature, detail=str(error))
            await asyncio.sleep(self._poll_s)

    async def passed(self, height: int, lane: Lane) -> bool:
        """Return whether the finalized chain is past a height."""
        return await self._rpc.block_height(Finalized, lane) > height

    async def _dead(self, signed: Signature, lane: Lane) -> bool:
        """Whether it can never land: the height is read FIRST, then the history, twice, for nodes behind one address may differ."""
        if not await self.passed(signed.last_valid_block_height, lane):
            return False
        for _ in range(2):
            if (await self._find(signed, lane))[1]:
                return False
            await asyncio.sleep(self._poll_s)
        return await self._rpc.transaction(signed.signature, Finalized, lane) is None

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

    async def _broadcast(self, signed: SignedTransaction, lane: Lane) -> None:
        failpoint("guard.before_broadcast")
        for answer in await asyncio.gather(*(route.send(signed.transaction, lane) for route in self._routes), return_exceptions=True):
            if isinstance(answer, (Unavailable, Refused, BadInput)):
                logger().info("send_unknown", signature=signed.signature, detail=str(answer))
            elif isinstance(answer, BaseException):
                raise answer
        failpoint("guard.after_broadcast")
