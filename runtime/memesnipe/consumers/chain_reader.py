"""The chain as history: what happened since a signature, one transaction, one mint. Reads only, rate-limited, asked again on trouble.

Wire formats: https://solana.com/docs/rpc (getSignaturesForAddress, getTransaction, getAccountInfo, getTokenLargestAccounts).
Readers of transactions must accept version 1, or most blocks of mainnet answer -32015.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from memesnipe.chain.clients import json_rpc
from memesnipe.chain.clients.limits import Lane
from memesnipe.chain.clients.rpc_types import Account
from memesnipe.chain.clients.transport import Transport, parsed, reading
from memesnipe.messages.bounds import Slot

PAGE = 1_000
VERSION_MAX = 1


class Line(msgspec.Struct, frozen=True):
    """One entry of an address's history."""

    signature: Annotated[str, Meta(min_length=64, max_length=88)]
    slot: Slot
    err: Any = None


class Landed(msgspec.Struct, frozen=True, rename="camel"):
    """A transaction as history tells it; what is inside is the decoder's to judge. `block_time`: Unix seconds, where the host has it."""

    slot: Slot
    transaction: Any
    meta: Any
    block_time: Annotated[int, Meta(ge=0, le=2**40)] | None = None


class Holder(msgspec.Struct, frozen=True):
    """One of a mint's largest accounts; base units as text."""

    address: str
    amount: Annotated[str, Meta(max_length=20, pattern=r"^[0-9]+\Z")]


class _Holders(msgspec.Struct, frozen=True):
    value: tuple[Holder, ...]


class _Account(msgspec.Struct, frozen=True):
    value: Account | None = None


_LINES = msgspec.json.Decoder(tuple[Line, ...])
_LANDED: "msgspec.json.Decoder[Landed | None]" = msgspec.json.Decoder(Landed | None)
_HOLDERS = msgspec.json.Decoder(_Holders)
_ACCOUNT = msgspec.json.Decoder(_Account)
_TEXT = msgspec.json.Decoder(str)


class History(msgspec.Struct, frozen=True):
    """Lines oldest first; `whole` is False when the limit cut off the older part."""

    lines: tuple[Line, ...]
    whole: bool


class ChainReader:
    """Reads of one RPC host. Raises Unavailable (ask later), Refused (the host said no), BadInput (it broke its contract)."""

    def __init__(self, transport: Transport, commitment: str) -> None:
        self._transport = transport
        self._commitment = "confirmed" if commitment == "processed" else commitment  # history has no processed

    async def since(self, address: str, signature: str, slot: int, limit: int) -> History:
        """Return what happened at an address after a signature, at most `limit` newest lines."""
        found: list[Line] = []
        while len(found) < limit:
            page = await self._page(address, signature, found[-1].signature if found else "")
            fresh = [line for line in page if line.slot >= slot]  # the signature may have been forked away: the slot ends it too
            found += fresh
            if len(page) < PAGE or len(fresh) < len(page):
                return History(tuple(reversed(found[:limit])), whole=len(found) <= limit)
        return History(tuple(reversed(found[:limit])), whole=False)

    async def _page(self, address: str, until: str, before: str) -> tuple[Line, ...]:
        options: dict[str, Any] = {"limit": PAGE, "commitment": self._commitment, "until": until}
        body = await self._read("getSignaturesForAddress", [address, options | ({"before": before} if before else {})])
        return parsed("rpc.getSignaturesForAddress", body, _LINES)

    async def transaction(self, signature: str) -> Landed | None:
        """Return a landed transaction, None while the host does not have it."""
        options = {"commitment": self._commitment, "encoding": "base64", "maxSupportedTransactionVersion": VERSION_MAX}
        return parsed("rpc.getTransaction", await self._read("getTransaction", [signature, options]), _LANDED)

    async def account(self, address: str) -> Account | None:
        """Return an account with its bytes (what a node makes of them is only its word), None where there is none."""
        options = {"commitment": self._commitment, "encoding": "base64"}
        return parsed("rpc.getAccountInfo", await self._read("getAccountInfo", [address, options]), _ACCOUNT).value

    async def largest_holders(self, mint: str) -> tuple[Holder, ...]:
        """Return a mint's largest accounts, largest first."""
        body = await self._read("getTokenLargestAccounts", [mint, {"commitment": self._commitment}])
        return parsed("rpc.getTokenLargestAccounts", body, _HOLDERS).value

    async def genesis(self) -> str:
        """Return the hash that tells which chain this is."""
        return parsed("rpc.getGenesisHash", await self._read("getGenesisHash", []), _TEXT)

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def _read(self, method: str, params: list[Any]) -> bytes:
        envelope = await reading(lambda: json_rpc.ask(self._transport, "/", method, params, Lane.NORMAL))
        return json_rpc.result_of("rpc", method, envelope)
