"""Every stream: its producer, its consumers, its message type, its retention. The ONE place where a stream is named.

The docs page, the Redis ACLs, the trimming, the replay turns and the metrics are made from this table.

`turn` orders the stages in a replay: a group reads only when every group of a lower turn has nothing left (see `bus.turns`),
so the same recording makes the same fills on every run. Trading for real, all groups read at once.
"""

from enum import Enum
from typing import Any

import msgspec

from memesnipe.messages.control import (
    AllocationDecision,
    CloseRequest,
    ConfigApplied,
    HaltCommand,
    PositionUpdate,
    StrategyAllocation,
    StrategyRegistered,
)
from memesnipe.messages.decisions import Decision
from memesnipe.messages.market import MarketFrame
from memesnipe.messages.orders import ApprovedOrder, ExitIntent, OrderIntent, Outcome, Rejection
from memesnipe.messages.pairs import Pair
from memesnipe.messages.promotion import PromotionStep


class Kind(Enum):
    """What a stream promises."""

    MARKET = "market"
    """Bounded by time and size; a slow reader skips to the newest and counts the gap."""
    ORDER = "order"
    """Lossless: trimmed only behind the slowest group."""
    FOLD = "fold"
    """Small; read from its start by everyone without a group; never trimmed below `length_max`."""


class Reader(msgspec.Struct, frozen=True):
    """A consumer group on a stream. `per_strategy`: one group for each strategy, named `<group>:<strategy>`."""

    group: str
    turn: int = 0
    per_strategy: bool = False


class Stream(msgspec.Struct, frozen=True):
    """One row of the table. A name that ends in `:` has one stream for each strategy."""

    name: str
    message: Any
    kind: Kind
    producers: tuple[str, ...]
    readers: tuple[Reader, ...] = ()
    folded_by: tuple[str, ...] = ()
    length_max: int = 100_000
    age_ms_max: int = 600_000
    lag_ms_max: int = 10_000
    """MARKET: a reader whose next entry is older than this skips to the newest; its strategy must not trade on old prices."""

    def of(self, strategy: str) -> str:
        """Return the stream of one strategy. Raises ValueError on a stream that is not split by strategy."""
        if not self.name.endswith(":"):
            raise ValueError(f"{self.name} is one stream for all strategies")
        return self.name + strategy

    @property
    def split(self) -> bool:
        """Whether there is one stream for each strategy."""
        return self.name.endswith(":")


_ON_MARKET = (
    Reader("wallet_guard", turn=0),
    Reader("risk_guardian", turn=1),
    Reader("executor", turn=2, per_strategy=True),
    Reader("position_manager", turn=2),
)
"""risk_guardian marks a price before anyone acts on it: a halt that this price causes is there for every strategy, on every run."""


def _market(kind: str, *more: Reader) -> Stream:
    return Stream(f"events:{kind}", MarketFrame, Kind.MARKET, ("data_consumers",), more)


PRICE = _market("price", *_ON_MARKET)
DEPTH = _market("depth", Reader("risk_guardian", turn=1), Reader("executor", turn=2, per_strategy=True))
SOCIAL = _market("social", Reader("executor", turn=2, per_strategy=True))
BRIDGE = _market("bridge", Reader("executor", turn=2, per_strategy=True))
LAUNCH = _market("launch", Reader("executor", turn=2, per_strategy=True))

INTENTS = Stream("orders:intents:", OrderIntent, Kind.ORDER, ("executor",), (Reader("risk_guardian", turn=3),))
EXITS = Stream("orders:exits:", ExitIntent, Kind.ORDER, ("position_manager",), (Reader("risk_guardian", turn=3),))
APPROVED = Stream("orders:approved", ApprovedOrder, Kind.ORDER, ("risk_guardian",), (Reader("wallet_guard", turn=4),))
REJECTED = Stream("orders:rejected", Rejection, Kind.ORDER, ("risk_guardian", "wallet_guard"), (Reader("position_manager", turn=1),))
FILLS = Stream(
    "orders:fills:",
    Outcome,
    Kind.ORDER,
    ("wallet_guard", "risk_guardian"),
    (
        Reader("position_manager", turn=1),
        Reader("risk_guardian", turn=1),
        Reader("autonomous_allocator", turn=1),
        Reader("executor", turn=1, per_strategy=True),
    ),
    folded_by=("notifier", "tracer"),
)
"""Every intent's outcome: fills by wallet_guard, rejections by whoever refused, so that a strategy learns how each wish ended."""
PAIRS = Stream("orders:pairs", Pair, Kind.ORDER, ("wallet_guard",), (Reader("position_manager", turn=1),))
"""What paper would have made of each live order, beside what live made of it."""

