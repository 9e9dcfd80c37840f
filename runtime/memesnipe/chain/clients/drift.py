"""Drift Gateway (today Velocity Gateway): a person's own HTTP server that trades perpetuals, signing with a key that IT holds.

Wire format: https://github.com/drift-labs/gateway, README of 2025; older versions say `marketId` for `marketIndex`, and newer ones have no
order book, so both names stand here alone. Nothing of it was tried against a live gateway. Amounts are decimals of whole contracts as
text, negative for a sale; they are sent as exact JSON numbers. A write answers with a signature, and an error with `{code, reason}`.

What it signs is neither approved nor checked by anything of ours: whoever reaches its port can trade. It has no password; keep it on
loopback. An order can be named by one byte only (`userOrderId`), too few to tell after a silence whether it was placed: a write is never
repeated here, and `Unavailable` means that it may have been done.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from memesnipe.chain.clients.limits import Lane, Rate
from memesnipe.chain.clients.transport import Reply, Transport, bad_input, parsed, reading
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode

RATE = Rate(per_s=20.0, burst=20, reserved=5)
BOOK_PATH = "/v2/orderbook"
ORDERS_PATH = "/v2/orders"

T = TypeVar("T")
MarketKind = Literal["perp", "spot"]
Index = Annotated[int, Meta(ge=0, le=65_535)]
Number = Annotated[str, Meta(max_length=40, pattern=r"^-?[0-9]{1,20}(\.[0-9]{1,18})?\Z")]
"""A decimal as the gateway writes it: never NaN, an infinity or an exponent."""


class Market(msgspec.Struct, frozen=True, rename="camel"):
    """A market, with the steps and the least size of its orders (contracts, USD)."""

    market_index: Index
    symbol: Annotated[str, Meta(max_length=64)]
    price_step: Number = "0"
    amount_step: Number = "0"
    min_order_size: Number = "0"


class Markets(msgspec.Struct, frozen=True):
    """Every market of the gateway."""

    spot: tuple[Market, ...] = ()
    perp: tuple[Market, ...] = ()


class Order(msgspec.Struct, frozen=True, rename="camel"):
    """An open order. `amount` is negative for a sale, `filled` what of it was done."""

    order_type: Annotated[str, Meta(max_length=32)]
    market_index: Index
    market_type: MarketKind
    amount: Number
    filled: Number
    price: Number
    order_id: int
    user_order_id: Annotated[int, Meta(ge=0, le=255)] = 0
    post_only: bool = False
    reduce_only: bool = False


class PerpPosition(msgspec.Struct, frozen=True, rename="camel"):
    """A perpetual position, negative where it is short."""

    market_index: Index
    amount: Number
    average_entry: Number = "0"


class SpotPosition(msgspec.Struct, frozen=True, rename={"kind": "type", "market_index": "marketIndex"}):
    """A balance with the protocol."""

    market_index: Index
    amount: Number
    kind: Literal["deposit", "borrow"]


class Positions(msgspec.Struct, frozen=True):
    """What the gateway's account holds."""

    spot: tuple[SpotPosition, ...] = ()
    perp: tuple[PerpPosition, ...] = ()


class Level(msgspec.Struct, frozen=True):
    """So many contracts at this price (USD)."""

    price: Number
    amount: Number


class Book(msgspec.Struct, frozen=True):
    """An order book, best prices first."""

    bids: Annotated[tuple[Level, ...], Meta(max_length=10_000)]
    asks: Annotated[tuple[Level, ...], Meta(max_length=10_000)]
    slot: Annotated[int, Meta(ge=0, le=2**53)] = 0


