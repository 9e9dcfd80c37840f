"""position_manager, compiled: `positions.decide` and `positions.exits` for stop, goal and time stop."""

import numpy as np

from memesnipe.research.lane.book import (
    ASKED,
    BUY,
    EXIT,
    FILLED,
    NEVER_NS,
    NONE,
    REFUSED_FLOOR,
    RESTS,
    STOP_LOSS,
    TAKE_PROFIT,
    TIME_STOP,
    A,
    Book,
    C,
    D,
    E,
    L,
    N,
    R,
    Rules,
    T,
    Ticks,
)  # fmt: skip
from memesnipe.research.lane.exact import BPS, at_most, floor_of
from memesnipe.research.lane.jit import jit, jit_apart

NEAR = 1e-9
"""As in `backtest.quiet`: what is nearer to a stop than this is decided by the exact rule."""
RETRY_FIRST_NS, RETRY_MAX_NS = 500_000_000, 30_000_000_000
FLOOR_PATIENCE = 5
"""As in `positions.exits`. Not imported: compiled code is kept by the lane's own text, and would not hear of a change elsewhere."""


@jit
def take(place: int, ticks: Ticks, rules: Rules, book: Book) -> None:
    """Hear how one order ended: a position begins, ends, or its exit has to wait."""
    ended = book.ended[place]
    token, kind = ended[E.token], ended[E.kind]
    book.tokens[token, T.spent] += ended[E.sol]
    if ended[E.how] == FILLED:
        if kind == BUY:
            _begin(place, rules, book)
        else:
            _close(place, book)
            return
    if kind == EXIT:
        _refuse(token, ended[E.how] == REFUSED_FLOOR, book)
    if book.tokens[token, T.units]:
        consider(token, ticks, rules, book)


@jit
def price(at: int, token: int, ticks: Ticks, rules: Rules, book: Book) -> None:
    """Mark a held token, and sell it if its stop or goal is reached."""
    levels, now = book.levels[token], ticks.price[at]
    book.tokens[token, T.mark] = at
    if not (levels[L.low] < now and now < levels[L.high]) or book.n[N.clock_ns] >= book.n[N.due_ns]:
        consider(token, ticks, rules, book)
        look(rules, book)


@jit
def on_time(ticks: Ticks, rules: Rules, book: Book) -> None:
    """Ask for the exits that are due by time."""
    for place in range(book.n[N.open]):
        consider(book.open[place], ticks, rules, book)
    look(rules, book)


@jit
def look(rules: Rules, book: Book) -> None:
    """Note when time alone may change something next."""
    due_ns, limit_ns = NEVER_NS, rules.whole[R.time_stop_ns]
    for place in range(book.n[N.open]):
        row = book.tokens[book.open[place]]
        if row[T.exit] == RESTS:
            due_ns = min(due_ns, row[T.exit_due_ns])
        elif row[T.exit] == NONE and limit_ns > 0:
            due_ns = min(due_ns, row[T.opened_ns] + limit_ns)
    book.n[N.due_ns] = due_ns


@jit_apart
def consider(token: int, ticks: Ticks, rules: Rules, book: Book) -> None:
    """Ask for an exit if one is due: `positions.exits.consider`."""
    row, now_ns = book.tokens[token], book.n[N.clock_ns]
    if row[T.exit] == ASKED or (row[T.exit] == RESTS and now_ns < row[T.exit_due_ns]):
        return
    cause = row[T.exit_cause] if row[T.exit] == RESTS else _cause(token, ticks, rules, book)
    if cause < 0:
        return
    _ask(token, cause, ticks, rules.whole[R.slippage_limit_bps], book)