POSITIONS = Stream("position_updates_channel", PositionUpdate, Kind.FOLD, ("position_manager",), folded_by=("dashboard", "notifier"))
REGISTRY = Stream(
    "strategy_registry_stream",
    StrategyRegistered,
    Kind.FOLD,
    ("strategy_factory",),
    folded_by=("autonomous_allocator", "control", "operator"),
)
ALLOCATIONS = Stream(
    "allocations_channel",
    AllocationDecision,
    Kind.FOLD,
    ("autonomous_allocator",),
    folded_by=("autonomous_allocator", "risk_guardian", "dashboard", "operator", "data_consumers", "notifier"),
)
ALLOCATION = Stream(
    "allocations:", StrategyAllocation, Kind.FOLD, ("autonomous_allocator",), folded_by=("executor", "data_consumers"), length_max=64
)
DECISIONS = Stream("decisions_channel", Decision, Kind.ORDER, ("autonomous_allocator",), (Reader("position_manager", turn=2),))
"""The record of each decision with its inputs, written before the decision is in force; the ledger keeps all of them."""
PROMOTIONS = Stream(
    "promotions_channel",
    PromotionStep,
    Kind.FOLD,
    ("autonomous_allocator",),
    folded_by=("control", "operator", "dashboard", "notifier"),
)
"""Where each strategy stands between paper and its whole share of live capital; the newest word on one counts."""
KILL_SWITCH = Stream(
    "kill_switch_channel",
    HaltCommand,
    Kind.FOLD,
    ("risk_guardian", "position_manager", "dashboard", "cli", "control", "operator"),
    folded_by=(
        "executor",
        "risk_guardian",
        "wallet_guard",
        "position_manager",
        "autonomous_allocator",
        "control",
        "dashboard",
        "operator",
        "notifier",
    ),
)
CONFIG = Stream(
    "config_channel",
    ConfigApplied,
    Kind.FOLD,
    ("control", "operator"),
    folded_by=(
        "risk_guardian",
        "wallet_guard",
        "position_manager",
        "autonomous_allocator",
        "dashboard",
        "data_consumers",
        "notifier",
        "tracer",
    ),
    length_max=1_000,
)
CLOSE_REQUESTS = Stream(
    "control:close_requests", CloseRequest, Kind.ORDER, ("dashboard", "cli", "operator"), (Reader("position_manager", turn=2),)
)
DEAD_LETTERS = "dead_letters"
"""What could not be decoded: fields stream, id, raw, field, reason. Never trimmed by us; an alert watches its length."""

STREAMS: tuple[Stream, ...] = (
    PRICE, DEPTH, SOCIAL, BRIDGE, LAUNCH, INTENTS, EXITS, APPROVED, REJECTED, FILLS, PAIRS,
    POSITIONS, REGISTRY, ALLOCATIONS, ALLOCATION, DECISIONS, PROMOTIONS, KILL_SWITCH, CONFIG, CLOSE_REQUESTS,
)  # fmt: skip
MARKET_STREAMS: dict[str, Stream] = {"price": PRICE, "depth": DEPTH, "social": SOCIAL, "bridge": BRIDGE, "launch": LAUNCH}

LEASE_KEY = "lease:{strategy}"
"""Signed mode lease (DSSE envelope); Redis is only its transport."""
EXIT_LEASE_KEY = "lease:{strategy}:exit"
"""The longer lease under which only exits are signed."""
STATE_KEY = "state:{stage}"
"""A stage's folded state with its version, written in the same step as its effects."""
STRATEGY_STATE_KEY = "strategy:{strategy}:state"
PNL_HISTORY_KEY = "perf:{strategy}:pnl_history"
"""List of JSON {time_ns, net_lamports, intent_id, mode, outlay_lamports} of closed trades, oldest first, bounded."""
SHARPE_KEY = "perf:{strategy}:sharpe"
PAPER_GAP_KEY = "perf:{strategy}:paper_gap"
"""JSON of `evidence.gap.Gap`: the newest live orders beside their paper twins. Gone where no live order has one."""
HOLDINGS_KEY = "positions:held"
"""position_manager's `Holdings`, out of the ledger: renewed every few seconds, so it is back soon after Redis lost everything."""
CURSOR_KEY = "cursor:{source}"
"""Where a market source stopped; written after what it covers was published."""


def stream_of(name: str) -> Stream:
    """Return the row of a stream's real name. Raises KeyError for a name that is not in the table."""
    for stream in STREAMS:
        if name == stream.name or (stream.split and name.startswith(stream.name) and len(name) > len(stream.name)):
            return stream
    raise KeyError(name)


def group_name(reader: Reader, strategy: str = "") -> str:
    """Return the group's real name: one for each strategy where the row says so."""
    return f"{reader.group}:{strategy}" if reader.per_strategy else reader.group
