"""What a Strategy's status says: is it trading, in which mode, is it making money, and if not, why not. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from memesnipe.control.gates import Condition, Verdict
from memesnipe.control.promotions import REASONS
from memesnipe.evidence.record import Record
from memesnipe.evidence.verdict import Thresholds, judge
from memesnipe.kernel.clock import NS_PER_MS
from memesnipe.manifests.models import LAMPORTS_PER_SOL, HaltName
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.promotion import PromotionStep
from memesnipe_operator.conditions import stated, time_text, verdict
from memesnipe_operator.judging import Judged
from memesnipe_operator.performance import Performance, drawdown_bps
from memesnipe_operator.stability import Choice, is_ready
from memesnipe_operator.views import StrategyView


class Seen(msgspec.Struct, frozen=True):
    """What a status is made from, beside the Strategy itself."""

    choice: Choice
    judged: Judged
    deployment: Mapping[str, Any] | None
    halt: HaltState
    halt_reason: str
    config_version: int
    missing: str
    """Why the configuration that services read does not hold this Strategy as it is now; empty: it does."""
    capital_lamports: int
    evidence: dict[str, Any]
    """As `evidence_status` has it; empty: there is no record."""
    performance: Performance | None
    """None: nobody said what is held."""
    promotion: Condition
    """Where it stands between paper and its whole share."""
    word: PromotionStep | None = None
    """autonomous_allocator's newest on it."""
    positions: int = 0
    """All that it holds, in either mode: what was bought live is still there when it is back on paper."""
    signal_ms: int = 0
    trouble: str = ""
    """Why its reconcile keeps failing; empty: it does not."""


def status_of(view: StrategyView, seen: Seen, asked_hash: str, now_ns: int) -> dict[str, Any]:
    """Return the whole status, as the API server takes it."""
    mode, gates = seen.judged
    conditions = [*_lead(view, seen, mode, gates), _reconciled(seen.trouble), seen.choice.condition, *gates, seen.promotion]
    trading = conditions[1].status is Verdict.TRUE
    status: dict[str, Any] = {
        "observedGeneration": view.generation,
        "mode": mode.value,
        "trading": "Yes" if trading else "No",
        "why": _why(conditions[1], conditions[2], mode),
        "halt": HaltName.of(seen.halt).value,
        "specHash": asked_hash,
        "runningSpecHash": seen.choice.running.spec_hash,
        "configVersion": seen.config_version,
        "conditions": stated(conditions, view.status, view.generation, now_ns),
    }
    evidence = {"evidence": seen.evidence} if seen.evidence else {}
    return status | evidence | _promotion(seen.word) | _stability(seen.choice) | _money(view, seen)


def evidence_status(record: Record | None, thresholds: Thresholds) -> dict[str, Any]:
    """Return what a status says of a record, judged by the thresholds in force; nothing without one."""
    if record is None:
        return {}
    metrics = record.evidence.metrics
    measured = {name: value for name, value in (("dsr", metrics.dsr), ("pbo", metrics.pbo)) if value is not None}
    return {
        "recordHash": record.sha256,
        "verdict": "Passed" if judge(metrics, thresholds).passed else "Failed",
        **measured,
        "trades": metrics.trades,
        "madeAt": time_text(record.evidence.created_ns),
    }


def _promotion(word: PromotionStep | None) -> dict[str, Any]:
    """Return the newest word as the status has it; nothing without one."""
    if word is None:
        return {}
    step = {"step": word.step, "steps": word.steps} if word.step else {}
    until = {"until": time_text(word.until_ns)} if word.until_ns else {}
    said = {"stage": REASONS[word.after], "weightBps": word.weight_bps, "reason": word.reason, "since": time_text(word.time_ns)}
    return {"promotion": {**said, **step, **until}}


def _reconciled(trouble: str) -> Condition:
    if trouble:
        return Condition("Reconciled", Verdict.FALSE, "Failing", f"what runs may not be what is asked for; tried again: {trouble}")
    return Condition("Reconciled", Verdict.TRUE, "Reconciled", "every object is as the spec asks")


def _stability(choice: Choice) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if choice.stable is not None:
        found = {"lastStableSpec": choice.stable}
        if choice.spec == choice.stable:
            found["stableSpecHash"] = choice.running.spec_hash
    return found | ({"failedSpecHash": choice.failed} if choice.failed else {})