@jit
def _ask(token: int, cause: int, ticks: Ticks, limit_bps: int, book: Book) -> None:
    """Ask for an exit: `positions.exits._intent`."""
    row, asked, attempt, mark = book.tokens[token], book.asked[book.n[N.asking]], book.tokens[token, T.attempts], book.tokens[token, T.mark]
    named = ticks.whole[C.quote, mark] if mark >= 0 else max(row[T.entry], 1)
    asked[A.kind], asked[A.token], asked[A.time_ns], asked[A.sequence], asked[A.size] = (
        EXIT,
        token,
        book.n[N.clock_ns],
        attempt,
        row[T.units],
    )
    asked[A.slippage_bps] = min(max(limit_bps // 4, 1) << min(attempt, 16), limit_bps)
    asked[A.quote] = max(named >> min(max(0, row[T.lowered] - FLOOR_PATIENCE), 62), 1)
    asked[A.base], asked[A.cause] = ticks.whole[C.base, mark] if mark >= 0 else row[T.units], cause
    book.n[N.asking] += 1
    row[T.exit], row[T.exit_cause], row[T.attempts] = ASKED, cause, attempt + 1
    book.levels[token, L.low], book.levels[token, L.high] = -np.inf, np.inf


@jit
def _cause(token: int, ticks: Ticks, rules: Rules, book: Book) -> int:
    """Return why the position is to be sold now, -1 for no reason."""
    row, mark, known = book.tokens[token], book.tokens[token, T.mark], rules.whole
    if mark >= 0:
        quote, base, units, entry = ticks.whole[C.quote, mark], ticks.whole[C.base, mark], row[T.units], row[T.entry]
        if known[R.stop_loss_bps] and at_most(quote, units, _stop(entry, rules), base):
            return STOP_LOSS
        if known[R.take_profit_bps] and at_most(entry * (BPS + known[R.take_profit_bps]), base, quote * BPS, units):
            return TAKE_PROFIT
    if known[R.time_stop_ns] > 0 and book.n[N.clock_ns] - row[T.opened_ns] >= known[R.time_stop_ns]:
        return TIME_STOP
    return -1


@jit
def _stop(entry: int, rules: Rules) -> int:
    return floor_of(entry, max(BPS - rules.whole[R.stop_loss_bps], 0), BPS)


@jit
def _begin(place: int, rules: Rules, book: Book) -> None:
    """Watch a position that was just bought."""
    ended, known = book.ended[place], rules.whole
    token = ended[E.token]
    row, levels, stop_bps, goal_bps = book.tokens[token], book.levels[token], known[R.stop_loss_bps], known[R.take_profit_bps]
    row[T.units], row[T.opened_ns], row[T.mark] = ended[E.units], ended[E.time_ns], -1
    row[T.entry] = -ended[E.sol] - known[R.fee] - known[R.tip] - ended[E.rent]
    row[T.opened], row[T.opened_2] = row[T.id], row[T.id_2]
    row[T.exit] = row[T.attempts] = row[T.lowered] = NONE
    entry, units = float(row[T.entry]), float(row[T.units])
    levels[L.low] = _stop(row[T.entry], rules) / units * (1 + NEAR) if stop_bps else -np.inf
    levels[L.high] = entry * (BPS + goal_bps) / (BPS * units) * (1 - NEAR) if goal_bps else np.inf
    book.open[book.n[N.open]] = token
    book.n[N.open] += 1


@jit
def _close(place: int, book: Book) -> None:
    """Forget a position that was sold, and note its profit."""
    ended, number = book.ended[place], book.n[N.trades]
    token = ended[E.token]
    row = book.tokens[token]
    if number < book.trades.shape[0]:
        closed = book.trades[number]
        closed[D.time_ns], closed[D.id], closed[D.id_2], closed[D.net] = ended[E.time_ns], row[T.id], row[T.id_2], row[T.spent]
    book.n[N.trades] = number + 1
    row[T.units] = row[T.spent] = 0
    left = 0
    for at in range(book.n[N.open]):
        if book.open[at] != token:
            book.open[left] = book.open[at]
            left += 1
    book.n[N.open] = left


@jit
def _refuse(token: int, for_the_floor: bool, book: Book) -> None:
    """Let an exit wait, longer each time: `positions.exits.refused`."""
    row = book.tokens[token]
    if row[T.exit] != ASKED:
        return
    delay_ns = min(RETRY_FIRST_NS << min(max(row[T.attempts] - 1, 0), 16), RETRY_MAX_NS)
    row[T.exit], row[T.exit_due_ns] = RESTS, book.n[N.clock_ns] + delay_ns
    row[T.lowered] += for_the_floor


@jit
def refuse(token: int, book: Book) -> None:
    """Hear that risk_guardian refused an exit."""
    _refuse(token, False, book)
