"""Breakers of risk_guardian, compiled: `risk.breakers` for one strategy, whose profit is the portfolio's, on paper.

All pauses stop the same, buys; so only the one that ends last is kept. What only a person ends halts the run, as a drawdown does.
"""

from memesnipe.research.lane.book import BUY, EXIT, FILLED, NEVER_NS, TAKE_PROFIT, TIME_STOP, Book, E, K, N, R, Rules, T
from memesnipe.research.lane.exact import BPS, at_most, floor_of
from memesnipe.research.lane.jit import jit, jit_apart

DAY_NS = 86_400_000_000_000
MONDAY = 3
CLOSED_MAX = 64
"""As in `risk.breakers`. Not imported: compiled code is kept by the lane's own text, and would not hear of a change elsewhere."""


@jit
def look(profit: int, now_ns: int, rules: Rules, book: Book) -> None:
    """Move the highest profits of day and week, and pause or halt where profit fell too far: `risk.breakers.falls`."""
    n, known = book.n, rules.whole
    before, day = n[N.profit], now_ns // DAY_NS
    n[N.profit] = profit
    if not known[R.breakers]:
        return
    if day != n[N.day]:
        n[N.day], n[N.day_high] = day, max(before, profit)
        n[N.day_below] = _floor(n[N.day_high], known[R.portfolio_day_bps], known[R.strategy_day_bps], rules)
    elif profit > n[N.day_high]:
        n[N.day_high] = profit
        n[N.day_below] = _floor(profit, known[R.portfolio_day_bps], known[R.strategy_day_bps], rules)
    if (day + MONDAY) // 7 != n[N.week]:
        n[N.week], n[N.week_high] = (day + MONDAY) // 7, max(before, profit)
        n[N.week_below] = _floor(n[N.week_high], known[R.portfolio_week_bps], known[R.strategy_week_bps], rules)
    elif profit > n[N.week_high]:
        n[N.week_high] = profit
        n[N.week_below] = _floor(profit, known[R.portfolio_week_bps], known[R.strategy_week_bps], rules)
    if profit < n[N.day_below]:
        n[N.paused_ns] = max(n[N.paused_ns], (day + 1) * DAY_NS)
    if profit < n[N.week_below]:
        n[N.paused_ns] = max(n[N.paused_ns], ((n[N.week] + 1) * 7 - MONDAY) * DAY_NS)


@jit_apart
def _floor(high: int, portfolio_bps: int, strategy_bps: int, rules: Rules) -> int:
    """Return the profit below which the first of the two limits trips."""
    portfolio = below(high, portfolio_bps, rules.whole[R.equity])
    return max(portfolio, below(high, strategy_bps, rules.whole[R.capital]))


@jit_apart
def below(high: int, limit_bps: int, capital: int) -> int:
    """Return the profit below which the fall from `high` is more than the limit: `falls.fall_bps`."""
    if capital <= 0:
        return -NEVER_NS
    if capital + high <= 0:  # nothing is left to measure a fall by: it counts as the whole
        return high if limit_bps < BPS else -NEVER_NS
    return high - floor_of(limit_bps, capital + high, BPS)


@jit
def count(place: int, now_ns: int, rules: Rules, book: Book) -> None:
    """Count how an order ended to the trade in its token; judge the trade that it closed: `risk.breakers.trades`."""
    ended = book.ended[place]
    row = book.tokens[ended[E.token]]
    if ended[E.how] == FILLED and ended[E.kind] == BUY:
        row[T.flow] = row[T.paid] = 0
        row[T.paid] -= ended[E.sol]
    if ended[E.how] == FILLED or row[T.booked] > 0:
        row[T.flow] += ended[E.sol]
    if rules.whole[R.breakers] and ended[E.how] == FILLED and ended[E.kind] != BUY:
        _close(ended[E.token], now_ns, rules, book)