def _money(view: StrategyView, seen: Seen) -> dict[str, Any]:
    """What was known last stays while nobody says anything: a gap in the columns would read as zero."""
    if seen.performance is None:
        kept = ("openPositions", "pnlSol", "peakPnlSol", "drawdownBps", "lastSignalTime")
        return {name: view.status[name] for name in kept if name in view.status}
    pnl = seen.performance.pnl_lamports
    same_mode = view.status.get("mode") == seen.judged[0].value  # what was lost on paper is no drawdown of what is live
    peak = max(pnl, lamports_in(str(view.status.get("peakPnlSol", "0"))) if same_mode else 0, 0)
    found = {
        "openPositions": seen.positions,
        "pnlSol": sol_text(pnl),
        "peakPnlSol": sol_text(peak),
        "drawdownBps": drawdown_bps(peak, pnl, seen.capital_lamports),
    }
    return found | ({"lastSignalTime": time_text(seen.signal_ms * NS_PER_MS)} if seen.signal_ms else {})


def _lead(view: StrategyView, seen: Seen, mode: Mode, gates: tuple[Condition, ...]) -> list[Condition]:
    """`Ready`, `Trading`, `Live`: what a person looks at first."""
    ready, why = _readiness(view, seen)
    live = mode is Mode.LIVE
    gate = next((one for one in gates if one.status is Verdict.FALSE), None)
    why_paper = f"{gate.type}: {gate.message}" if gate else "every gate passes"  # named as the condition to look at
    return [
        Condition("Ready", verdict(ready), "PodReady" if ready else "PodNotReady", why),
        _trading(view, seen, ready, why),
        Condition("Live", verdict(live), "Live" if live else (gate.reason if gate else "Paper"), why_paper),
    ]


def _readiness(view: StrategyView, seen: Seen) -> tuple[bool, str]:
    if view.spec.paused:
        return False, "spec.paused is true: there is no pod"
    if is_ready(seen.deployment):
        return True, "its pod is ready"
    found = (seen.deployment or {}).get("status", {}).get("conditions") or ()
    said = next((one.get("message", "") for one in found if one["status"] != "True"), "")
    return False, f"its pod is not ready{': ' + said if said else ''}; see `kubectl describe pod -l memesnipe.io/strategy={view.name}`"


def _trading(view: StrategyView, seen: Seen, ready: bool, why: str) -> Condition:
    if view.spec.paused:
        return Condition("Trading", Verdict.FALSE, "Paused", "spec.paused is true")
    if seen.halt in (HaltState.HALTED, HaltState.FROZEN):
        word = HaltName.of(seen.halt).value
        return Condition("Trading", Verdict.FALSE, word, f"{word}: {seen.halt_reason or 'no reason was given'}")
    if seen.missing:
        return Condition("Trading", Verdict.FALSE, "NotInForce", seen.missing)
    if not ready:
        return Condition("Trading", Verdict.FALSE, "PodNotReady", why)
    if seen.halt is HaltState.REDUCE_ONLY:
        return Condition("Trading", Verdict.TRUE, "ReduceOnly", f"ReduceOnly: {seen.halt_reason or 'it may only sell'}")
    return Condition("Trading", Verdict.TRUE, "Trading", "it may make orders")


def _why(trading: Condition, live: Condition, mode: Mode) -> str:
    """What keeps it from trading, else from live; empty when nothing does."""
    if trading.status is not Verdict.TRUE or trading.reason == "ReduceOnly":
        return trading.message[:256]
    return "" if mode is Mode.LIVE else live.message[:256]


def sol_text(lamports: int) -> str:
    """Return lamports as SOL with its sign and three decimals, cut towards zero: `+1.234`."""
    thousandths = abs(lamports) * 1_000 // LAMPORTS_PER_SOL
    return f"{'-' if lamports < 0 and thousandths else '+'}{thousandths // 1_000}.{thousandths % 1_000:03d}"


def lamports_in(text: str) -> int:
    """Return the lamports of a text of `sol_text`'s; 0 for one that is none."""
    sign, _, digits = text.partition("-") if text.startswith("-") else ("+", "", text.lstrip("+"))
    whole, _, rest = digits.partition(".")
    if not (whole.isdigit() and (rest == "" or rest.isdigit())):
        return 0
    lamports = int(whole) * LAMPORTS_PER_SOL + int((rest + "000000000")[:9])
    return lamports if sign == "+" else -lamports
