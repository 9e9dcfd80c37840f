"""wallet_guard's paper model, compiled: `guard.decide` and `guard.paper` for orders that the lane makes."""

import numpy as np

from memesnipe.research.lane import digest
from memesnipe.research.lane.book import (
    BUY,
    EXIT,
    FAILED_BY_LUCK,
    FAILED_BY_PRICE,
    FILLED,
    REFUSED,
    REFUSED_FLOOR,
    Book,
    C,
    E,
    F,
    N,
    P,
    R,
    Rules,
    Spoken,
    T,
    Ticks,
)  # fmt: skip
from memesnipe.research.lane.exact import BPS, buy, floor_of, sell, stir_of
from memesnipe.research.lane.jit import jit, jit_apart
from memesnipe.research.stats.series import Ints

FIRST_MINT = 3
"""Row of `Spoken.names`: the causes of exits are before it."""
Moved = tuple[int, int, int, int, int]
"""SOL and units of the wallet, tip, rent, the pool's fee."""


@jit
def accept(at: int, token: int, ticks: Ticks, rules: Rules, spoken: Spoken, book: Book) -> None:
    """Quote an approved order and let it wait, end it at once or refuse it: `guard.decide.take` at tick `at`."""
    tokens, now_ns = book.tokens, ticks.whole[C.time_ns, at]
    if tokens[token, T.kind] == BUY and not tokens[token, T.size] <= rules.whole[R.guard_size_max]:
        end(book, token, now_ns, REFUSED, 0, 0, 0)
        return
    last = tokens[token, T.last]
    quoted = _swap(token, last, ticks, rules, book)[0]
    if not quoted > 0:
        end(book, token, now_ns, REFUSED, 0, 0, 0)
        return
    if not _least(quoted, tokens[token, T.slippage_bps]) >= _floor(token, rules, book):
        end(book, token, now_ns, REFUSED_FLOOR, 0, 0, 0)
        return
    identify(at, token, ticks, spoken, book)
    slots, fails = _draw(at, token, last, ticks, rules, spoken, book)
    tokens[token, T.quoted], tokens[token, T.fails] = quoted, fails
    tokens[token, T.due_slot] = ticks.whole[C.slot_max, at] + slots
    tokens[token, T.deadline_ns] = now_ns + rules.whole[R.timeout_ns]
    if slots == 0:
        settle(token, last, now_ns, ticks, rules, book)
        return
    book.waiting[book.n[N.waiting]] = token
    book.n[N.waiting] += 1


@jit
def watch(at: int, ticks: Ticks, rules: Rules, book: Book) -> None:
    """End what is overdue, see the tick, then end what it fills: `guard.decide.watch`."""
    now_ns, token, tokens = ticks.whole[C.time_ns, at], ticks.whole[C.token, at], book.tokens
    waits, left = book.n[N.waiting], 0
    for place in range(waits):
        one = book.waiting[place]
        if tokens[one, T.deadline_ns] <= now_ns:
            settle(one, tokens[one, T.last], tokens[one, T.deadline_ns], ticks, rules, book)
        else:
            book.waiting[left] = one
            left += 1
    book.n[N.waiting] = left
    tokens[token, T.last] = at
    for place in range(left):
        if book.waiting[place] == token and tokens[token, T.due_slot] <= ticks.whole[C.slot, at]:
            for after in range(place + 1, left):
                book.waiting[after - 1] = book.waiting[after]
            book.n[N.waiting] = left - 1
            settle(token, at, now_ns, ticks, rules, book)
            return


@jit_apart
def settle(token: int, pool_at: int, time_ns: int, ticks: Ticks, rules: Rules, book: Book) -> None:
    """End a wait at the reserves of tick `pool_at`: `guard.decide._end`."""
    tokens, fee, tip = book.tokens, rules.whole[R.fee], rules.whole[R.tip]
    if tokens[token, T.fails]:
        _record(token, pool_at, time_ns, FAILED_BY_LUCK, (-fee, 0, 0, 0, 0), 0, book)
        return
    out, lamports, venue_fee = _swap(token, pool_at, ticks, rules, book)
    if not out >= _least(tokens[token, T.quoted], tokens[token, T.slippage_bps]):
        _record(token, pool_at, time_ns, FAILED_BY_PRICE, (-fee, 0, 0, 0, 0), out, book)
        return
    if tokens[token, T.kind] == BUY:
        rent = 0 if tokens[token, T.account] else rules.whole[R.rent]
        tokens[token, T.account] = 1
        moved = (-lamports - fee - tip - rent, out, tip, rent, venue_fee)
    else:
        moved = (lamports - fee - tip, -tokens[token, T.size], tip, 0, venue_fee)
    _record(token, pool_at, time_ns, FILLED, moved, out, book)


@jit
def end(book: Book, token: int, time_ns: int, how: int, sol: int, units: int, rent: int) -> None:
    """Note that a token's order ended."""
    row = book.ended[book.n[N.ending]]
    row[E.token], row[E.kind], row[E.how], row[E.time_ns] = token, book.tokens[token, T.kind], how, time_ns
    row[E.sol], row[E.units], row[E.rent] = sol, units, rent
    book.n[N.ending] += 1


