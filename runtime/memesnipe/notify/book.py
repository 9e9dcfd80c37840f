"""notifier's state and what it does with what it read: messages in, notes for each destination out. Pure; read this to know when it speaks.

The state is kept in one step before anything is said, and again after each message that a destination took. So a kill between the two says
the last message twice at most, and nothing else again.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from memesnipe.bus.folds import MACHINES, SEVERITY
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.control import AllocationDecision, ConfigApplied, HaltCommand, PositionUpdate
from memesnipe.messages.orders import Fill, FillStatus
from memesnipe.messages.promotion import PromotionStep
from memesnipe.notify import firing, wording
from memesnipe.notify.alerts import Alert
from memesnipe.notify.firing import Known
from memesnipe.notify.limit import Buckets, admit, sums
from memesnipe.notify.notes import Kind, Note
from memesnipe.notify.wording import Stakes

WAITING_MAX = 200
"""Messages kept for a destination that does not answer; the oldest go first, counted."""
BARE_MAX = 1_000
MOVED_BPS_MIN = 500
"""A change of every weight by less is no news."""


class Terms(msgspec.Struct, frozen=True):
    """What a person asked for."""

    fills: tuple[Mode, ...]
    """Fills of these modes are said."""
    per_minute: Mapping[Kind, int]
    runbooks_url: str = ""
    """Where the page of runbooks is to be read from afar; empty: as the rule says."""


class Waiting(msgspec.Struct, frozen=True):
    """One note with its number."""

    number: int
    note: Note


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """All that outlives the process."""

    began_ms: int = 0
    """By the clock of the first start: what was written before is not news. 0: never started."""
    seen_ns: int = 0
    """When the streams were last read, to some tens of seconds."""
    after: dict[str, str] = {}
    """Newest entry id by stream."""
    modes: dict[str, Mode] = {}
    """Effective mode by strategy, as last said."""
    halts: dict[str, HaltState] = {}
    weights_bps: dict[str, int] | None = None
    """By strategy, as last said; None: never."""
    bare: tuple[str, ...] = ()
    """Positions without a stop that were said."""
    buckets: Buckets = Buckets()
    waiting: tuple[Waiting, ...] = ()
    numbered: int = 0
    taken: dict[str, int] = {}
    """Number of the newest note by destination that took it."""
    summary_day: int = 0
    """Days since 1970 of the newest daily summary."""
    stakes: Stakes | None = None
    firing: dict[str, Known] = {}
    """Alerts that were said and have not ended, by fingerprint."""


def hear(book: Book, messages: Iterable[Any], terms: Terms, now_ns: int) -> tuple[Book, int]:
    """Return the book after these messages of any stream, in order, and how many notes were not said one by one."""
    suppressed = 0
    for message in messages:
        book, notes = _heard(book, message, terms)
        book, unsaid = tell_all(book, notes, terms, now_ns)
        suppressed += unsaid
    return book, suppressed


def hear_alerts(book: Book, alerts: Iterable[Alert], terms: Terms, now_ns: int) -> tuple[Book, int]:
    """Return the book after these alerts, and how many were not said one by one. What is said again is no news."""
    known, fresh = firing.heard(book.firing, alerts)
    book = msgspec.structs.replace(book, firing=known)
    return tell_all(book, [wording.of_alert(one, now_ns, book.stakes, terms.runbooks_url) for one in fresh], terms, now_ns)


def hear_silence(book: Book, terms: Terms, now_ns: int) -> tuple[Book, int]:
    """Return the book without the alerts of which nobody speaks any more, having said so, and how many were not said one by one."""
    known, gone = firing.silent(book.firing, now_ns)
    if not gone:
        return book, 0
    book = msgspec.structs.replace(book, firing=known)
    return tell_all(book, [wording.of_silence([one.title for one in gone], now_ns, book.stakes)], terms, now_ns)


def tell_all(book: Book, notes: Iterable[Note], terms: Terms, now_ns: int) -> tuple[Book, int]:
    """Return the book with these among those to be said, and how many their kinds' limits left for a sum."""
    unsaid = 0
    for one in notes:
        book, said = tell(book, one, terms, now_ns)
        unsaid += not said
    return book, unsaid


def tell(book: Book, one: Note, terms: Terms, now_ns: int) -> tuple[Book, bool]:
    """Return the book with this note among those to be said, unless its kind was said too often: then with its sum."""
    buckets, admitted = admit(book.buckets, one, now_ns, terms.per_minute[one.kind])
    book = msgspec.structs.replace(book, buckets=buckets)
    return (_numbered(book, one), True) if admitted else (book, False)


