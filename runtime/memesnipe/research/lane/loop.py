"""One run, compiled: each tick through the stages in the turns of `backtest.engine`, for one strategy with a signal."""

from memesnipe.research.lane import guard, positions, risk, trader
from memesnipe.research.lane.book import EXIT, A, Book, C, E, N, R, Rules, Signals, Spoken, T, Ticks
from memesnipe.research.lane.jit import jit
from memesnipe.research.stats.series import Ints


def run(ticks: Ticks, signals: Signals, rules: Rules, spoken: Spoken, book: Book, bounds: Ints, closes: Ints) -> None:
    """Go through a market. `bounds`: (periods + 1,) ticks at which periods begin; `closes` (periods,) becomes the equity at their ends."""
    tokens, n, equity = book.tokens, book.n, rules.whole[R.equity]
    for period in range(closes.shape[0]):
        for at in range(bounds[period], bounds[period + 1]):
            token, now_ns = ticks.whole[C.token, at], ticks.whole[C.time_ns, at]
            was_held = tokens[token, T.units] > 0
            if n[N.waiting] > 0 and _any_ends(at, token, ticks, book):
                _ends(at, token, ticks, rules, book)
            else:
                tokens[token, T.last] = at
                if was_held:
                    risk.mark(at, token, ticks, rules, book)
            if tokens[token, T.units] > 0:
                n[N.clock_ns] = now_ns
                positions.price(at, token, ticks, rules, book)
            if now_ns >= n[N.due_ns]:
                n[N.clock_ns] = now_ns
                positions.on_time(ticks, rules, book)
            if was_held:
                n[N.noted] = equity + n[N.realized] + n[N.value] - n[N.cost]
            if ticks.whole[C.heard, at] and not n[N.halted] and (signals[at] or tokens[token, T.entered_ns] or tokens[token, T.units]):
                trader.hear(at, token, signals[at], ticks, rules, book)
            if n[N.asking] > 0:
                _decide(at, ticks, rules, spoken, book)
                n[N.noted] = equity + n[N.realized] + n[N.value] - n[N.cost]
        closes[period] = n[N.noted]


@jit
def _any_ends(at: int, token: int, ticks: Ticks, book: Book) -> bool:
    """Whether this price ends an order that waits."""
    for place in range(book.n[N.waiting]):
        row = book.tokens[book.waiting[place]]
        due = book.waiting[place] == token and row[T.due_slot] <= ticks.whole[C.slot, at]
        if due or row[T.deadline_ns] <= ticks.whole[C.time_ns, at]:
            return True
    return False


@jit
def _ends(at: int, token: int, ticks: Ticks, rules: Rules, book: Book) -> None:
    """See a price while orders wait; tell everybody what it ends (turn 1). risk_guardian reads the price among the fills, by time."""
    n, now_ns = book.n, ticks.whole[C.time_ns, at]
    n[N.ending] = 0
    guard.watch(at, ticks, rules, book)
    n[N.clock_ns] = ticks.whole[C.time_ns, max(at - 1, 0)]
    marks = True
    for place in range(n[N.ending]):
        ended_ns = book.ended[place, E.time_ns]
        if marks and ended_ns >= now_ns:
            _mark(at, token, ticks, rules, book)
            marks = False
        n[N.clock_ns] = max(n[N.clock_ns], ended_ns)
        risk.take(place, now_ns, rules, book)
    if marks:
        _mark(at, token, ticks, rules, book)
    if n[N.ending]:
        _hear(ticks, rules, book)


@jit
def _mark(at: int, token: int, ticks: Ticks, rules: Rules, book: Book) -> None:
    if book.tokens[token, T.booked] > 0:
        risk.mark(at, token, ticks, rules, book)


@jit
def _hear(ticks: Ticks, rules: Rules, book: Book) -> None:
    """Let position_manager hear what ended, and ask for what that makes due."""
    for place in range(book.n[N.ending]):
        positions.take(place, ticks, rules, book)
    positions.look(rules, book)
    if book.n[N.clock_ns] >= book.n[N.due_ns]:
        positions.on_time(ticks, rules, book)


@jit
def _decide(at: int, ticks: Ticks, rules: Rules, spoken: Spoken, book: Book) -> None:
    """Go round until nothing is asked for: risk_guardian (turn 3), wallet_guard (4), and everybody hears what ended (1)."""
    n, asked = book.n, book.asked
    n[N.clock_ns] = ticks.whole[C.time_ns, at]
    while n[N.asking] > 0:
        _sort(asked, n[N.asking], True)
        n[N.approved], n[N.ending] = 0, 0
        for place in range(n[N.asking]):
            if risk.approves(asked[place], ticks.whole[C.time_ns, at], rules, book):
                for field in range(asked.shape[1]):
                    asked[n[N.approved], field] = asked[place, field]
                n[N.approved] += 1
            elif asked[place, A.kind] == EXIT:
                positions.refuse(asked[place, A.token], book)
        n[N.asking] = 0
        _sort(asked, n[N.approved], False)
        for place in range(n[N.approved]):
            guard.accept(at, asked[place, A.token], ticks, rules, spoken, book)
        for place in range(n[N.ending]):
            risk.take(place, ticks.whole[C.time_ns, at], rules, book)
        _hear(ticks, rules, book)


@jit
def _sort(asked: Ints, count: int, by_time: bool) -> None:
    """Put orders into the order in which their reader takes them: by time, number and stream; what is equal stays as it is."""
    for last in range(1, count):
        for place in range(last, 0, -1):
            if not _before(asked[place], asked[place - 1], by_time):
                break
            for field in range(asked.shape[1]):
                asked[place, field], asked[place - 1, field] = asked[place - 1, field], asked[place, field]


@jit
def _before(one: Ints, other: Ints, by_time: bool) -> bool:
    if by_time and one[A.time_ns] != other[A.time_ns]:
        return bool(one[A.time_ns] < other[A.time_ns])
    if one[A.sequence] != other[A.sequence]:
        return bool(one[A.sequence] < other[A.sequence])
    return by_time and one[A.kind] == EXIT and other[A.kind] != EXIT
