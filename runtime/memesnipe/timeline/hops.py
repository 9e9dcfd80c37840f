"""One order from the event that caused it to its end, as hops: what happened, when, how long after the hop before, and why. Pure.

The ledger keeps every fill and refusal for good. What came before them (the wish, the approval) is on order streams, which are trimmed
soon after every group has read them: a hop that is no longer there is said to be gone, never left out in silence.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from memesnipe.kernel.clock import NS_PER_MS, NS_PER_S
from memesnipe.kernel.reasons import REMEDY
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import ApprovedOrder, ExitIntent, Fill, FillStatus, Intent, Rejection
from memesnipe.messages.pairs import Pair

EVENT, WISH, APPROVED, TAKEN, ATTEMPT, REFUSED, FILLED = "event", "wish", "approved", "taken", "failed attempt", "refused", "filled"
ORDER = {EVENT: 0, WISH: 1, APPROVED: 2, TAKEN: 3}
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
    """When the wish was written, by the clock of the Redis server."""


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
    raw = sorted(_hops(found), key=lambda hop: (ORDER.get(hop.hop, len(ORDER)), hop.time_ns))
    if not raw:
        return None
    names = {hop.hop for hop in raw}
    gone = tuple(name for name in (WISH, APPROVED) if name not in names and _must_have_been(name, found))
    end = next((hop for hop in reversed(raw) if hop.hop in (FILLED, REFUSED)), None)
    started_ns = next((hop.time_ns for hop in raw if hop.hop == EVENT), None)
    whose = _whose(found)
    return Timeline(
        id=found.id, strategy=whose.strategy, mint=whose.mint, side=_side(found), mode=_mode(found), outcome=_outcome(found),
        total_ms=_ms(end.time_ns - started_ns) if end is not None and started_ns is not None else None,
        hops=tuple(_timed(raw)), gone=gone,
    )  # fmt: skip


def _hops(found: Found) -> Iterable[Hop]:
    whole: Any = [*found.intents, *(one.intent for one in found.approvals)]
    intent: Intent | None = whole[0] if whole else None
    event_ns = intent.time_ns if intent else next((fill.intent_time_ns for fill in found.fills), None)
    if event_ns is not None:
        told = f"{intent.event_id} at slot {intent.slot:,}" if intent else "the market event that caused it"
        yield Hop(EVENT, "data_consumers", event_ns, None, told)
    if intent is not None:
        stage = "position_manager" if isinstance(intent, ExitIntent) else "executor"
        yield Hop(WISH, stage, _wished_ns(found, intent), None, _wished(intent))
    for approval in found.approvals[:1]:
        detail = f"{approval.mode.value}, policy {approval.policy_hash[:12]}, halt epoch {approval.halt_epoch}"
        yield Hop(APPROVED, "risk_guardian", approval.time_ns, None, detail)
    for fill in {one.signature: one for one in found.fills}.values():
        yield _filled(fill)
    for no in {one.stage: one for one in found.rejections}.values():
        yield Hop(
            REFUSED, no.stage, no.time_ns, None, f"{no.reason.value}: {no.detail}" if no.detail else no.reason.value, REMEDY[no.reason]
        )
    for pair in found.pairs[:1]:
        gap = "no fill on one side" if pair.gap_bps is None else f"{pair.gap_bps:+d} bps"
        yield Hop(TAKEN, "wallet_guard", pair.time_ns, None, f"live; in the end {pair.end.value}, less its paper twin: {gap}")


def _wished_ns(found: Found, intent: Intent) -> int:
    """The time of writing, where it is one of the same clock: in a replay events are of another year than Redis."""
    judged_ns = [*(one.time_ns for one in found.approvals), *(one.time_ns for one in found.rejections)]
    until_ns = min(judged_ns, default=found.wished_ns or 0)
    written_ns = found.wished_ns
    return written_ns if written_ns is not None and intent.time_ns <= written_ns <= until_ns + CLOCKS_NS else intent.time_ns


def _wished(intent: Intent) -> str:
    if isinstance(intent, ExitIntent):
        return f"sell {intent.size_units:,} units: {intent.cause.value}, at most {intent.slippage_bps_max} bps of slippage"
    size = f"{intent.size_lamports:,} lamports" if intent.size_lamports else f"{intent.size_units:,} units"
    return f"{intent.side.value} for {size}: {intent.reason or 'no reason given'}, at most {intent.slippage_bps_max} bps of slippage"


def _filled(fill: Fill) -> Hop:
    costs = f"fee {fill.fee_lamports:,}, tip {fill.tip_lamports:,}, rent {fill.rent_lamports:,} lamports"
    if fill.status is FillStatus.FAILED:
        return Hop(ATTEMPT, "wallet_guard", fill.time_ns, None, f"attempt {fill.attempt}: {fill.error or 'failed on chain'}; {costs}")
    moved = f"{fill.sol_delta_lamports:+,} lamports, {fill.token_delta_units:+,} units"
    return Hop(
        FILLED, "wallet_guard", fill.time_ns, None, f"attempt {fill.attempt}, slot {fill.slot:,}: {moved}; {costs}; {fill.signature}"
    )


def _timed(raw: Sequence[Hop]) -> Iterable[Hop]:
    for number, hop in enumerate(raw):
        yield msgspec.structs.replace(hop, after_ms=_ms(hop.time_ns - raw[number - 1].time_ns)) if number else hop


def _must_have_been(name: str, found: Found) -> bool:
    """An outcome without a wish cannot be, nor anything by wallet_guard without an approval."""
    by_guard = bool(found.fills or found.pairs) or any(one.stage != "risk_guardian" for one in found.rejections)
    return by_guard or (name == WISH and bool(found.rejections or found.approvals))


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
    modes: list[Mode] = [*(one.mode for one in found.fills), *(one.mode for one in found.approvals)]
    return modes[0].value if modes else ("live" if found.pairs else "")


def _ms(ns: int) -> float:
    return round(ns / NS_PER_MS, 1)
