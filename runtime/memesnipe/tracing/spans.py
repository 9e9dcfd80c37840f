"""Outcomes -> spans, as OpenTelemetry has them. Pure, and without that library: read this to know what a trace holds.

https://opentelemetry.io/docs/specs/otel/trace/api/#span: a trace id of 16 bytes, a span id of 8, a parent, times, a status, attributes.
Ids are derived, never drawn: what is read twice, after a kill or from a copy of Redis, makes the same spans and not a second trace.
"""

import re
from collections.abc import Mapping

import msgspec

from memesnipe.kernel.clock import NS_PER_MS
from memesnipe.kernel.ids import derive
from memesnipe.messages.orders import Fill, FillStatus, Outcome, Rejection
from memesnipe.messages.way import Way
from memesnipe.tracing.hops import EARLY, EVENT, Hop, hops_of

ROOT, ROOT_SERVICE = "order", "memesnipe"
_TRACE_ID = re.compile(r"(?!0{32})[0-9a-f]{32}\Z")

Value = str | int | float


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One span. `parent` is "" of the root; `error` is "" where all went well."""

    trace_id: str
    """32 hex digits."""
    span_id: str
    """16 hex digits."""
    parent: str
    name: str
    service: str
    """Its resource's `service.name`: the stage whose hop it is."""
    start_ns: int
    end_ns: int
    attributes: Mapping[str, Value]
    error: str = ""


def spans_of(outcome: Outcome) -> list[Span]:
    """Return the spans that an outcome completes: of a fill or a refusal the root and its hops, of a failed attempt that attempt's hops."""
    hops = hops_of(outcome)
    children = [_child(outcome, hop) for hop in hops]
    ends = not (isinstance(outcome, Fill) and outcome.status is FillStatus.FAILED)
    return [_root(outcome, hops), *children] if ends else children


def trace_id(intent_id: str) -> str:
    """Return the order's own id, where it is one as W3C Trace Context has them; an id of another shape has one derived from it."""
    return intent_id if _TRACE_ID.match(intent_id) else derive("trace", intent_id)


def span_id(intent_id: str, name: str, attempt: int | str) -> str:
    """Return 16 hex digits."""
    return derive("span", intent_id, name, attempt)[:16]


def _root(outcome: Outcome, hops: list[Hop]) -> Span:
    times_ns = [outcome.time_ns, *(_began_ns(outcome)), *(hop.start_ns for hop in hops), *(hop.end_ns for hop in hops)]
    return Span(
        trace_id=trace_id(outcome.intent_id),
        span_id=span_id(outcome.intent_id, ROOT, ""),
        parent="",
        name=ROOT,
        service=ROOT_SERVICE,
        start_ns=min(times_ns),
        end_ns=max(times_ns),
        attributes=_named({**_of_order(outcome), **_of_way(outcome.way), **_of_end(outcome)}),
        error=_error(outcome),
    )


def _child(outcome: Outcome, hop: Hop) -> Span:
    return Span(
        trace_id=trace_id(outcome.intent_id),
        span_id=span_id(outcome.intent_id, hop.name, _attempt(outcome, hop.name)),
        parent=span_id(outcome.intent_id, ROOT, ""),
        name=hop.name,
        service=hop.stage,
        start_ns=hop.start_ns,
        end_ns=hop.end_ns,
        attributes=_named({**_of_order(outcome), **_of_hop(outcome, hop)}),
        error=_error(outcome) if hop.failed else "",
    )


def _began_ns(outcome: Outcome) -> tuple[int, ...]:
    """When its cause was, as far as the outcome says it: a refusal of an older release does not."""
    if outcome.way is not None:
        return (outcome.way.event_ns,)
    return (outcome.intent_time_ns,) if isinstance(outcome, Fill) else ()


def _attempt(outcome: Outcome, name: str) -> int | str:
    """A refusal does not say which attempt was the last."""
    return outcome.attempt if isinstance(outcome, Fill) and name not in (EVENT, *EARLY) else ""


def _of_order(outcome: Outcome) -> dict[str, Value]:
    says = outcome if isinstance(outcome, Fill) else outcome.way
    mode = says.mode.value if says is not None and says.mode is not None else ""
    return {
        "intent": outcome.intent_id, "strategy": outcome.strategy, "mode": mode, "side": outcome.side.value, "mint": outcome.mint,
    }  # fmt: skip


def _of_way(way: Way | None) -> dict[str, Value]:
    if way is None:
        return {}
    return {
        "event": way.event_id, "event.slot": way.slot, "wish": way.wish, "size": way.size, "slippage_bps_max": way.slippage_bps_max,
        "policy_hash": way.policy_hash, "halt_epoch": way.halt_epoch,
    }  # fmt: skip


def _of_end(outcome: Outcome) -> dict[str, Value]:
    if isinstance(outcome, Rejection):
        return {"outcome": "rejected", "reason": outcome.reason.value, "rejected_by": outcome.stage}
    return {"outcome": "filled", **_of_fill(outcome)}


def _of_fill(fill: Fill) -> dict[str, Value]:
    cause = fill.exit_cause.value if fill.exit_cause else ""
    return {
        "attempt": fill.attempt, "slot": fill.slot, "signature": fill.signature, "exit_cause": cause,
        "sol_delta_lamports": fill.sol_delta_lamports, "token_delta_units": fill.token_delta_units, "fee_lamports": fill.fee_lamports,
        "tip_lamports": fill.tip_lamports, "rent_lamports": fill.rent_lamports, "venue_fee_lamports": fill.venue_fee_lamports,
        "quoted_out": fill.quoted_out,
    }  # fmt: skip


def _of_hop(outcome: Outcome, hop: Hop) -> dict[str, Value]:
    behind: dict[str, Value] = {"clock_behind_ms": round(hop.behind_ns / NS_PER_MS, 3)} if hop.behind_ns else {}
    if hop.failed and isinstance(outcome, Fill):
        return {**_of_fill(outcome), "outcome": "failed", **behind}
    if hop.failed and isinstance(outcome, Rejection):
        return {"reason": outcome.reason.value, **behind}
    attempt = _attempt(outcome, hop.name)
    return {"attempt": attempt, **behind} if attempt != "" else behind


def _error(outcome: Outcome) -> str:
    if isinstance(outcome, Rejection):
        return f"{outcome.reason.value}: {outcome.detail}" if outcome.detail else outcome.reason.value
    return "" if outcome.status is FillStatus.FILLED else outcome.error or "failed on chain"


def _named(facts: Mapping[str, Value]) -> dict[str, Value]:
    """Return attributes under our own prefix; what is not known is left out."""
    return {f"memesnipe.{name}": value for name, value in facts.items() if value != ""}
