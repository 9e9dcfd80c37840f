"""PumpPortal as a source: launches, told by a free service before or beside our own feed of the chain. Its word alone is not enough.

What it claims goes out only when the transaction that it names is on chain and says the same; then slot and time are the chain's, and a
launch on pump.fun is told exactly as our own feed tells it, under the same id, so that whichever comes second is dropped by its mint.
The service keeps no history: each lost connection is a gap that stays one. It bans whoever opens connections in a hurry.
"""

import asyncio
import json
from collections.abc import AsyncIterator

import msgspec

from memesnipe.consumers.api import Delivery
from memesnipe.consumers.book import Recent
from memesnipe.consumers.chain_reader import ChainReader, Landed
from memesnipe.consumers.cursors import cursor_of
from memesnipe.consumers.metrics import GAPS, SKIPPED
from memesnipe.consumers.sources.pumpportal_launches import told_in
from memesnipe.consumers.sources.sessions import Pauses, Wire, connected, heard, sessions
from memesnipe.kernel.clock import NS_PER_S, Clock
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.market.curves import PUMPFUN
from memesnipe.market.pumpfun_events import CreateSeen
from memesnipe.market.pumpfun_ticks import event_of
from memesnipe.market.transactions import events_in
from memesnipe.messages.market import Launch

NAME = "pumpportal"
CLAIMS_MAX = 10_000
ASK_EVERY_S = 0.5


class Cursor(msgspec.Struct, frozen=True):
    """The newest claim, by its transaction. The service cannot go on after it: it only tells that there was a life before."""

    signature: str = ""


class PumpPortal:
    """See `consumers.api.Source`. Its launches are claims until `confirmed` returns them."""

    name = NAME

    def __init__(self, wire: Wire, clock: Clock, reader: ChainReader, confirm_s_max: float) -> None:
        self._wire, self._clock, self._reader, self._confirm_s_max = wire, clock, reader, confirm_s_max
        self._signatures: Recent[str] = Recent(CLAIMS_MAX)
        self._signature = ""

    async def deliveries(self, cursor: bytes) -> AsyncIterator[Delivery]:
        """Deliver claims for ever."""
        self._signature = cursor_of(NAME, cursor, Cursor()).signature
        async for delivery in sessions(NAME, self._session, Pauses(self._wire)):
            yield delivery

    async def _session(self) -> AsyncIterator[Delivery]:
        async with connected(self._wire.url, self._wire) as socket:
            await socket.send(json.dumps({"method": "subscribeNewToken"}))
            if self._signature:
                GAPS.labels(NAME, "unfilled").inc()
            while True:
                delivery = self._delivery(await heard(socket, self._wire))
                if delivery is not None:
                    yield delivery

    def _delivery(self, raw: bytes) -> Delivery | None:
        try:
            told = told_in(raw, self._clock.now_ns())
        except BadInput as error:
            return Delivery(NAME, bad=(error,))
        if told.launch is None:
            SKIPPED.labels(NAME, told.skipped).inc()
            return None
        self._signature = told.signature
        self._signatures.put(told.launch.mint, told.signature)
        return Delivery(NAME, (told.launch,), msgspec.json.encode(Cursor(told.signature)))

    async def confirmed(self, claim: Launch) -> Launch:
        """Return the launch as the chain has it. Raises BadInput for what it does not have in time, or has otherwise."""
        signature = self._signatures.get(claim.mint, "")
        landed = await self._landed(claim.mint, signature)
        if claim.venue == PUMPFUN:
            return _told_by_pumpfun(claim, signature, landed)
        if not _touches(landed, claim.mint):
            raise BadInput("mint", f"{claim.mint}: its transaction does not touch it")
        time_ns = landed.block_time * NS_PER_S if landed.block_time else claim.time_ns
        return msgspec.structs.replace(claim, slot=landed.slot, time_ns=time_ns)

    async def _landed(self, mint: str, signature: str) -> Landed:
        """Ask until the host has the transaction: the service may see it before it is confirmed."""
        try:
            async with asyncio.timeout(self._confirm_s_max):
                while (landed := await self._asked(signature)) is None:  # noqa: ASYNC110 - a host is asked, nobody could set an event
                    await asyncio.sleep(ASK_EVERY_S)
                return landed
        except TimeoutError:
            raise BadInput("signature", f"{mint}: not on chain within {self._confirm_s_max:g} s") from None

    async def _asked(self, signature: str) -> Landed | None:
        try:
            return await self._reader.transaction(signature)
        except (Unavailable, Refused) as error:
            logger().warning("launch_unconfirmed", source=NAME, error=type(error).__name__)
            return None


def _told_by_pumpfun(claim: Launch, signature: str, landed: Landed) -> Launch:
    """A failed transaction launched nothing, and events of other mints are no launch of this one."""
    for ordinal, seen in enumerate(events_in(landed.transaction, landed.meta).seen):
        if isinstance(seen, CreateSeen) and seen.mint == claim.mint:
            event = event_of(seen, signature, ordinal, landed.slot)
            if isinstance(event, Launch):
                return event
    raise BadInput("mint", f"{claim.mint}: its transaction launched no such token")


def _touches(landed: Landed, mint: str) -> bool:
    if not isinstance(landed.meta, dict) or landed.meta.get("err") is not None:
        return False
    balances = landed.meta.get("postTokenBalances") or ()
    return any(isinstance(balance, dict) and balance.get("mint") == mint for balance in balances)
