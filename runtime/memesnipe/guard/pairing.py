"""The paper twin of a live order: the same model on the same pool, taken to its end on the prices that came after. Pure.

A twin begins with what the paper desk would have begun with, and notes each later state of the pool. Once the live order's end is known
and the longest delay that paper thinks possible is over, the two are held against each other. Our own transaction is in those states,
and paper never was: it is left out, and what it moved is taken from the states after it.
"""

from collections.abc import Iterable, Sequence

import msgspec

from memesnipe.guard import paper
from memesnipe.guard.book import Book
from memesnipe.guard.paper import BPS, Swap, Terms
from memesnipe.kernel.ids import derive
from memesnipe.messages.bounds import Side
from memesnipe.messages.market import PriceTick
from memesnipe.messages.orders import ApprovedOrder, ExitIntent, Fill, FillStatus, Intent
from memesnipe.messages.pairs import Pair, PairEnd

EVENTS_MAX = 8
"""Events of one transaction of ours; a swap has one."""


class Twin(msgspec.Struct):
    """An order on paper beside its live self, under way."""

    order: ApprovedOrder
    time_ns: int
    slot: int
    slots: int
    slots_max: int
    failure_bps: int
    quoted_out: int
    deadline_ns: int
    states: list[PriceTick]
    """The pool as it stood when the order was taken, and after each event since."""
    end: PairEnd | None = None
    fill: Fill | None = None
    ended_ns: int = 0


def begun(order: ApprovedOrder, book: Book, terms: Terms, now_ns: int) -> Twin | None:
    """Return an order's twin; None where paper could not have priced it."""
    intent, pool = order.intent, book.pools.get(order.intent.mint)
    if pool is None:
        return None
    slot = max(book.slot, intent.slot)
    stir = paper.stir_bps(book.before.get(intent.mint), pool, slot)
    quoted = paper.quoted_out(intent, paper.swapped(intent, pool))
    if not (quoted > 0):
        return None
    return Twin(
        order=order,
        time_ns=now_ns,
        slot=slot,
        slots=paper.draw(intent.id, terms, stir).slots,
        slots_max=paper.slots_within(terms, stir) + terms.slots_more,
        failure_bps=min(BPS, paper.failure_bps(terms, stir)),
        quoted_out=quoted,
        deadline_ns=now_ns + terms.timeout_ns,
        states=[pool],
    )


def is_over(twin: Twin, terms: Terms, now_ns: int) -> bool:
    """Return whether nothing that comes now can change the pair: the live end is known, and paper's last moment and ours are past."""
    if twin.end is None or not (now_ns >= twin.deadline_ns or twin.states[-1].slot >= twin.slot + twin.slots_max):
        return False
    fill = twin.fill
    return (
        fill is None
        or now_ns >= twin.ended_ns + terms.timeout_ns
        or twin.states[-1].slot > fill.slot
        or not _own(fill).isdisjoint(tick.event_id for tick in twin.states)
    )


class Model(msgspec.Struct, frozen=True):
    """What paper says of an order: its worth at the drawn delay, the band (lamports), and the odds of failing. None: never filled."""

    paper_lamports: int | None
    low_lamports: int | None
    high_lamports: int | None
    failure_bps: int


