"""The plots of a study: what was earned out of sample, plainly and under stress, and what each test against overfitting saw."""

from collections.abc import Iterator, Sequence
from itertools import accumulate

from memesnipe.evidence.verdict import Metrics, Thresholds, judge
from memesnipe.research.evidence.judging import Judged
from memesnipe.research.evidence.numbers import worthless_best
from memesnipe.research.report import curves, rolling, rows, svg
from memesnipe.research.report.html import lasting, when
from memesnipe.research.report.surface import Spot, surface
from memesnipe.research.stats.overfit import logits_of
from memesnipe.research.stats.series import Floats, falls


def outside(judged: Judged) -> Iterator[str]:
    """Yield what was earned out of sample: with the stressed runs beside it, the fall, and the moving Sharpe ratio."""
    walked, span = judged.walked, span_of(judged)
    plain, period = walked.outside.returns, lasting(walked.study.period_s)
    drawn = [
        curves.Curve("as it was", "line", _summed(plain)),
        curves.Curve("twice the costs", "fall", _summed(walked.outside.double_costs)),
        curves.Curve("two slots later", "second", _summed(walked.outside.two_slots_later)),
    ]
    if walked.outside.incumbent is not None:
        drawn.append(curves.Curve("what runs now", "third", _summed(walked.outside.incumbent)))
    note = f"Sum of returns of {period} on fixed capital, each stretch traded with what was best before it."
    yield curves.lines(drawn, "Out of sample, % of the capital", span, "%", zero=True, note=note)
    yield curves.line(_falls(plain), "Fall from the highest point, out of sample", span, "fall", "%")
    window = rolling.window_of(len(plain))
    ratios = curves.Curve("", "line", list(enumerate(rolling.rolling_sharpe(plain.tolist(), window))))
    title = f"Rolling Sharpe ratio of {period} returns, out of sample, not annualised; window {window}"
    yield curves.lines((ratios,), title, span, zero=True)


def tests(judged: Judged) -> Iterator[str]:
    """Yield what the tests against overfitting saw."""
    evidence = judged.record.evidence
    yield rows.gauges(gauges(evidence.metrics, evidence.thresholds), "Probabilities, each with its limit")
    note = "For one observation. A path is one of the histories that combinatorial cross-validation makes out of one."
    yield rows.ranges(ranges(judged), "Sharpe ratios", note)
    yield _splits(judged)


def parameters(judged: Judged) -> str:
    """Return how the result changes with the parameters."""
    walked = judged.walked
    return surface([Spot(trial.parameters, trial.sharpe, at == walked.chosen) for at, trial in enumerate(walked.trials)])


def gauges(metrics: Metrics, limits: Thresholds) -> Sequence[rows.Gauge]:
    """Return the probabilities that the gate looks at, each held or not as the gate says."""
    failed = {failure.demand for failure in judge(metrics, limits).failures}
    asked = (
        ("psr", "Sharpe ratio above 0 (PSR)", metrics.psr, "\u2265", limits.psr_min),
        ("dsr", "better than luck of the search (DSR)", metrics.dsr, "\u2265", limits.dsr_min),
        ("pbo", "overfit by choosing (PBO)", metrics.pbo, "\u2264", limits.pbo_max),
        ("spa", "no better than what runs now (SPA p)", metrics.spa_p, "\u2264", limits.spa_p_max),
    )
    return [
        rows.Gauge(name, value, limit, demand not in failed, f"{_measured(value)}; wanted {sign} {limit:g}")
        for demand, name, value, sign, limit in asked
    ]


def ranges(judged: Judged) -> Sequence[rows.Range]:
    """Return the Sharpe ratios of the study on one scale."""
    examined, best = judged.examined, worthless_best(judged)
    interval = examined.interval
    found = [_one("out of sample", [examined.record.sharpe], "line")]
    if interval is not None:
        found.append(_one(f"out of sample, {interval.confidence:.0%} interval", [interval.low, interval.high], "line", joined=True))
    found.append(_one("judged trial, whole time", [examined.whole.sharpe], "third"))
    if best is not None:
        found.append(_one(f"best of {judged.walked.census.trials:,} worthless trials", [best], "fall"))
    known = [ratio for ratio in judged.walked.path_sharpes if ratio is not None]
    return [*found, _one(f"{len(known)} paths of cross-validation", known, "second", joined=True)]


def span_of(judged: Judged) -> tuple[str, str]:
    """Return when the first and the last observation out of sample began, as people write it."""
    starts = judged.walked.starts_ns[judged.walked.outside.positions]
    return when(int(starts[0])), when(int(starts[-1]))


def _splits(judged: Judged) -> str:
    title, choice = "Where the trial that was best in one half ends in the other", judged.examined.overfit
    if choice is None:
        return svg.empty(title, "one trial, or too short a time: nothing to choose from")
    note = (
        f"Logit of its rank in each of {choice.splits:,} splits; at or below 0 it did no better than the middle one. "
        f"Share of such splits (PBO): {choice.probability:.3f}; with a loss: {choice.loss_probability:.3f}."
    )
    return rows.histogram(logits_of(judged.walked.returns).tolist(), title, note)


def _summed(returns: Floats) -> list[curves.Point]:
    return list(enumerate(accumulate((100 * returns).tolist(), initial=0.0)))


def _falls(returns: Floats) -> list[curves.Point]:
    return list(enumerate((-100 * falls(returns)).tolist()))


def _one(name: str, values: Sequence[float], kind: str, *, joined: bool = False) -> rows.Range:
    words = "" if not values else f"{values[0]:.4f}" if len(values) == 1 else f"{min(values):.4f} to {max(values):.4f}"
    return rows.Range(name, values, kind, joined, words)


def _measured(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4f}"
