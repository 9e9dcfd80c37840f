"""What was read for one picture of the system: the input of `snapshot.build`, as typed values and nothing derived."""

import msgspec

from memesnipe.bus.folds import Halts
from memesnipe.ledger.accounting import Position
from memesnipe.ledger.read import Refusals, Totals
from memesnipe.ledger.write import Snapshot as EquityPoint
from memesnipe.messages.control import AllocationDecision, ConfigApplied, PositionUpdate
from memesnipe.messages.orders import Fill, Rejection


class Lag(msgspec.Struct, frozen=True):
    """How far a consumer group is behind on a stream: entries not yet read, and read but not acknowledged."""

    stream: str
    group: str
    lag: int
    pending: int


class Price(msgspec.Struct, frozen=True):
    """One price seen, in SOL for a whole token; a statistic, never money."""

    time_ns: int
    sol: float


class StreamFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the streams say."""

    config: ConfigApplied | None = None
    halts: Halts = Halts()
    allocation: AllocationDecision | None = None
    updates: tuple[PositionUpdate, ...] = ()
    """The newest word on each position."""
    prices: dict[str, tuple[Price, ...]] = {}
    """By mint, oldest first; the mint with the newest price last."""
    symbols: dict[str, str] = {}
    lags: tuple[Lag, ...] = ()
    dead_letters: int = 0


class LedgerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger says."""

    equity: tuple[EquityPoint, ...] = ()
    """Portfolio curve of the mode shown, oldest first."""
    positions: tuple[Position, ...] = ()
    fills: tuple[Fill, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    refusals: tuple[Refusals, ...] = ()
    totals: tuple[Totals, ...] = ()


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything read at `time_ns`; `problems` are the parts that could not be read, in words for a person."""

    time_ns: int
    streams: StreamFacts = StreamFacts()
    ledger: LedgerFacts = LedgerFacts()
    problems: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    """Parts (redis, ledger) that were never read: what is empty of theirs is not "none"."""