def paired(twin: Twin, terms: Terms, band_bps: int) -> Pair:
    """Return the pair of a twin that is over. `band_bps`: what of the size fees, rounding and an own footprint may make of the band."""
    intent, fill, size = twin.order.intent, twin.fill, _size_lamports(twin.order.intent)
    once = {tick.event_id: tick for tick in twin.states}  # after a lost connection the bus gives some again
    states, place = _apart(once.values(), _own(fill) if fill else frozenset())
    model = _modelled(twin, states, terms, size * band_bps // BPS)
    return Pair(
        intent_id=intent.id,
        strategy=intent.strategy,
        mint=intent.mint,
        side=paper.side_of(intent),
        time_ns=twin.time_ns,
        slot=twin.slot,
        end=twin.end or PairEnd.MISSED,
        live_slots=max(0, fill.slot - twin.slot) if fill else 0,
        paper_slots=twin.slots,
        slots_max=twin.slots_max,
        size_lamports=size,
        live_lamports=_worth(intent, fill.sol_delta_lamports + fill.rent_lamports, fill.token_delta_units) if fill else 0,
        paper_lamports=model.paper_lamports,
        there_lamports=_worth_of(intent, paper.swapped(intent, _there(fill, states, place)), terms) if fill else None,
        low_lamports=model.low_lamports,
        high_lamports=model.high_lamports,
        failure_bps=model.failure_bps,
    )


def _modelled(twin: Twin, states: Sequence[PriceTick], terms: Terms, room_lamports: int) -> Model:
    """Return the model's word: live may land after any event until paper's last moment, so each of those states is in the band."""
    by_delay = [_at(states, twin.slot, slots) for slots in range(twin.slots_max + 1)]
    within = [_worth_on_paper(twin, tick, terms) for tick in states[: states.index(by_delay[-1]) + 1]]
    possible = [worth for worth in within if worth is not None]
    slips = sum(_worth_on_paper(twin, tick, terms) is None for tick in by_delay)
    return Model(
        _worth_on_paper(twin, by_delay[twin.slots], terms),
        min(possible) - room_lamports if possible else None,
        max(possible) + room_lamports if possible else None,
        twin.failure_bps + (BPS - twin.failure_bps) * slips // len(by_delay),
    )


def end_of(fill: Fill | None) -> PairEnd:
    """Return how a live order ended; without a fill it never landed."""
    if fill is None:
        return PairEnd.MISSED
    return PairEnd.FAILED if fill.status is FillStatus.FAILED else PairEnd.FILLED


def _at(states: Sequence[PriceTick], slot: int, slots: int) -> PriceTick:
    """Return the state that paper fills at with this delay: the first event at or after that slot, the last known where none came."""
    if slots == 0:
        return states[0]
    return next((tick for tick in states[1:] if tick.slot >= slot + slots), states[-1])


def _there(fill: Fill, states: Sequence[PriceTick], place: int | None) -> PriceTick:
    """Return the state that the live order met; without our own event among what came, the last one known by its slot."""
    if place is not None:
        return states[place]
    known = [tick for tick in states[1:] if tick.slot <= fill.slot]
    return known[-1] if known else states[0]


def _apart(states: Iterable[PriceTick], own: frozenset[str]) -> tuple[list[PriceTick], int | None]:
    """Return the states as they would be without our own transaction, and which of them it met; None where it is not among them."""
    kept: list[PriceTick] = []
    place, quote, base = None, 0, 0
    for tick in states:
        if tick.event_id in own:
            place = len(kept) - 1 if place is None else place
            sign = 1 if tick.trade_side is Side.BUY else -1
            quote, base = quote + sign * tick.trade_lamports, base - sign * tick.trade_units
        else:
            kept.append(_moved(tick, -quote, -base) if quote or base else tick)
    return kept, place


def _moved(tick: PriceTick, quote: int, base: int) -> PriceTick:
    moved = {"quote_lamports": max(1, tick.quote_lamports + quote), "base_units": max(1, tick.base_units + base)}
    return msgspec.structs.replace(tick, **moved)


def _own(fill: Fill) -> frozenset[str]:
    """Return the ids that data_consumers give the events of this transaction (`market.pumpfun_ticks.event_of`)."""
    return frozenset(derive("trade", fill.signature, number) for number in range(EVENTS_MAX))


def _worth_on_paper(twin: Twin, tick: PriceTick, terms: Terms) -> int | None:
    """Return what the order is worth filled at this state, None where the slippage forbids it."""
    intent, swap = twin.order.intent, paper.swapped(twin.order.intent, tick)
    out = swap.units if paper.side_of(intent) is Side.BUY else swap.sol_lamports
    return _worth_of(intent, swap, terms) if out >= paper.min_out(intent, twin.quoted_out) else None


def _worth_of(intent: Intent, swap: Swap, terms: Terms) -> int:
    costs = terms.fee_lamports + terms.tip_lamports
    if paper.side_of(intent) is Side.BUY:
        return _worth(intent, -swap.sol_lamports - costs, swap.units)
    return _worth(intent, swap.sol_lamports - costs, -swap.units)


def _worth(intent: Intent, sol_lamports: int, units: int) -> int:
    return sol_lamports + units * intent.quote_lamports // intent.base_units


def _size_lamports(intent: Intent) -> int:
    if isinstance(intent, ExitIntent) or intent.side is Side.SELL:
        return max(1, intent.size_units * intent.quote_lamports // intent.base_units)
    return max(1, intent.size_lamports)
