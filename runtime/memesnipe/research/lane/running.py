"""A run of the lane, from a setup to what came of it."""

from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import BadInput, ConfigError
from memesnipe.messages.orders import ExitCause
from memesnipe.research.backtest.engine import Costs
from memesnipe.research.backtest.left_over import worth
from memesnipe.research.backtest.setup import Setup
from memesnipe.research.lane.book import NEVER_NS, A, Book, C, D, E, F, K, L, N, R, Signals, Spoken, T
from memesnipe.research.lane.breakers import CLOSED_MAX
from memesnipe.research.lane.columns import Columns
from memesnipe.research.lane.exact import BPS
from memesnipe.research.lane.jit import entry, linked
from memesnipe.research.lane.loop import run
from memesnipe.research.lane.risk import SECONDS
from memesnipe.research.lane.scope import Task, task_of
from memesnipe.research.stats.series import Ints
from memesnipe.strategy.signals import SignalFunction

CAUSES = (ExitCause.STOP_LOSS, ExitCause.TAKE_PROFIT, ExitCause.TIME_STOP)
TEXT_BYTES = 1_024


class Ran(msgspec.Struct, frozen=True):
    """What came of a run. `fills` and `trades` are rows as `book` names their fields; none where they were not asked for."""

    task: Task
    equity: Ints
    """(periods,): at the end of each period, as the curve of a backtest has it."""
    net_lamports: int
    intents: int
    halted: bool
    fills: Ints
    trades: Ints


compiled_run = lru_cache(maxsize=1)(lambda: entry(run))


@lru_cache(maxsize=64)
def compiled_signal(function: SignalFunction) -> Any:
    """Return a strategy's signal as machine code."""
    return entry(linked(function), function)


def ran(setup: Setup, costs: Costs, columns: Columns, period_s: int, *, rows: int = 0) -> Ran:
    """Run a setup on a market. `rows`: how many fills and trades may be kept at first; 0 keeps none and is what a search wants.

    Raises ConfigError naming what is outside of the lane's scope, BadInput on a period that is no period.
    """
    task = task_of(setup, costs, columns)
    bounds = bounds_of(columns, period_s)
    signals = signals_of(task, columns)
    while True:
        book, closes = _book(task, columns, rows), np.zeros(len(bounds) - 1, dtype=np.int64)
        try:
            compiled_run()(columns.ticks, signals, task.rules, _spoken(task, costs, columns), book, bounds, closes)
        except OverflowError as error:
            raise ConfigError(f"the compiled lane cannot run this: {error}") from None
        if not rows or max(book.n[N.fills], book.n[N.trades]) <= rows:
            return _result(task, costs, columns, book, closes)
        rows = 2 * int(max(book.n[N.fills], book.n[N.trades]))


def signals_of(task: Task, columns: Columns) -> Signals:
    """Return what the strategy's signal says at each tick."""
    heard, numbers = columns.heard, np.array(task.numbers, dtype=np.float64)
    marks, function = np.zeros(len(heard.prices), dtype=np.int8), compiled_signal(task.signal.function)
    for start, end in zip(heard.starts, heard.starts[1:], strict=False):
        if end > start:
            function(heard.times_ns[start:end], heard.prices[start:end], heard.flows[start:end], numbers, marks[start:end])
    if len(columns.mints) == 1 and len(marks) == len(columns.ticks.price):
        return marks
    signals = np.zeros(len(columns.ticks.price), dtype=np.int8)
    signals[heard.places] = marks
    return signals


def bounds_of(columns: Columns, period_s: int) -> Ints:
    """Return the ticks at which the periods of UTC time begin that the market touches, and the end. Raises BadInput."""
    if not period_s > 0:
        raise BadInput("period_s", f"{period_s} is no period")
    period_ns = period_s * NS_PER_S
    first, last = columns.first_ns // period_ns, columns.last_ns // period_ns
    starts = np.arange(first, last + 1, dtype=np.int64) * period_ns
    bounds = np.searchsorted(columns.ticks.whole[C.time_ns], starts)
    return np.append(bounds, len(columns.ticks.price)).astype(np.int64)


def _result(task: Task, costs: Costs, columns: Columns, book: Book, closes: Ints) -> Ran:
    """The last equity counts what is left at what a sale would bring, as `backtest.engine` does."""
    terms = costs.stress.terms(costs.terms)
    held = [(int(row[T.units]), costs.stress.tick(columns.tick(int(row[T.last])))) for row in book.tokens if row[T.units]]
    net = int(book.n[N.sol]) + sum(worth(tick, units, columns.last_ns, terms)[0] for units, tick in held)
    closes[-1] = task.rules.whole[R.equity] + net
    fills, trades = book.fills[: book.n[N.fills]], book.trades[: book.n[N.trades]]
    return Ran(task, closes, net, int(book.n[N.sequence]), bool(book.n[N.halted]), fills, trades)


def _book(task: Task, columns: Columns, rows: int) -> Book:
    count, known = len(columns.mints), task.rules.whole
    tokens, n = _table(count, T), np.zeros(len(N), dtype=np.int64)
    tokens[:, [T.mark, T.last]] = -1
    n[N.noted], n[N.due_ns] = known[R.equity], NEVER_NS
    n[N.halted_below] = _halts_below(known)
    lists = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    seconds, closed = np.zeros((SECONDS, 2), dtype=np.int64), _table(CLOSED_MAX, K)
    levels = np.zeros((count, len(L)), dtype=np.float64)
    return Book(tokens, levels, _table(2 * count, A), _table(count + 1, E), *lists, seconds, closed, n, _table(rows, F), _table(rows, D))


def _halts_below(known: Ints) -> int:
    """Return the profit below which a run is halted before it ever had one: `lane.risk.halts_below` at 0."""
    portfolio = -(int(known[R.drawdown_bps_max]) * int(known[R.equity]) // BPS)
    if not known[R.breakers] or known[R.capital] <= 0:
        return portfolio
    return max(portfolio, -(int(known[R.strategy_bps]) * int(known[R.capital]) // BPS))


def _table(rows: int, columns: tuple[int, ...]) -> Ints:
    return np.zeros((rows, len(columns)), dtype=np.int64)


def _spoken(task: Task, costs: Costs, columns: Columns) -> Spoken:
    text, luck = np.zeros(TEXT_BYTES, dtype=np.uint8), np.zeros(256, dtype=np.uint8)
    before = _lengthened("paper", str(costs.terms.seed))
    luck[: len(before)] = before
    names = [name.encode() for name in (*CAUSES, *columns.mints)]
    padded = np.array(names, dtype=np.bytes_).view(np.uint8).reshape(len(names), -1)
    heads = _lengthened("intent", task.strategy, task.spec_hash), _lengthened("exit", task.strategy)
    lengths = np.array([len(name) for name in names], dtype=np.int64)
    return Spoken(text, text.view(np.uint64), *heads, luck, luck.view(np.uint64), len(before), padded, lengths)


def _lengthened(*parts: str) -> NDArray[np.uint8]:
    """Return parts as `kernel.ids.derive` writes them, each after its length."""
    raw = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return np.frombuffer(raw, dtype=np.uint8).copy()
