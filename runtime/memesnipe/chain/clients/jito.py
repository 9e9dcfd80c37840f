"""Jito block engine: bundles, what is said of them, and tips (docs of 2026-02-23).

Bundles vanish silently and can be broken up by an uncled block: whether a transaction landed is judged by its signature, never by a
bundle's status. So nothing here returns success; sending returns nothing but an id for people, and statuses are for logs.
"""

import base64
import hashlib
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from solders.signature import Signature

from memesnipe.chain.clients import json_rpc
from memesnipe.chain.clients.limits import Lane, Rate
from memesnipe.chain.clients.transport import Transport, parsed, reading
from memesnipe.kernel.logs import logger
from memesnipe.messages.bounds import Pubkey, Slot

BUNDLE_TRANSACTIONS_MAX = 5
STATUSES_MAX = 5
DEFAULT_RATE = Rate(per_s=1.0, burst=1, reserved=0)
"""One call a second for each address and region."""

SolAmount = Annotated[float, Meta(ge=0, le=1_000)]
Word = Annotated[str, Meta(max_length=64)]
_TEXT = msgspec.json.Decoder(str)
_ACCOUNTS = msgspec.json.Decoder(tuple[Pubkey, ...])


class TipFloor(msgspec.Struct, frozen=True):
    """Landed tips in SOL (floats on the wire), by percentile."""

    landed_tips_25th_percentile: SolAmount
    landed_tips_50th_percentile: SolAmount
    landed_tips_75th_percentile: SolAmount
    landed_tips_95th_percentile: SolAmount


class Inflight(msgspec.Struct, frozen=True):
    """One entry of getInflightBundleStatuses (it looks back 5 minutes): Invalid, Pending, Failed or Landed."""

    bundle_id: Word
    status: Word
    landed_slot: Slot | None = None


class BundleStatus(msgspec.Struct, frozen=True):
    """One entry of getBundleStatuses; the commitment's name is spelled in two ways."""

    bundle_id: Word
    slot: Slot
    confirmation_status: Word | None = None
    camel_status: Word | None = msgspec.field(default=None, name="confirmationStatus")

    @property
    def commitment(self) -> str:
        """The commitment the bundle's block has; empty when the host does not say."""
        return self.confirmation_status or self.camel_status or ""


class _Inflights(msgspec.Struct, frozen=True):
    value: Annotated[tuple[Inflight | None, ...], Meta(max_length=STATUSES_MAX)] | None = None


class _Statuses(msgspec.Struct, frozen=True):
    value: Annotated[tuple[BundleStatus | None, ...], Meta(max_length=STATUSES_MAX)] | None = None


_FLOORS: "msgspec.json.Decoder[tuple[TipFloor, ...]]" = msgspec.json.Decoder(Annotated[tuple[TipFloor, ...], Meta(min_length=1)])
_INFLIGHTS: "msgspec.json.Decoder[_Inflights | None]" = msgspec.json.Decoder(_Inflights | None)
_STATUSES: "msgspec.json.Decoder[_Statuses | None]" = msgspec.json.Decoder(_Statuses | None)


def bundle_id(transactions: Sequence[bytes]) -> str:
    """Return a bundle's id: hex SHA-256 of its transactions' first signatures in base58, joined by commas (legacy and v0 bytes)."""
    signatures = (str(Signature.from_bytes(transaction[1:65])) for transaction in transactions)
    return hashlib.sha256(",".join(signatures).encode()).hexdigest()


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
        """Send 1 to 5 transactions as a bundle, once; return the id the host gave it. Raises as `send`."""
        sent = transactions[:BUNDLE_TRANSACTIONS_MAX]
        # base58 is the default encoding there, and slow; base64 must be asked for.
        params = [[base64.b64encode(each).decode() for each in sent], {"encoding": "base64"}]
        told = parsed("jito.sendBundle", await self._call("/api/v1/bundles", "sendBundle", params, lane), _TEXT)
        if told != (ours := bundle_id(sent)):
            # Something other than what we sent may be queued there; the signature decides, but somebody should know.
            logger().warning("bundle_id_differs", told=told[:128], ours=ours)
        return told

    async def inflight(self, transactions: Sequence[bytes]) -> Inflight | None:
        """Return what the host says of a bundle of the last 5 minutes. For people: it proves nothing. Raises Unavailable, Refused."""
        result = await self._call(
            "/api/v1/getInflightBundleStatuses", "getInflightBundleStatuses", [[bundle_id(transactions)]], Lane.NORMAL
        )
        found = parsed("jito.getInflightBundleStatuses", result, _INFLIGHTS)
        return found.value[0] if found and found.value else None

    async def status(self, transactions: Sequence[bytes]) -> BundleStatus | None:
        """Return where the host says a bundle landed. For people, as `inflight`."""
        result = await self._call("/api/v1/getBundleStatuses", "getBundleStatuses", [[bundle_id(transactions)]], Lane.NORMAL)
        found = parsed("jito.getBundleStatuses", result, _STATUSES)
        return found.value[0] if found and found.value else None

    async def told(self, transaction: bytes) -> str:
        """Return in one word what became of a transaction's bundle, for the log: it may be wrong. Raises Unavailable, Refused, BadInput."""
        if (landed := await self.status([transaction])) is not None:
            return f"Landed in {landed.slot}, {landed.commitment}"
        inflight = await self.inflight([transaction])
        return inflight.status if inflight else "vanished"

    async def tip_accounts(self) -> tuple[str, ...]:
        """Return the accounts a tip may go to; only those we also know are ever used."""
        result = await reading(lambda: self._call("/api/v1/getTipAccounts", "getTipAccounts", [], Lane.NORMAL))
        return parsed("jito.getTipAccounts", result, _ACCOUNTS)

    async def _call(self, path: str, method: str, params: list[Any], lane: Lane) -> bytes:
        return json_rpc.result_of("jito", method, await json_rpc.ask(self._transport, path, method, params, lane))


class TipFloors:
    """What others tipped lately (https://bundles.jito.wtf); a host of its own, so that asking costs no call of the block engine's."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @classmethod
    def at(cls, url: str) -> "TipFloors":
        """Return a client of the host at `url`."""
        return cls(Transport("jito_tips", url, rate=DEFAULT_RATE))

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def floor(self, lane: Lane = Lane.NORMAL) -> TipFloor:
        """Return the percentiles of tips that landed lately. Asked once. Raises Unavailable, BadInput."""
        reply = await self._transport.get("/api/v1/bundles/tip_floor", {}, call="tip_floor", lane=lane)
        return parsed("jito.tip_floor", reply.body, _FLOORS)[0]
