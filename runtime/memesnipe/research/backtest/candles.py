"""Candles as a market: each one becomes three prices on a pool of a stated depth, chosen against a holder: open, low, close.

The path inside a candle is unknown. A stop is touched at the low, before the close, and sells there; the high is left out, because a goal
that it touched would be sold at the very top: a goal is reached at a close. Strategies hear the close alone: a low that only the finished
candle shows cannot be bought. The pool is constant product and holds `depth_lamports` on its SOL side, so that an order of 1% of it moves
the price by about 2%; it takes the fee of a venue that is not known (1%). Prices are in the file's quote currency, counted as SOL;
`quoted_in` divides them by SOL's own candles.
"""

import hashlib
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.feather as feather

from memesnipe.kernel.errors import BadInput
from memesnipe.kernel.ids import derive
from memesnipe.market.base58 import ALPHABET
from memesnipe.messages.bounds import AMOUNT_MAX, TIME_NS_MAX, TIME_NS_MIN, Side
from memesnipe.messages.market import PriceTick

VENUE = "candles"
DECIMALS = 6
SLOT_NS = 400_000_000
PRICES = 3
"""Of each candle."""
LAMPORTS_PER_UNIT = 1_000
"""Lamports per base unit of a token that costs one SOL, with six decimals."""
COLUMNS = ("date", "open", "high", "low", "close", "volume")
NS_PER_UNIT = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}


class Candle(msgspec.Struct, frozen=True, gc=False):
    """One candle: its first moment, its prices in SOL for a whole token, its volume in whole tokens."""

    open_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class Moment(msgspec.Struct, frozen=True, gc=False):
    """A price of a candle. `heard`: whether strategies hear it."""

    tick: PriceTick
    heard: bool


def read(path: Path) -> list[Candle]:
    """Return the candles of a feather file (date, open, high, low, close, volume), oldest first. Raises BadInput naming row and column."""
    table = _table(path)
    times = _times_ns(table.column("date"), path)
    columns = [table.column(name).to_pylist() for name in COLUMNS[1:]]
    candles = [Candle(*row) for row in zip(times, *columns, strict=True)]
    for number, candle in enumerate(candles):
        _look_at(path, number, candle, candles[number - 1].open_ns if number else TIME_NS_MIN - 1)
    return candles


def quoted_in(candles: list[Candle], quote: list[Candle]) -> list[Candle]:
    """Return prices divided by the other file's close of the same moment: TOKEN/USDT over SOL/USDT is TOKEN/SOL.

    A candle whose moment the other file does not have is left out. Raises BadInput when none is left.
    """
    closes: Mapping[int, float] = {candle.open_ns: candle.close for candle in quote}
    both = [(one, closes[one.open_ns]) for one in candles if one.open_ns in closes]
    if not both:
        raise BadInput("candles", "no candle of the token is of the same time as one of SOL")
    return [Candle(c.open_ns, c.open / sol, c.high / sol, c.low / sol, c.close / sol, c.volume) for c, sol in both]


def moments(candles: list[Candle], name: str, depth_lamports: int) -> Iterator[Moment]:
    """Yield the prices of the candles in order. `name` says which token: the same name is the same mint. Raises BadInput."""
    mint, step_ns = mint_of(name), _step_ns(candles)
    for candle in candles:
        yield Moment(_tick(mint, candle, 0, step_ns, candle.open, depth_lamports), heard=False)
        yield Moment(_tick(mint, candle, 1, step_ns, candle.low, depth_lamports), heard=False)
        yield Moment(_closing(_tick(mint, candle, 2, step_ns, candle.close, depth_lamports), candle), heard=True)


def mint_of(name: str) -> str:
    """Return a stand-in address for a token that is known by name alone: 44 characters of base58, nobody's."""
    number, text = int(hashlib.sha256(name.encode()).hexdigest(), 16), ""
    for _ in range(44):
        number, digit = divmod(number, 58)
        text += ALPHABET[digit]
    return text


def _tick(mint: str, candle: Candle, number: int, step_ns: int, price: float, depth_lamports: int) -> PriceTick:
    time_ns = candle.open_ns + number * step_ns // PRICES
    units = round(depth_lamports / (price * LAMPORTS_PER_UNIT))
    if not (0 < units <= AMOUNT_MAX):
        raise BadInput("candles", f"a price of {price} cannot be told on a pool of {depth_lamports} lamports")
    return PriceTick(derive("candle", mint, time_ns), time_ns, time_ns // SLOT_NS, mint, VENUE, depth_lamports, units, DECIMALS)


def _closing(tick: PriceTick, candle: Candle) -> PriceTick:
    """The whole volume is told with the close, as bought or sold by the candle's direction: nothing better is known."""
    lamports = min(round(candle.volume * candle.close * LAMPORTS_PER_UNIT * 10**DECIMALS), AMOUNT_MAX)
    side = Side.BUY if candle.close >= candle.open else Side.SELL
    units = min(round(candle.volume * 10**DECIMALS), AMOUNT_MAX)
    return msgspec.structs.replace(tick, trade_side=side, trade_lamports=lamports, trade_units=units)


def _step_ns(candles: list[Candle]) -> int:
    """The usual length of a candle: the shortest distance of two."""
    return min((b.open_ns - a.open_ns for a, b in itertools.pairwise(candles)), default=PRICES * SLOT_NS)


def _table(path: Path) -> Any:
    try:
        table = feather.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadInput("candles", f"{path}: {error}") from None
    if missing := sorted(set(COLUMNS) - set(table.column_names)):
        raise BadInput("candles", f"{path}: no column {', '.join(missing)}")
    return table


def _times_ns(column: Any, path: Path) -> list[int]:
    if not pa.types.is_timestamp(column.type):
        raise BadInput("candles", f"{path}: date is {column.type}, not a time")
    factor = NS_PER_UNIT[column.type.unit]
    return [int(value) * factor if value is not None else 0 for value in column.cast(pa.int64()).to_pylist()]


def _look_at(path: Path, number: int, candle: Candle, before_ns: int) -> None:
    if not (before_ns < candle.open_ns <= TIME_NS_MAX):
        raise BadInput("candles", f"{path}: row {number}: date is not after the one before it, or out of bounds")
    prices = (candle.open, candle.high, candle.low, candle.close)
    if not all(isinstance(price, float) and 0 < price < float("inf") for price in prices):
        raise BadInput("candles", f"{path}: row {number}: a price is not a positive number")
    if not (candle.low <= min(prices) and candle.high >= max(prices) and candle.volume >= 0):
        raise BadInput("candles", f"{path}: row {number}: low, high and volume do not fit")