class NewOrder(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """An order to place (or, with an id, to change): contracts, negative to sell, at a USD price; a market order has none."""

    market_index: Index
    market_type: MarketKind
    amount: Decimal
    price: Decimal | None = None
    order_type: Literal["", "limit", "market"] = ""
    user_order_id: Annotated[int, Meta(ge=0, le=255)] = 0
    order_id: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    max_ts: int | None = None
    """Unix seconds after which it must not fill: the gateway sends an order again and again until it lands."""


class _Failure(msgspec.Struct, frozen=True):
    code: Any = ""
    reason: Annotated[str, Meta(max_length=4_096)] = ""


_MARKETS = msgspec.json.Decoder(Markets)
_POSITIONS = msgspec.json.Decoder(Positions)
_BOOK = msgspec.json.Decoder(Book)
_SIGNATURE: "msgspec.json.Decoder[str]" = msgspec.json.Decoder(Annotated[str, Meta(min_length=64, max_length=128)])
_FAILURE = msgspec.json.Decoder(_Failure)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class _Orders(msgspec.Struct, frozen=True):
    orders: tuple[Order, ...]


_ORDERS = msgspec.json.Decoder(_Orders)


class DriftGateway:
    """One gateway. Reads are asked again on trouble; writes are made once. Raises Unavailable, BadInput, Refused (it said no)."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @classmethod
    def at(cls, url: str, rate: Rate = RATE) -> "DriftGateway":
        """Return a client of the gateway at `url`."""
        return cls(Transport("drift", url, rate=rate))

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def markets(self) -> Markets:
        """Return every market."""
        return await self._read("/v2/markets", "markets", _MARKETS)

    async def orders(self) -> tuple[Order, ...]:
        """Return the open orders."""
        return (await self._read(ORDERS_PATH, "orders", _ORDERS)).orders

    async def positions(self) -> Positions:
        """Return what the account holds."""
        return await self._read("/v2/positions", "positions", _POSITIONS)

    async def book(self, market_index: int, market_type: MarketKind = "perp", lane: Lane = Lane.NORMAL) -> Book:
        """Return a market's order book."""
        return await self._read(BOOK_PATH, "book", _BOOK, lane, {"marketIndex": market_index, "marketType": market_type})

    async def place(self, orders: Sequence[NewOrder], lane: Lane = Lane.NORMAL) -> str:
        """Place orders in one transaction; return its signature."""
        body = _ENCODER.encode({"orders": list(orders)})
        return self._signature("place", await self._transport.post(ORDERS_PATH, body, call="place", lane=lane))

    async def modify(self, orders: Sequence[NewOrder], lane: Lane = Lane.NORMAL) -> str:
        """Change orders, each named by its `order_id` or `user_order_id`; return the transaction's signature."""
        if unnamed := [order for order in orders if order.order_id is None and not order.user_order_id]:
            raise ValueError(f"{len(unnamed)} orders name none that is open: the gateway would change whichever it finds")
        body = _ENCODER.encode({"orders": list(orders)})
        return self._signature("modify", await self._transport.patch(ORDERS_PATH, body, call="modify", lane=lane))

    async def cancel(self, order_ids: Sequence[int] = (), user_order_ids: Sequence[int] = (), lane: Lane = Lane.EXIT) -> str:
        """Cancel these orders; return the transaction's signature. Without any it is a mistake, not all of them."""
        body = {"ids": list(order_ids)} if order_ids else {"userIds": list(user_order_ids)}
        if not any(body.values()):
            raise ValueError("no order is named: the gateway would cancel every one")
        return self._signature("cancel", await self._transport.delete(ORDERS_PATH, _ENCODER.encode(body), call="cancel", lane=lane))

    async def _read(
        self, path: str, call: str, decoder: "msgspec.json.Decoder[T]", lane: Lane = Lane.NORMAL, body: dict[str, Any] | None = None
    ) -> T:
        content = _ENCODER.encode(body) if body else b""
        reply = await reading(lambda: self._transport.get(path, {}, call=call, lane=lane, content=content))
        self._require_ok(call, reply)
        return parsed(f"drift.{call}", reply.body, decoder)

    def _signature(self, call: str, reply: Reply) -> str:
        self._require_ok(call, reply)
        return parsed(f"drift.{call}", reply.body, _SIGNATURE)

    def _require_ok(self, call: str, reply: Reply) -> None:
        if reply.status == 200:
            return
        try:
            failure = _FAILURE.decode(reply.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise bad_input("drift", "status", f"HTTP {reply.status}") from None
        raise Refused(ReasonCode.CHAIN_FAILED, f"drift.{call}: {failure.code} {failure.reason}"[:300])
