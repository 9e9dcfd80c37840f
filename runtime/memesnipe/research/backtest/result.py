"""What a run was and what came of it, as plain values: every fill, every trade, what was refused, and the curve of equity."""

import msgspec

from memesnipe.ledger.accounting import Trade
from memesnipe.messages.orders import Fill, OrderIntent
from memesnipe.research.backtest.left_over import LeftOver
from memesnipe.research.backtest.stress import Stress
from memesnipe.strategy.spec import StrategySpec


class Fault(msgspec.Struct, frozen=True):
    """A strategy's fault of one kind: how often, and the first one's text."""

    strategy: str
    kind: str
    count: int
    detail: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One run. Lamports, nanoseconds of event time, bps."""

    market: str
    market_sha256: str
    specs: tuple[StrategySpec, ...]
    policy_hash: str
    seed: int
    stress: Stress
    capital_lamports: int
    events: int
    first_ns: int
    last_ns: int
    fills: tuple[Fill, ...]
    """In the order they were made; failed attempts too."""
    intents: tuple[tuple[int, OrderIntent], ...]
    """(number of the event, from 0, at which it was asked for; what the strategy asked for)."""
    trades: tuple[Trade, ...]
    """Round trips, in the order they were closed."""
    left: tuple[LeftOver, ...]
    waiting: int
    """Orders that waited for a later trade, and there was none."""
    rejected: dict[str, int]
    """By `stage/reason`."""
    refused: dict[str, int]
    """What the executor's own checks kept from becoming an order, by check."""
    faults: tuple[Fault, ...]
    halts: dict[str, str]
    """Who ended halted, and why."""
    points: tuple[tuple[int, int, int], ...]
    """(time_ns, equity, peak until then)."""
    closes: dict[int, int]
    """The last equity of each minute in which it changed, by minutes since 1970."""
    drawdown_bps_max: int
    net_lamports: int
    """Every change of the wallet by a fill, and what is left at what a sale would bring."""
