"""What the compiled lane runs on and keeps: tables of numbers and nothing else, for that is what compiled code is fast on.

A token has at most one position and one order under way: a strategy with a signal buys what it does not hold and sells all of it, and
risk_guardian lets no second order of a token through. So a token has one row, which holds both. The names of a table's columns are fields
of a named tuple of their numbers (`T.units`); few wide tables compile ten times faster than many narrow ones.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from memesnipe.research.lane.digest import Bytes, Words
from memesnipe.research.stats.series import Floats, Ints

NEVER_NS = 2**63 - 1
NONE, BUY, SELL, EXIT = 0, 1, 2, 3
"""What kind of order; SELL is the strategy's own, EXIT is position_manager's."""
ASKED, RESTS = 1, 2
"""How an exit stands: asked for, or waiting to be asked for again."""
STOP_LOSS, TAKE_PROFIT, TIME_STOP = 0, 1, 2
"""Causes of exits, as rows of `Spoken.causes`."""
FILLED, FAILED_BY_LUCK, FAILED_BY_PRICE, REFUSED, REFUSED_FLOOR = 0, 1, 2, 3, 4
"""How an order ended: in a block, in one of three ways, or refused by wallet_guard, for its price or for something else."""


class Column(NamedTuple):
    """Of a market, each with one value a tick."""

    time_ns: int
    slot: int
    slot_max: int
    """Latest slot of any token so far."""
    quote: int
    base: int
    token: int
    before: int
    """The tick of the same token before this one; -1: none."""
    pool: int
    """Row of the pools' table."""
    id_bytes: int
    heard: int
    """1: strategies hear it."""


class Pool(NamedTuple):
    """What there is to a pool beside its reserves, under the costs of the run."""

    fee_bps: int
    creator_fee_bps: int
    curve: int
    locked_quote: int
    locked_base: int


class Rule(NamedTuple):
    """Limits, terms and how the signal becomes orders; lamports, ns, bps."""

    capital: int
    """The strategy's, from the allocator."""
    equity: int
    """The portfolio's, which the drawdown is measured from."""
    guard_size_max: int
    trade_size_max: int
    strategy_exposure_max: int
    token_exposure_max: int
    portfolio_exposure_max: int
    positions_limit: int
    orders_per_minute_max: int
    slippage_limit_bps: int
    drawdown_bps_max: int
    room: int
    """What risk_guardian reserves on top of a buy's size."""
    stop_loss_bps: int
    take_profit_bps: int
    time_stop_ns: int
    slots_max: int
    slots_stir: int
    slots_more: int
    failure_bps: int
    failure_stir_bps: int
    timeout_ns: int
    fee: int
    tip: int
    rent: int
    impact_bps_max: int
    size_bps: int
    size_min: int
    size_max: int
    pool_share_bps_max: int
    slippage_bps: int
    positions_max: int
    hold_ns: int
    cooldown_ns: int
    retry_ns: int
    breakers: int = 0
    """1: there are any; the rest are theirs, and of two that pause alike the smaller limit."""
    strategy_bps: int = 0
    portfolio_day_bps: int = 0
    portfolio_week_bps: int = 0
    strategy_day_bps: int = 0
    strategy_week_bps: int = 0
    losses_max: int = 0
    losses_pause_ns: int = 0
    rate_breaches_max: int = 0
    rate_window_ns: int = 0
    token_cooldown_ns: int = 0
    stops_max: int = 0
    stops_window_ns: int = 0
    stops_pause_ns: int = 0
    closed_fall_bps: int = 0
    closed_trades_min: int = 0
    closed_window_ns: int = 0
    closed_pause_ns: int = 0
    token_loss_bps: int = 0
    token_trades_min: int = 0
    token_window_ns: int = 0
    token_pause_ns: int = 0
    pool_limit_bps: int = 0
    """risk_guardian's, beside the strategy's own share of the pool. 0: none."""


class Token(NamedTuple):
    """A token's position, what position_manager and the strategy know of it, and its order under way."""

    units: int
    booked: int
    """Units as risk_guardian has them: within a turn it may hear of a fill before or after the price that position_manager knows."""
    cost: int
    entry: int
    value: int
    opened_ns: int
    opened: int
    opened_2: int
    """Id of the buy, in two words."""
    mark: int
    """Tick whose price position_manager saw last; -1: none since it is held."""
    exit: int
    exit_cause: int
    exit_due_ns: int
    attempts: int
    lowered: int
    account: int
    """1: its token account was paid for."""
    last: int
    """Newest tick; -1: none."""
    entered_ns: int
    quiet_ns: int
    ordered_ns: int
    spent: int
    """Lamports of all fills since the last closed trade: that trade's profit once it is closed."""
    kind: int
    """Of the order; NONE: there is none."""
    size: int
    room: int
    slippage_bps: int
    quote: int
    base: int
    intent_ns: int
    sequence: int
    cause: int
    id: int
    id_2: int
    due_slot: int
    deadline_ns: int
    quoted: int
    fails: int
    flow: int
    """Lamports of the fills since risk_guardian's position was opened, and what was paid for it."""
    paid: int


