"""Jito block engine: bundles, their status and tips (docs of 2026-02-23).

Bundles vanish silently and can be broken up by an uncled block: whether a transaction landed is judged by its signature, never by a
bundle's status. So nothing here returns success; sending returns nothing but an id for people.
"""

import base64
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from memesnipe.chain.clients import json_rpc
from memesnipe.chain.clients.limits import Lane, Rate
from memesnipe.chain.clients.transport import Transport, parsed, reading
from memesnipe.messages.bounds import Pubkey

BUNDLE_TRANSACTIONS_MAX = 5
DEFAULT_RATE = Rate(per_s=1.0, burst=1, reserved=0)
"""One call a second for each address and region."""

SolAmount = Annotated[float, Meta(ge=0, le=1_000)]
_TEXT = msgspec.json.Decoder(str)
_ACCOUNTS = msgspec.json.Decoder(tuple[Pubkey, ...])


class TipFloor(msgspec.Struct, frozen=True):
    """Landed tips in SOL (floats on the wire)."""

    landed_tips_50th_percentile: SolAmount
    landed_tips_75th_percentile: SolAmount
    landed_tips_95th_percentile: SolAmount


_FLOORS: "msgspec.json.Decoder[tuple[TipFloor, ...]]" = msgspec.json.Decoder(Annotated[tuple[TipFloor, ...], Meta(min_length=1)])


class Jito:
    """One block engine."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @classmethod
    def at(cls, url: str, auth: str = "", rate: Rate = DEFAULT_RATE) -> "Jito":
        """Return a client; `auth` is the optional uuid."""
        return cls(Transport("jito", url, rate=rate, headers={"x-jito-auth": auth} if auth else {}))

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def send(self, transaction: bytes, lane: Lane = Lane.NORMAL) -> None:
        """Send one transaction as a bundle of its own, once. Raises Unavailable (unknown) and Refused (not taken)."""
        await self.send_bundle([transaction], lane)

    async def send_bundle(self, transactions: Sequence[bytes], lane: Lane = Lane.NORMAL) -> str:
        """Send 1 to 5 transactions as a bundle, once; return its id. Raises as `send`."""
        encoded = [base64.b64encode(each).decode() for each in transactions[:BUNDLE_TRANSACTIONS_MAX]]
        # base58 is the default encoding there, and slow; base64 must be asked for.
        result = await self._call("/api/v1/bundles", "sendBundle", [encoded, {"encoding": "base64"}], lane)
        return parsed("jito.sendBundle", result, _TEXT)

    async def tip_accounts(self) -> tuple[str, ...]:
        """Return the accounts a tip may go to; only those we also know are ever used."""
        result = await reading(lambda: self._call("/api/v1/getTipAccounts", "getTipAccounts", [], Lane.NORMAL))
        return parsed("jito.getTipAccounts", result, _ACCOUNTS)

    async def tip_floor(self) -> TipFloor:
        """Return the percentiles of tips that landed lately."""
        reply = await reading(lambda: self._transport.get("/api/v1/bundles/tip_floor", {}, call="tip_floor"))
        return parsed("jito.tip_floor", reply.body, _FLOORS)[0]

    async def _call(self, path: str, method: str, params: list[Any], lane: Lane) -> bytes:
        return json_rpc.result_of("jito", method, await json_rpc.ask(self._transport, path, method, params, lane))
