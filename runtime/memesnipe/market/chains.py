"""Order out of states: the trades of one curve follow one another because each starts where the last one ended.

Pure. A break is a place where no trade starts from the state that was reached: trades are missing there, or the record is wrong.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate

import msgspec

from memesnipe.market.pumpfun_rows import Row, State


class Break(msgspec.Struct, frozen=True):
    """The trade `signature` starts from `found`, but the trade before it had left the curve at `expected`."""

    token: str
    signature: str
    slot: int
    expected: State
    found: State


class Chain(msgspec.Struct, frozen=True):
    """The trades of one token in the order they happened, with every place where the states do not join."""

    token: str
    rows: tuple[Row, ...]
    breaks: tuple[Break, ...]


def chain(token: str, rows: Sequence[Row], start: State) -> Chain:
    """Order one token's rows by following states, from `start` if a row begins there; segments follow one another by slot."""
    segments = sorted(_segments(rows), key=lambda segment: (segment[0].before != start, segment[0].block_num))
    breaks, reached = [], start
    for segment in segments:
        first = segment[0]
        if first.before != reached:
            breaks.append(Break(token, first.transaction_signature, first.block_num, reached, first.before))
        reached = segment[-1].after
    return Chain(token, tuple(row for segment in segments for row in segment), tuple(breaks))


def merge(chains: Sequence[Chain]) -> Iterator[Row]:
    """Yield the rows of all chains by slot, never disturbing the order within a chain. Ties go by token, so the result is one."""
    keyed = [_keyed(one) for one in chains]
    yield from (row for _, _, _, row in heapq.merge(*keyed, key=lambda item: item[:3]))


def _keyed(one: Chain) -> list[tuple[int, str, int, Row]]:
    """A chain outranks its slots: where a slot steps back, the largest so far counts."""
    slots = accumulate((row.block_num for row in one.rows), max)
    return [(slot, one.token, at, row) for at, (slot, row) in enumerate(zip(slots, one.rows, strict=True))]


def _segments(rows: Sequence[Row]) -> list[list[Row]]:
    """Split rows into maximal runs of joining states, heads (nobody leads to them) first, then what is left in loops."""
    waiting: dict[State, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.block_num, row.transaction_signature), reverse=True):
        waiting[row.before].append(row)
    led_to = {row.after for row in rows}
    heads = sorted((row for row in rows if row.before not in led_to), key=lambda row: row.block_num)
    segments = [_follow(row.before, waiting) for row in heads]
    while left := [row for held in waiting.values() for row in held]:
        segments.append(_follow(min(left, key=lambda row: row.block_num).before, waiting))
    return [segment for segment in segments if segment]


def _follow(state: State, waiting: dict[State, list[Row]]) -> list[Row]:
    """Take trades from `state` on, the earliest first where two start from the same one."""
    run: list[Row] = []
    while waiting.get(state):
        run.append(waiting[state].pop())
        state = run[-1].after
    return run