@jit_apart
def _close(token: int, now_ns: int, rules: Rules, book: Book) -> None:
    n, known, row = book.n, rules.whole, book.tokens[token]
    net, cause = row[T.flow], row[T.cause]
    closed = book.closed[n[N.closed] % CLOSED_MAX]
    stopped = row[T.kind] == EXIT and cause != TAKE_PROFIT and cause != TIME_STOP and net < 0
    closed[K.token], closed[K.time_ns], closed[K.net], closed[K.paid], closed[K.stopped] = token, now_ns, net, row[T.paid], stopped
    n[N.closed] += 1
    n[N.losses] = n[N.losses] + 1 if net < 0 else 0
    if n[N.losses] > known[R.losses_max]:
        n[N.paused_ns] = max(n[N.paused_ns], now_ns + known[R.losses_pause_ns])
        n[N.losses] = 0
    if stopped and _stops(now_ns - known[R.stops_window_ns], book) > known[R.stops_max]:
        n[N.paused_ns] = max(n[N.paused_ns], now_ns + known[R.stops_pause_ns])
    if net < 0 and _fell(now_ns - known[R.closed_window_ns], rules, book):
        n[N.paused_ns] = max(n[N.paused_ns], now_ns + known[R.closed_pause_ns])


@jit
def _stops(since_ns: int, book: Book) -> int:
    stops = 0
    for place in range(max(0, book.n[N.closed] - CLOSED_MAX), book.n[N.closed]):
        closed = book.closed[place % CLOSED_MAX]
        if closed[K.time_ns] > since_ns:
            stops += closed[K.stopped]
    return stops


@jit
def _fell(since_ns: int, rules: Rules, book: Book) -> bool:
    """Whether the sum of the window's trades is too far below its highest."""
    trades = total = highest = 0
    for place in range(max(0, book.n[N.closed] - CLOSED_MAX), book.n[N.closed]):
        closed = book.closed[place % CLOSED_MAX]
        if closed[K.time_ns] > since_ns:
            trades += 1
            total += closed[K.net]
            highest = max(highest, total)
    capital, limit_bps = rules.whole[R.capital], rules.whole[R.closed_fall_bps]
    return trades >= rules.whole[R.closed_trades_min] and capital > 0 and not at_most(highest - total, BPS, limit_bps, capital)


@jit
def lets_buy(token: int, now_ns: int, rules: Rules, book: Book) -> bool:
    """Whether no breaker stands against a buy of a token: `risk.breakers.refusal`."""
    return not rules.whole[R.breakers] or (now_ns >= book.n[N.paused_ns] and _lets_buy(token, now_ns, rules, book))


@jit_apart
def _lets_buy(token: int, now_ns: int, rules: Rules, book: Book) -> bool:
    known, last = rules.whole, -1
    for place in range(max(0, book.n[N.closed] - CLOSED_MAX), book.n[N.closed]):
        if book.closed[place % CLOSED_MAX, K.token] == token:
            last = place
    if last < 0:
        return True
    last_ns = book.closed[last % CLOSED_MAX, K.time_ns]
    if now_ns < last_ns + known[R.token_cooldown_ns]:
        return False
    if now_ns >= last_ns + known[R.token_pause_ns]:
        return True
    trades = paid = lost = 0
    for place in range(max(0, book.n[N.closed] - CLOSED_MAX), last + 1):
        closed = book.closed[place % CLOSED_MAX]
        if closed[K.token] == token and closed[K.time_ns] > last_ns - known[R.token_window_ns]:
            trades, paid, lost = trades + 1, paid + closed[K.paid], lost - closed[K.net]
    return trades < known[R.token_trades_min] or paid <= 0 or lost <= 0 or at_most(lost, BPS, known[R.token_loss_bps], paid)


@jit
def breach(now_ns: int, rules: Rules, book: Book) -> None:
    """Count an order that came too fast; halt a strategy that goes on like that."""
    n, known = book.n, rules.whole
    if not known[R.breakers] or n[N.halted]:
        return
    if not n[N.breaches] or now_ns - n[N.breached_ns] > known[R.rate_window_ns]:
        n[N.breaches], n[N.breached_ns] = 0, now_ns
    n[N.breaches] += 1
    if n[N.breaches] > known[R.rate_breaches_max]:
        n[N.halted] = 1