def tell_sums(book: Book, terms: Terms, now_ns: int) -> Book:
    """Return the book with the sums that are due."""
    buckets, due = sums(book.buckets, now_ns, terms.per_minute)
    book = msgspec.structs.replace(book, buckets=buckets)
    for kind, one in due.items():
        book = _numbered(book, wording.of_sum(kind, one.count, one.lamports, one.last, now_ns, book.stakes))
    return book


def news(before: Book, after: Book) -> bool:
    """Return whether anything changed but how far we read: what made no note makes none when it is read again, so it need not be kept."""
    return msgspec.structs.replace(after, after=before.after, seen_ns=before.seen_ns) != before


def for_destination(book: Book, name: str) -> tuple[Waiting, ...]:
    """Return what a destination has not taken yet, oldest first. One that is new hears what comes from now on: see `known`."""
    return tuple(one for one in book.waiting if one.number > book.taken.get(name, 0))


def known(book: Book, names: Iterable[str]) -> Book:
    """Return the book with exactly these destinations; a new one begins after everything that was said before it came."""
    taken = {name: book.taken.get(name, book.numbered) for name in names}
    return _shed(msgspec.structs.replace(book, taken=taken))


def took(book: Book, name: str, number: int) -> Book:
    """Return the book after a destination took everything up to this note; what all of them took is forgotten."""
    return _shed(msgspec.structs.replace(book, taken={**book.taken, name: number}))


def _shed(book: Book) -> Book:
    behind = min(book.taken.values(), default=book.numbered)
    return msgspec.structs.replace(book, waiting=tuple(one for one in book.waiting if one.number > behind))


def _numbered(book: Book, one: Note) -> Book:
    number = book.numbered + 1
    return msgspec.structs.replace(book, numbered=number, waiting=(*book.waiting, Waiting(number, one))[-WAITING_MAX:])


def _heard(book: Book, message: Any, terms: Terms) -> tuple[Book, list[Note]]:
    if isinstance(message, Fill):
        wanted = message.status is FillStatus.FILLED and message.mode in terms.fills
        return book, [wording.of_fill(message, book.stakes)] if wanted else []
    if isinstance(message, HaltCommand):
        return _halted(book, message)
    if isinstance(message, ConfigApplied):
        return _applied(book, message)
    if isinstance(message, PromotionStep):
        return book, [wording.of_promotion(message, book.stakes)] if message.before is not message.after or message.step > 1 else []
    if isinstance(message, AllocationDecision):
        return _allocated(book, message)
    return _held(book, message) if isinstance(message, PositionUpdate) else (book, [])


def _halted(book: Book, command: HaltCommand) -> tuple[Book, list[Note]]:
    """What stands there already is not said again (control repeats halts after Redis lost its memory), nor what a machine may not do."""
    before = book.halts.get(command.scope, HaltState.ACTIVE)
    if before is command.state or (command.by in MACHINES and SEVERITY[command.state] < SEVERITY[before]):
        return book, []
    return msgspec.structs.replace(book, halts={**book.halts, command.scope: command.state}), [wording.of_halt(command, book.stakes)]


def _applied(book: Book, config: ConfigApplied) -> tuple[Book, list[Note]]:
    """A strategy that is new and on paper is no news; one that is new and live is."""
    notes = [wording.of_mode(one, config) for one in config.strategies if book.modes.get(one.id, Mode.PAPER) is not one.mode]
    modes = {one.id: one.mode for one in config.strategies}
    return msgspec.structs.replace(book, stakes=wording.stakes_of(config), modes=modes), notes


def _allocated(book: Book, decision: AllocationDecision) -> tuple[Book, list[Note]]:
    before, after = book.weights_bps, {one.strategy: one.weight_bps for one in decision.shares}
    book = msgspec.structs.replace(book, weights_bps=after)
    moved = before is not None and any(abs(after.get(name, 0) - before.get(name, 0)) >= MOVED_BPS_MIN for name in before | after)
    return book, [wording.of_allocation(before or {}, decision, book.stakes)] if moved else []


def _held(book: Book, update: PositionUpdate) -> tuple[Book, list[Note]]:
    key = f"{update.strategy}:{update.mode.value}:{update.mint}"
    bare = update.units > 0 and update.stop_base_units == 0
    if bare and key not in book.bare:
        return msgspec.structs.replace(book, bare=(*book.bare, key)[-BARE_MAX:]), [wording.of_bare(update, book.stakes)]
    if not bare and key in book.bare:
        return msgspec.structs.replace(book, bare=tuple(one for one in book.bare if one != key)), []
    return book, []
