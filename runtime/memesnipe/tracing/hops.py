"""An order's way as hops in a row: whose each is, when it began, when it ended, and which one a refusal cut short. Pure.

The times are of several clocks (the chain's, each stage's). A hop that would end before it began is shown as an instant at its own time,
with how far the clocks are apart: no duration is ever negative, and one wrong clock bends one hop, not all behind it.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import ExitCause, Fill, FillStatus, Outcome, Rejection
from memesnipe.messages.way import EXITS, FEED, GUARD, RISK, SIGNER, STRATEGY, Way

EVENT, WISH, APPROVE, TAKE, QUOTE, SIGN, SEND, LAND, FILL = "event", "wish", "approve", "take", "quote", "sign", "send", "land", "fill"
STAGE_OF = {WISH: STRATEGY, APPROVE: RISK, TAKE: GUARD, QUOTE: GUARD, SIGN: SIGNER, SEND: GUARD, LAND: GUARD}
"""In the order in which an order passes by. The stamps are of those who waited for it: a signature's is wallet_guard's."""
EARLY = (WISH, APPROVE, TAKE)
"""Once for each order; the others once for each attempt."""
AFTER_A_FAILED_FILL = (ReasonCode.CHAIN_FAILED, ReasonCode.PAPER_FAILED)
"""These refusals end an order whose attempt has just been told by a failed Fill, with its hops."""


class Hop(NamedTuple):
    """One step. `behind_ns`: how far the clock that ended it was behind the one that began it; 0 where they agree."""

    name: str
    stage: str
    start_ns: int
    end_ns: int
    behind_ns: int = 0
    failed: bool = False


def hops_of(outcome: Outcome) -> list[Hop]:
    """Return the hops that an outcome tells; of one without a way (an older release) none. A stamp of 0 is left out."""
    way = outcome.way
    if way is None:
        return []
    by_attempt = [*_between(way), *_last(way, outcome)]
    if isinstance(outcome, Fill) and outcome.status is FillStatus.FAILED:
        return [hop for hop in by_attempt if hop.name not in EARLY]
    if isinstance(outcome, Rejection) and outcome.reason in AFTER_A_FAILED_FILL:
        by_attempt = [hop for hop in by_attempt if hop.name in EARLY]
    first = [] if caused_by_a_person(way) else [Hop(EVENT, FEED, way.event_ns, way.event_ns)]
    return [*first, *by_attempt]


def caused_by_a_person(way: Way) -> bool:
    """Return whether somebody asked for it to be closed, so that no market event is behind it."""
    return way.by == EXITS and way.wish == ExitCause.PERSON.value


def _between(way: Way) -> Iterator[Hop]:
    """The hops whose ends are stamped."""
    began_ns = way.event_ns
    for name, ended_ns in _stamps(way):
        if ended_ns:
            yield _hop(name, (way.by or STRATEGY) if name == WISH else STAGE_OF[name], began_ns, ended_ns)
            began_ns = ended_ns


def _last(way: Way, outcome: Outcome) -> Iterator[Hop]:
    """The hop that the outcome itself ends: the landing, or whatever was under way when a stage said no."""
    stamped = [(name, ended_ns) for name, ended_ns in _stamps(way) if ended_ns]
    newest, began_ns = stamped[-1] if stamped else ("", way.event_ns)
    if isinstance(outcome, Fill):
        name = LAND if outcome.mode is Mode.LIVE else FILL
        yield _hop(name, GUARD, began_ns, outcome.time_ns, failed=outcome.status is FillStatus.FAILED)
        return
    yield _hop(_under_way(newest, outcome.stage), outcome.stage, began_ns, outcome.time_ns, failed=True)


def _under_way(newest: str, stage: str) -> str:
    """Return the hop after the newest one that is stamped; risk_guardian has but one, whether the wish is stamped or not."""
    names = list(STAGE_OF)
    if stage == RISK and newest in ("", WISH):
        return APPROVE
    following: Sequence[str] = names[names.index(newest) + 1 :] if newest else names
    return following[0] if following else LAND


def _stamps(way: Way) -> tuple[tuple[str, int], ...]:
    """A span is named by what is done in it, a stamp by what is done then."""
    return tuple(zip((WISH, APPROVE, TAKE, QUOTE, SIGN, SEND), (time_ns for _, time_ns in way.stamps), strict=True))


def _hop(name: str, stage: str, start_ns: int, end_ns: int, *, failed: bool = False) -> Hop:
    return Hop(name, stage, min(start_ns, end_ns), end_ns, max(0, start_ns - end_ns), failed)
