"""The strategy at its seat, compiled: its signal, `strategy.signals.Orders`, and what the executor's checks leave of it."""

from memesnipe.research.lane.book import BUY, EXIT, NONE, SELL, A, Book, C, L, N, R, Rules, T, Ticks
from memesnipe.research.lane.exact import BPS, floor_of
from memesnipe.research.lane.jit import jit
from memesnipe.strategy.signals import ENTER, LEAVE


@jit
def hear(at: int, token: int, signal: int, ticks: Ticks, rules: Rules, book: Book) -> None:
    """Answer one price of a token."""
    row, levels, known, now_ns = book.tokens[token], book.levels[token], rules.whole, ticks.whole[C.time_ns, at]
    if row[T.kind] != NONE and row[T.kind] != EXIT:
        return
    if not row[T.units]:
        if row[T.entered_ns]:
            row[T.entered_ns], row[T.quiet_ns] = 0, now_ns + known[R.cooldown_ns]
        if signal == ENTER and now_ns >= row[T.quiet_ns] and now_ns - row[T.ordered_ns] >= known[R.retry_ns]:
            size = _size(at, ticks, rules, book)
            if size >= known[R.size_min]:
                _ask(at, token, BUY, size, ticks, rules, book)
        return
    now = ticks.price[at]
    if not row[T.entered_ns]:
        row[T.entered_ns], levels[L.peak] = now_ns, now
    levels[L.peak] = max(levels[L.peak], now)
    ends = signal == LEAVE or now <= levels[L.peak] * rules.trailing or now_ns - row[T.entered_ns] >= known[R.hold_ns]
    if ends and now_ns - row[T.ordered_ns] >= known[R.retry_ns]:
        _ask(at, token, SELL, row[T.units], ticks, rules, book)


@jit
def _size(at: int, ticks: Ticks, rules: Rules, book: Book) -> int:
    """Return the size of a new position in lamports, 0 for none."""
    known = rules.whole
    if book.n[N.open] >= known[R.positions_max]:
        return 0
    share = known[R.pool_share_bps_max]
    room = floor_of(ticks.whole[C.quote, at], share, BPS) if share else known[R.size_max]
    free = max(0, known[R.capital] - book.n[N.cost] - book.n[N.sizes])
    return int(min(floor_of(known[R.capital], known[R.size_bps], BPS), free, known[R.size_max], room))


@jit
def _ask(at: int, token: int, kind: int, size: int, ticks: Ticks, rules: Rules, book: Book) -> None:
    asked, n, now_ns = book.asked[book.n[N.asking]], book.n, ticks.whole[C.time_ns, at]
    asked[A.kind], asked[A.token], asked[A.time_ns], asked[A.sequence], asked[A.size] = kind, token, now_ns, n[N.sequence], size
    asked[A.quote], asked[A.base], asked[A.cause] = ticks.whole[C.quote, at], ticks.whole[C.base, at], -1
    asked[A.slippage_bps] = rules.whole[R.slippage_bps]
    n[N.asking] += 1
    n[N.sequence] += 1
    book.tokens[token, T.ordered_ns] = now_ns
