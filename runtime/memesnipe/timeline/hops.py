"""One order from the event that caused it to its end, as hops: what happened, when, how long after the hop before, and why. Pure.

What ends an order carries its way (`messages.way`), and the ledger keeps both for good. An order that has no end yet is told from the
order streams. A hop that must have been and that nobody remembers is said to be gone, never left out in silence: of an order of a release
whose ends carried no way, or of live steps that were taken before wallet_guard was restarted.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from memesnipe.kernel.clock import NS_PER_MS, NS_PER_S
from memesnipe.kernel.reasons import REMEDY
from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.orders import ApprovedOrder, ExitIntent, Fill, FillStatus, Intent, Outcome, Rejection, way_of
from memesnipe.messages.pairs import Pair
from memesnipe.messages.way import (
    APPROVED,
    FEED,
    GUARD,
    LIVE_ONLY,
    QUOTED,
    RISK,
    SENT,
    SIGNED,
    SIGNER,
    STRATEGY,
    TAKEN,
    WISH,
    Way,
)

EVENT, ATTEMPT, REFUSED, FILLED = "event", "failed attempt", "refused", "filled"
ORDER = {hop: place for place, hop in enumerate((EVENT, WISH, APPROVED, TAKEN, QUOTED, SIGNED, SENT))}
"""What must come before what: the times are of several clocks (the chain's, Redis', ours), which alone do not tell. The rest go by time."""

CLOCKS_NS = 2 * NS_PER_S
"""How far Redis' clock may be ahead of ours: what approvals allow."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Whatever streams and ledger still say of one intent; one thing may be in both, and counts once."""

    id: str
    intents: tuple[Intent, ...] = ()
    approvals: tuple[ApprovedOrder, ...] = ()
    fills: tuple[Fill, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    pairs: tuple[Pair, ...] = ()
    wished_ns: int | None = None
    """When the wish was written, by the clock of the Redis server: for a wish that does not say itself when it was made."""


class Hop(msgspec.Struct, frozen=True):
    """One step. `after_ms` is since the hop shown before it, None for the first: what is gone between them is in it."""

    hop: str
    stage: str
    time_ns: int
    after_ms: float | None
    detail: str
    remedy: str = ""


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """The whole way of one order."""

    id: str
    strategy: str
    mint: str
    side: str
    mode: str
    outcome: str
    """filled, rejected, or open: no end is known yet."""
    total_ms: float | None
    """From the event to the end."""
    hops: tuple[Hop, ...]
    gone: tuple[str, ...]
    """Hops that nobody remembers any more."""


def timeline_of(found: Found) -> Timeline | None:
    """Return the way of an order; None where nothing is known of it."""
    way = _way(found)
    raw = sorted(_hops(found, way), key=lambda hop: (ORDER.get(hop.hop, len(ORDER)), hop.time_ns))
    if not raw:
        return None
    names = {hop.hop for hop in raw}
    end = next((hop for hop in reversed(raw) if hop.hop in (FILLED, REFUSED)), None)
    started_ns = next((hop.time_ns for hop in raw if hop.hop == EVENT), None)
    whose = _whose(found)
    return Timeline(
        id=found.id, strategy=whose.strategy, mint=whose.mint, side=_side(found), mode=_mode(found), outcome=_outcome(found),
        total_ms=_ms(end.time_ns - started_ns) if end is not None and started_ns is not None else None,
        hops=tuple(_timed(raw)), gone=tuple(name for name in ORDER if name not in names and name in _must_have_been(found)),
    )  # fmt: skip


def _way(found: Found) -> Way | None:
    """Return what is known of the way: by what ended the order last, else by the approval, else by the wish itself."""
    ends: list[Outcome] = sorted((*found.fills, *found.rejections), key=lambda one: one.time_ns, reverse=True)
    told = [one.way for one in ends if one.way is not None]
    approved = [way_of(one.intent, one) for one in found.approvals]
    return next(iter((*told, *approved, *(way_of(one) for one in found.intents))), None)


def _hops(found: Found, way: Way | None) -> Iterable[Hop]:
    if way is not None:
        yield from _before_the_end(found, way)
    elif found.fills:
        yield Hop(EVENT, FEED, found.fills[0].intent_time_ns, None, "the market event that caused it")
    for fill in {one.signature: one for one in found.fills}.values():
        yield _filled(fill)
    for no in {one.stage: one for one in found.rejections}.values():
        yield Hop(
            REFUSED, no.stage, no.time_ns, None, f"{no.reason.value}: {no.detail}" if no.detail else no.reason.value, REMEDY[no.reason]
        )
    if found.pairs or (way is not None and way.taken_ns):
        yield _taken(found, way.taken_ns if way is not None else 0)


def _before_the_end(found: Found, way: Way) -> Iterable[Hop]:
    yield Hop(EVENT, FEED, way.event_ns, None, f"{way.event_id} at slot {way.slot:,}")
    yield Hop(WISH, way.by or STRATEGY, way.wished_ns or _written_ns(found, way), None, _wished(_side(found), way))
    if way.approved_ns:
        mode = f"{mode}, " if (mode := _mode(found)) else ""
        detail = f"{mode}policy {way.policy_hash[:12]}, halt epoch {way.halt_epoch}"
        yield Hop(APPROVED, RISK, way.approved_ns, None, detail)
    for name, time_ns, what in (
        (QUOTED, way.quoted_ns, f"the bytes of {_attempt(found)}, on a fresh quote{_promised(found)}"),
        (SIGNED, way.signed_ns, "wallet_guard had the signature, and had kept it"),
        (SENT, way.sent_ns, "first broadcast"),
    ):
        if time_ns:
            yield Hop(name, SIGNER if name == SIGNED else GUARD, time_ns, None, what)


def _taken(found: Found, taken_ns: int) -> Hop:
    pair = next(iter(found.pairs), None)
    if pair is None:
        return Hop(TAKEN, GUARD, taken_ns, None, "in its hands")
    return Hop(TAKEN, GUARD, taken_ns or pair.time_ns, None, f"live; in the end {pair.end.value}, {_beside_paper(pair.gap_bps)}")


def _beside_paper(gap_bps: int | None) -> str:
    if gap_bps is None:
        return "not to be compared with its paper twin: one of the two has no fill"
    return f"{abs(gap_bps)} bps {'worse' if gap_bps < 0 else 'better'} than its paper twin" if gap_bps else "just as its paper twin"


def _written_ns(found: Found, way: Way) -> int:
    """When the wish was written, where that is a time of the same clock: in a replay events are of another year than Redis."""
    judged_ns = [*(one.time_ns for one in found.approvals), *(one.time_ns for one in found.rejections)]
    until_ns = min(judged_ns, default=found.wished_ns or 0)
    written_ns = found.wished_ns
    return written_ns if written_ns is not None and way.event_ns <= written_ns <= until_ns + CLOCKS_NS else way.event_ns


def _wished(side: str, way: Way) -> str:
    what = f"buy for {way.size:,} lamports" if side == Side.BUY.value else f"sell {way.size:,} units"
    return f"{what}: {way.wish or 'no reason given'}, at most {way.slippage_bps_max} bps of slippage"


def _attempt(found: Found) -> str:
    return f"attempt {found.fills[-1].attempt}" if found.fills else "its last attempt"


def _promised(found: Found) -> str:
    if not found.fills:
        return ""
    fill = found.fills[-1]
    return f" that promised {fill.quoted_out:,} {'units' if fill.side is Side.BUY else 'lamports'}"


def _filled(fill: Fill) -> Hop:
    costs = f"fee {fill.fee_lamports:,}, tip {fill.tip_lamports:,}, rent {fill.rent_lamports:,} lamports"
    if fill.status is FillStatus.FAILED:
        return Hop(ATTEMPT, GUARD, fill.time_ns, None, f"attempt {fill.attempt}: {fill.error or 'failed on chain'}; {costs}")
    moved = f"{fill.sol_delta_lamports:+,} lamports, {fill.token_delta_units:+,} units"
    return Hop(FILLED, GUARD, fill.time_ns, None, f"attempt {fill.attempt}, slot {fill.slot:,}: {moved}; {costs}; {fill.signature}")


def _timed(raw: Sequence[Hop]) -> Iterable[Hop]:
    for number, hop in enumerate(raw):
        yield msgspec.structs.replace(hop, after_ms=_ms(hop.time_ns - raw[number - 1].time_ns)) if number else hop


def _must_have_been(found: Found) -> frozenset[str]:
    """An outcome without a wish cannot be, nor a word of wallet_guard without an approval, nor a live fill that nobody signed and sent."""
    said: list[Outcome] = [*found.fills, *(one for one in found.rejections if one.stage != RISK)]
    names = {WISH} if said or found.pairs or found.rejections or found.approvals else set[str]()
    if said or found.pairs:
        names.add(APPROVED)
    if any(one.way is not None for one in said):
        names.add(TAKEN)
    if any(one.way is not None and one.mode is Mode.LIVE for one in found.fills):
        names |= LIVE_ONLY
    return frozenset(names)


def _outcome(found: Found) -> str:
    if any(one.status is FillStatus.FILLED for one in found.fills):
        return "filled"
    return "rejected" if found.rejections else "open"


def _whose(found: Found) -> Any:
    return next(iter((*found.intents, *(one.intent for one in found.approvals), *found.fills, *found.rejections, *found.pairs)))


def _side(found: Found) -> str:
    whose = _whose(found)
    return "sell" if isinstance(whose, ExitIntent) else str(whose.side.value)


def _mode(found: Found) -> str:
    refused = (one.way.mode for one in found.rejections if one.way is not None)
    modes = [*(one.mode for one in found.fills), *(one.mode for one in found.approvals), *refused]
    return next((mode.value for mode in modes if mode is not None), "live" if found.pairs else "")


def _ms(ns: int) -> float:
    return round(ns / NS_PER_MS, 1)