@jit
def identify(at: int, token: int, ticks: Ticks, spoken: Spoken, book: Book) -> None:
    """Give the order the id that the executor or position_manager derives."""
    tokens, text = book.tokens, spoken.text
    if tokens[token, T.kind] == EXIT:
        place = _put_head(text, spoken.exit_head)
        place = digest.put(text, place, spoken.names[FIRST_MINT + token], int(spoken.name_bytes[FIRST_MINT + token]))
        place = digest.put_hex(text, place, np.uint64(tokens[token, T.opened]), np.uint64(tokens[token, T.opened_2]))
        cause = tokens[token, T.cause]
        place = digest.put(text, place, spoken.names[cause], int(spoken.name_bytes[cause]))
    else:
        place = _put_head(text, spoken.head)
        place = digest.put(text, place, ticks.ids[at], ticks.whole[C.id_bytes, at])
    place = digest.put_number(text, place, tokens[token, T.sequence])
    one, other = digest.finish(text, spoken.words, place)
    tokens[token, T.id], tokens[token, T.id_2] = np.int64(one), np.int64(other)


@jit
def _put_head(text: digest.Bytes, head: digest.Bytes) -> int:
    for place in range(head.shape[0]):
        text[place] = head[place]
    return int(head.shape[0])


@jit
def _draw(at: int, token: int, last: int, ticks: Ticks, rules: Rules, spoken: Spoken, book: Book) -> tuple[int, bool]:
    """Return the order's delay in slots and whether it fails: `guard.paper.draw`."""
    stir, whole, known = 0, ticks.whole, rules.whole
    before = whole[C.before, last]
    if before >= 0 and (known[R.slots_stir] or known[R.failure_stir_bps]):
        stir = stir_of(whole[C.quote, before], whole[C.base, before], whole[C.quote, last], whole[C.base, last])
        stir //= 1 + max(0, whole[C.slot_max, at] - whole[C.slot, last])
    tokens = book.tokens
    digest.put_hex(spoken.luck_text, spoken.luck_at, np.uint64(tokens[token, T.id]), np.uint64(tokens[token, T.id_2]))
    one, other = digest.blake2b(spoken.luck_words, spoken.luck_at + 36)
    slots, share = digest.luck(one, other, known[R.slots_max] + stir * known[R.slots_stir] // BPS + 1)
    return slots + known[R.slots_more], share < known[R.failure_bps] + stir * known[R.failure_stir_bps] // BPS


@jit
def _swap(token: int, at: int, ticks: Ticks, rules: Rules, book: Book) -> tuple[int, int, int]:
    """Return (what comes out, lamports that move, the pool's fee) at the reserves of tick `at`."""
    pool, size = rules.pools[ticks.whole[C.pool, at]], book.tokens[token, T.size]
    quote, base = ticks.whole[C.quote, at], ticks.whole[C.base, at]
    if book.tokens[token, T.kind] == BUY:
        return buy(size, quote, base, pool[P.fee_bps], pool[P.creator_fee_bps], pool[P.curve], pool[P.locked_base])
    net, taken = sell(size, quote, base, pool[P.fee_bps], pool[P.creator_fee_bps], pool[P.locked_quote])
    return net, net, taken


@jit
def _least(quoted: int, slippage_bps: int) -> int:
    return max(1, floor_of(quoted, BPS - slippage_bps, BPS))


@jit
def _floor(token: int, rules: Rules, book: Book) -> int:
    """Return the least out-amount at the price that the order names: `chain.policy.price_floor`."""
    row = book.tokens[token]
    one, other = row[T.quote], row[T.base]
    if row[T.kind] == BUY:
        one, other = other, one
    return floor_of(floor_of(row[T.size], one, other), max(0, BPS - row[T.slippage_bps] - rules.whole[R.impact_bps_max]), BPS)


@jit
def _record(token: int, at: int, time_ns: int, how: int, moved: Moved, out: int, book: Book) -> None:
    """Note a fill or a failed attempt: it ends the order, for paper tries once."""
    number = book.n[N.fills]
    if number < book.fills.shape[0]:
        _write(book.fills[number], book.tokens[token], token, moved, out)
        book.fills[number, F.tick], book.fills[number, F.time_ns], book.fills[number, F.how] = at, time_ns, how
    book.n[N.fills] = number + 1
    book.n[N.sol] += moved[0]
    end(book, token, time_ns, how, moved[0], moved[1], moved[3])


@jit
def _write(row: Ints, order: Ints, token: int, moved: Moved, out: int) -> None:
    row[F.token], row[F.kind], row[F.out] = token, order[T.kind], out
    row[F.sol], row[F.units], row[F.tip], row[F.rent], row[F.venue_fee] = moved
    row[F.quoted], row[F.intent_ns], row[F.cause] = order[T.quoted], order[T.intent_ns], order[T.cause]
    row[F.id], row[F.id_2] = order[T.id], order[T.id_2]