class Level(NamedTuple):
    """A token's prices: between `low` and `high` none sells the position; `peak` is what the strategy trails."""

    low: int
    high: int
    peak: int


class Asked(NamedTuple):
    """An order before risk_guardian decided."""

    kind: int
    token: int
    time_ns: int
    sequence: int
    size: int
    slippage_bps: int
    quote: int
    base: int
    cause: int


class Ended(NamedTuple):
    """An order that ended in this turn."""

    token: int
    kind: int
    how: int
    time_ns: int
    sol: int
    units: int
    rent: int


class Number(NamedTuple):
    """What a run counts: what is open, waits, is asked for, approved, ended in this turn; risk_guardian's sums; what came of it all.

    `halted_below` is the profit below which everything is halted, `halted` is 1 once it was.
    """

    open: int
    waiting: int
    asking: int
    approved: int
    ending: int
    cost: int
    value: int
    realized: int
    room: int
    sizes: int
    """Of buys under way, as the strategy sees them."""
    buys: int
    orders: int
    peak: int
    halted_below: int
    halted: int
    sequence: int
    fills: int
    trades: int
    sol: int
    noted: int
    """Equity as the curve has it."""
    clock_ns: int
    """position_manager's."""
    due_ns: int
    """When time alone may sell something."""
    profit: int
    """As the breakers saw it last; what follows is theirs. `paused_ns`: until when nothing is bought."""
    day: int
    day_high: int
    day_below: int
    week: int
    week_high: int
    week_below: int
    paused_ns: int
    closed: int
    losses: int
    breaches: int
    breached_ns: int


class Filled(NamedTuple):
    """A fill as recorded."""

    token: int
    kind: int
    how: int
    tick: int
    time_ns: int
    sol: int
    units: int
    tip: int
    rent: int
    venue_fee: int
    quoted: int
    out: int
    intent_ns: int
    cause: int
    id: int
    id_2: int


class Closed(NamedTuple):
    """A closed trade as recorded."""

    time_ns: int
    id: int
    id_2: int
    net: int


class Shut(NamedTuple):
    """A closed trade as the breakers remember it."""

    token: int
    time_ns: int
    net: int
    paid: int
    stopped: int


C = Column(*range(len(Column._fields)))
P = Pool(*range(len(Pool._fields)))
R = Rule(*range(len(Rule._fields)))
T = Token(*range(len(Token._fields)))
L = Level(*range(len(Level._fields)))
A = Asked(*range(len(Asked._fields)))
E = Ended(*range(len(Ended._fields)))
N = Number(*range(len(Number._fields)))
F = Filled(*range(len(Filled._fields)))
D = Closed(*range(len(Closed._fields)))
K = Shut(*range(len(Shut._fields)))


class Ticks(NamedTuple):
    """A market. `whole`: (columns, ticks); `price`: (ticks,) lamports per base unit; `ids`: (ticks, width), padded with zeros."""

    whole: Ints
    price: Floats
    ids: Bytes


class Rules(NamedTuple):
    """`whole`: see `Rule`; `trailing`: a price at or below the peak times this ends a position, 0: none; `pools`: see `Pool`."""

    whole: Ints
    trailing: float
    pools: Ints


class Spoken(NamedTuple):
    """Texts that ids are made of, and room to write them."""

    text: Bytes
    words: Words
    """The same memory as `text`, eight bytes a word."""
    head: Bytes
    """Begin of the text of an intent's id: kind, strategy and spec hash, each with its length."""
    exit_head: Bytes
    """The same of an exit's: kind and strategy."""
    luck_text: Bytes
    luck_words: Words
    luck_at: int
    """Where the id goes in `luck_text`, which holds all else that a draw is derived from."""
    names: Bytes
    """(3 + tokens, width): causes of exits, then mints."""
    name_bytes: Ints


class Book(NamedTuple):
    """All that changes in a run."""

    tokens: Ints
    levels: Floats
    asked: Ints
    """Orders of one step: at most one of each kind a token."""
    ended: Ints
    waiting: Ints
    """Tokens whose order waits, in order of acceptance."""
    open: Ints
    """Tokens that are held, in the order they were opened."""
    seconds: Ints
    """(64, 2): second and approvals in it."""
    closed: Ints
    """(64, columns): the last closed trades; the next one's row is the number of those before it, modulo 64."""
    n: Ints
    fills: Ints
    """No rows: nothing is recorded."""
    trades: Ints


Signals = NDArray[np.int8]
