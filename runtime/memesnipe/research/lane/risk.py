"""risk_guardian, compiled: `risk.checks`, `risk.book` and the drawdown halt of `risk.decide`, for one strategy on paper.

What the lane cannot break is not asked again: an intent is of the spec in force, its event is now, its size fits its side.
"""

from memesnipe.research.lane import breakers
from memesnipe.research.lane.book import BUY, EXIT, FILLED, NONE, A, Book, C, E, N, R, Rules, T, Ticks
from memesnipe.research.lane.exact import BPS, floor_of
from memesnipe.research.lane.jit import jit, jit_apart
from memesnipe.research.stats.series import Ints

NS_PER_S = 1_000_000_000
WINDOW_S = 60
SECONDS = 64


@jit
def approves(asked: Ints, now_ns: int, rules: Rules, book: Book) -> bool:
    """Decide on one order; an approved one takes its room and becomes the token's order."""
    token, kind = asked[A.token], asked[A.kind]
    row, free = book.tokens[token], book.tokens[token, T.kind] == NONE
    if kind == EXIT:
        if not (free and asked[A.size] <= row[T.booked]):
            return False
    elif not _last_minute(now_ns, book) + 1 <= rules.whole[R.orders_per_minute_max]:
        breakers.breach(now_ns, rules, book)
        return False
    elif not (free and _within_limits(asked, now_ns, rules, book)):
        return False
    row[T.kind], row[T.size], row[T.slippage_bps] = kind, asked[A.size], asked[A.slippage_bps]
    row[T.quote], row[T.base], row[T.intent_ns] = asked[A.quote], asked[A.base], asked[A.time_ns]
    row[T.sequence], row[T.cause], row[T.room] = asked[A.sequence], asked[A.cause], 0
    book.n[N.orders] += 1
    if kind == BUY:
        row[T.room] = asked[A.size] + rules.whole[R.room]
        book.n[N.room] += row[T.room]
        book.n[N.sizes] += asked[A.size]
        book.n[N.buys] += 1
    _count(now_ns // NS_PER_S, book)
    return True


@jit
def take(place: int, now_ns: int, rules: Rules, book: Book) -> None:
    """Release an ended order and take what it moved: `risk.book.apply_fill` and `apply_rejection`, and the drawdown after it."""
    ended, n = book.ended[place], book.n
    row, kind = book.tokens[ended[E.token]], ended[E.kind]
    breakers.count(place, now_ns, rules, book)
    if ended[E.how] != FILLED:
        n[N.realized] += ended[E.sol]
    elif kind == BUY:
        row[T.cost] = row[T.value] = -ended[E.sol]
        row[T.booked] = ended[E.units]
        n[N.cost] += row[T.cost]
        n[N.value] += row[T.value]
    else:
        n[N.realized] += ended[E.sol] - row[T.cost]
        n[N.cost] -= row[T.cost]
        n[N.value] -= row[T.value]
        row[T.cost] = row[T.value] = row[T.booked] = 0
    n[N.orders] -= 1
    n[N.room] -= row[T.room]
    if kind == BUY:
        n[N.sizes] -= row[T.size]
        n[N.buys] -= 1
    row[T.kind] = NONE
    look(now_ns, rules, book)


@jit
def mark(at: int, token: int, ticks: Ticks, rules: Rules, book: Book) -> None:
    """Value what is held at a new price."""
    row = book.tokens[token]
    value = floor_of(row[T.booked], ticks.whole[C.quote, at], ticks.whole[C.base, at])
    book.n[N.value] += value - row[T.value]
    row[T.value] = value
    look(ticks.whole[C.time_ns, at], rules, book)


@jit
def look(now_ns: int, rules: Rules, book: Book) -> None:
    """Move the highest profit, and halt once for all where profit fell too far from it."""
    n = book.n
    profit = n[N.realized] + n[N.value] - n[N.cost]
    if profit > n[N.peak]:
        n[N.peak] = profit
        n[N.halted_below] = halts_below(profit, rules)
    elif profit < n[N.halted_below]:
        n[N.halted] = 1
    breakers.look(profit, now_ns, rules, book)


@jit_apart
def halts_below(high: int, rules: Rules) -> int:
    """Return the profit below which the fall from the highest halts: the portfolio's limit, or the strategy's own."""
    known = rules.whole
    portfolio = high - floor_of(known[R.drawdown_bps_max], known[R.equity] + high, BPS)
    return max(portfolio, breakers.below(high, known[R.strategy_bps], known[R.capital])) if known[R.breakers] else portfolio


@jit
def _within_limits(asked: Ints, now_ns: int, rules: Rules, book: Book) -> bool:
    """`risk.checks.INTENT_CHECKS` on what the strategy wants, but for those that the lane keeps by itself."""
    n, known = book.n, rules.whole
    room = asked[A.size] + known[R.room]
    if not asked[A.slippage_bps] <= known[R.slippage_limit_bps]:
        return False
    if asked[A.kind] != BUY:
        return True
    after = n[N.cost] + n[N.room] + room
    return bool(
        breakers.lets_buy(asked[A.token], now_ns, rules, book)
        and asked[A.size] <= known[R.trade_size_max]
        and known[R.capital] > 0
        and after <= min(known[R.capital], known[R.strategy_exposure_max])
        and room <= known[R.token_exposure_max]
        and (known[R.pool_limit_bps] == 0 or asked[A.size] <= floor_of(asked[A.quote], known[R.pool_limit_bps], BPS))
        and after <= known[R.portfolio_exposure_max]
        and (n[N.open] + n[N.orders] < known[R.positions_limit] or n[N.open] + n[N.buys] + 1 <= known[R.positions_limit])
    )


@jit
def _last_minute(now_ns: int, book: Book) -> int:
    oldest, count = now_ns // NS_PER_S - WINDOW_S, 0
    for place in range(SECONDS):
        if book.seconds[place, 0] >= oldest:
            count += book.seconds[place, 1]
    return count


@jit
def _count(second: int, book: Book) -> None:
    row = book.seconds[second % SECONDS]
    if row[0] != second:
        row[0], row[1] = second, 0
    row[1] += 1
