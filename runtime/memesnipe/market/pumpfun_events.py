"""pump.fun's own events, decoded from the bytes the program emits. Pure: bytes in, values out, BadInput on anything else.

Borsh layouts from the public IDL, checked against mainnet captures of mid-2026. Fields get appended on chain, so trailing bytes are
tolerated and a field behind a shorter, older tail is None. Decoder of layout 2026-05 (shareholders vector, quote mint at the end).
"""

import struct
from collections.abc import Callable

import msgspec
from solders.pubkey import Pubkey

from memesnipe.kernel.errors import BadInput
from memesnipe.messages.bounds import AMOUNT_MAX

TRADE = bytes.fromhex("bddb7fd34ee661ee")
CREATE = bytes.fromhex("1b72a94ddeeb6376")
COMPLETE = bytes.fromhex("5f72619cd42e9808")
SELF_CPI = bytes.fromhex("e445a52e51cb9a1d")
"""Anchor's tag in front of an event that a program emits by calling itself."""

_KEY_BYTES = 32
_TEXT_BYTES_MAX = 2_048
_SHAREHOLDERS_MAX = 1_000
_NO_KEY = "11111111111111111111111111111111"


class TradeSeen(msgspec.Struct, frozen=True, gc=False):
    """A buy or sell on a bonding curve; reserves are the virtual ones AFTER it. Lamports, token base units, bps, Unix seconds."""

    mint: str
    sol_lamports: int
    units: int
    is_buy: bool
    user: str
    time_s: int
    quote_lamports: int
    base_units: int
    fee_bps: int
    """Protocol, creator and cashback together: what a trader pays on top."""


class CreateSeen(msgspec.Struct, frozen=True, gc=False):
    """A token's first state on its curve. Names are raw text from a stranger."""

    mint: str
    name: str
    symbol: str
    creator: str
    curve: str
    time_s: int
    quote_lamports: int
    base_units: int
    supply_units: int
    token_program: str


class CompleteSeen(msgspec.Struct, frozen=True, gc=False):
    """A curve is sold out: its token trades elsewhere from now on."""

    mint: str
    time_s: int


Seen = TradeSeen | CreateSeen | CompleteSeen


class _Reader:
    """A cursor over Borsh bytes; running out of them names the field."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    def left(self) -> int:
        return len(self._raw) - self._at

    def take(self, count: int, field: str) -> bytes:
        if count > self.left():
            raise BadInput(field, f"{self.left()} bytes left of {count}")
        self._at += count
        return self._raw[self._at - count : self._at]

    def key(self, field: str) -> str:
        return str(Pubkey.from_bytes(self.take(_KEY_BYTES, field)))

    def u64(self, field: str) -> int:
        value: int = struct.unpack("<Q", self.take(8, field))[0]
        return value

    def amount(self, field: str) -> int:
        value = self.u64(field)
        if value > AMOUNT_MAX:
            raise BadInput(field, f"{value} is above {AMOUNT_MAX}")
        return value

    def flag(self, field: str) -> bool:
        return self.take(1, field) != b"\0"

    def length(self, field: str, most: int) -> int:
        value: int = struct.unpack("<I", self.take(4, field))[0]
        if value > most:
            raise BadInput(field, f"length {value} is above {most}")
        return value

    def text(self, field: str) -> str:
        return self.take(self.length(field, _TEXT_BYTES_MAX), field).decode(errors="replace")

    def skip(self, count: int, field: str) -> None:
        self.take(count, field)


def decode(raw: bytes) -> Seen | None:
    """Return the event in `raw` (with or without the self-CPI tag), None for a kind we do not use. Raises BadInput."""
    body = raw[len(SELF_CPI) :] if raw.startswith(SELF_CPI) else raw
    decoders: dict[bytes, Callable[[_Reader], Seen]] = {TRADE: _trade, CREATE: _create, COMPLETE: _complete}
    found = decoders.get(body[:8])
    return found(_Reader(body[8:])) if found else None


def _trade(read: _Reader) -> TradeSeen:
    mint, sol, units, is_buy = read.key("mint"), read.amount("sol_amount"), read.amount("token_amount"), read.flag("is_buy")
    user, time_s = read.key("user"), read.amount("timestamp")
    quote, base = read.amount("virtual_sol_reserves"), read.amount("virtual_token_reserves")
    read.skip(16 + _KEY_BYTES, "fee_recipient")
    protocol_bps = read.amount("fee_basis_points")
    read.skip(8 + _KEY_BYTES, "creator")
    creator_bps = read.amount("creator_fee_basis_points")
    read.skip(8, "creator_fee")
    cashback_bps, quote_mint = _tail(read)
    if quote_mint != _NO_KEY or quote == 0:
        raise BadInput("quote_mint", f"{mint} is not quoted in SOL but in {quote_mint}")
    return TradeSeen(mint, sol, units, is_buy, user, time_s, quote, base, protocol_bps + creator_bps + cashback_bps)


def _tail(read: _Reader) -> tuple[int, str]:
    """Return (cashback bps, quote mint) of the fields appended since 2025; an older event has neither."""
    if read.left() < 1 + 8 * 4 + 4:
        return 0, _NO_KEY
    read.skip(1 + 8 * 4, "volume")
    read.text("ix_name")
    if read.left() < 1 + 8 + 8:
        return 0, _NO_KEY
    read.skip(1, "mayhem_mode")
    cashback_bps = read.amount("cashback_fee_basis_points")
    read.skip(8, "cashback")
    if read.left() < 16 + 4:
        return cashback_bps, _NO_KEY
    read.skip(16, "buyback")
    read.skip(read.length("shareholders", _SHAREHOLDERS_MAX) * (_KEY_BYTES + 2), "shareholders")
    return cashback_bps, read.key("quote_mint") if read.left() >= _KEY_BYTES else _NO_KEY


def _create(read: _Reader) -> CreateSeen:
    name, symbol = read.text("name"), read.text("symbol")
    read.text("uri")
    mint, curve = read.key("mint"), read.key("bonding_curve")
    read.skip(_KEY_BYTES, "user")
    creator, time_s = read.key("creator"), read.amount("timestamp")
    base, quote = read.amount("virtual_token_reserves"), read.amount("virtual_sol_reserves")
    read.skip(8, "real_token_reserves")
    supply = read.amount("token_total_supply")
    program = read.key("token_program") if read.left() >= _KEY_BYTES else ""
    if read.left() >= 2 + _KEY_BYTES:
        read.skip(2, "modes")
        if (quote_mint := read.key("quote_mint")) != _NO_KEY:
            raise BadInput("quote_mint", f"{mint} is not quoted in SOL but in {quote_mint}")
    return CreateSeen(mint, name, symbol, creator, curve, time_s, quote, base, supply, program)


def _complete(read: _Reader) -> CompleteSeen:
    read.skip(_KEY_BYTES, "user")
    mint = read.key("mint")
    read.skip(_KEY_BYTES, "bonding_curve")
    return CompleteSeen(mint, read.amount("timestamp"))
