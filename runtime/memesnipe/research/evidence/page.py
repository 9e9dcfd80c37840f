"""The report of a study as one HTML file: the verdict first, then what it rests on, then all that a doubter would ask for."""

from collections.abc import Mapping
from html import escape

from memesnipe.evidence.gap import Gap, objection
from memesnipe.research.evidence import plots
from memesnipe.research.evidence.demands import rows_of
from memesnipe.research.evidence.judging import Judged
from memesnipe.research.report import page, runs
from memesnipe.research.report.html import document, grid, lasting, sections, table, when
from memesnipe.research.report.summary import summary_of

LISTED_MAX = 50
"""Of trials without a result; all of them are counted."""


def page_of(judged: Judged) -> str:
    """Return the whole page."""
    walked, verdict = judged.walked, judged.record.evidence.verdict
    kind = "verdict passed" if verdict.passed else "verdict"
    top = f'<p class="{kind}">{escape(verdict.sentence())}</p><p>{escape(_about(judged))}</p>{demands(judged)}'
    summary = summary_of(walked.result)
    parts = [
        ("Out of sample", "".join(plots.outside(judged))),
        ("Is it overfit?", "".join(plots.tests(judged))),
        ("The parameters", plots.parameters(judged)),
        ("What was chosen, step by step", folds(judged)),
        ("The judged trial over the whole time", table(page.rows_of(summary)) + "".join(runs.plots(walked.result, summary.costs))),
        *page.details(summary),
        ("Live beside paper, order by order", live(judged.live) if judged.live else ""),
        ("Does it know the future?", table(lookahead(judged))),
        ("The record", table(subject(judged))),
        ("Trials without a result", table(first(walked.failed)) if walked.failed else ""),
        ("Points that the strategy's own bounds refuse", table(first(walked.refused)) if walked.refused else ""),
    ]
    return document(f"Evidence for {walked.name}", top + sections(parts))


def demands(judged: Judged) -> str:
    """Return the gate's demands, those that are not met marked and with what to do."""
    evidence = judged.record.evidence
    lines = [
        ((row.demand, row.asks, row.measured, row.limit, row.failed or "holds"), bool(row.failed))
        for row in rows_of(evidence.metrics, evidence.thresholds)
    ]
    return grid(("demand", "what is asked", "measured", "wanted", ""), lines)


def folds(judged: Judged) -> str:
    """Return the steps of the walk-forward."""
    walked = judged.walked
    lines = [
        (
            (
                f"{when(int(walked.starts_ns[fold.train[0]]))} to {when(int(walked.starts_ns[fold.train[1]]))}",
                f"{when(int(walked.starts_ns[fold.test[0]]))} to {when(int(walked.starts_ns[fold.test[1]]))}",
                _parameters(walked.trials[fold.chosen].parameters),
                _ratio(fold.sharpe_in),
                _ratio(fold.sharpe_out),
            ),
            fold.sharpe_out is None or not fold.sharpe_out > 0,
        )
        for fold in walked.folds
    ]
    return grid(("chosen on", "traded on", "parameters", "Sharpe ratio before", "after"), lines)


def lookahead(judged: Judged) -> list[tuple[str, str]]:
    """Return what the replay on shorter histories found."""
    report = judged.walked.lookahead
    found = [(f"finding {number}", finding.sentence()) for number, finding in enumerate(report.findings, 1)]
    return [
        ("shorter histories", str(report.prefixes)),
        ("actions in the whole", str(report.actions)),
        ("the same from run to run", "yes" if report.deterministic else "no: it is not deterministic"),
        *(found or [("findings", "none")]),
    ]


def live(gap: Gap) -> str:
    """Return how live orders ended beside their paper twins."""
    said = objection(gap) or (
        f"{gap.in_band} of {gap.pairs} live orders ended where the paper model says they can; "
        f"median gap {gap.median_bps} bps, {gap.there_median_bps} bps of it not explained by delay."
    )
    failed = f"{gap.failed}; the model's odds allow {gap.failed_max}"
    return table(
        [("in short", said), ("worst", f"{gap.worst_bps} bps"), ("failed or never landed", failed), ("newest", when(gap.newest_ns))]
    )


def subject(judged: Judged) -> list[tuple[str, str]]:
    """Return what the record is about and how to make it again."""
    evidence, walked = judged.record.evidence, judged.walked
    about = evidence.subject
    return [
        ("code", about.strategy),
        ("parameters", _parameters(judged.tried.parameters)),
        ("spec hash", about.spec_hash),
        ("code version", about.code_version),
        ("data hash", about.data_hash),
        ("study; seed", f"{about.study}; {about.seed}"),
        ("tries registered; with a result", f"{walked.census.trials:,}; {walked.census.finished:,}"),
        ("purged before a test; embargo", f"{lasting(walked.horizon_s)}; {lasting(walked.embargo_s)}"),
        ("incumbent", f"{walked.incumbent.name}, spec {walked.incumbent.spec_hash}" if walked.incumbent else "none: held against cash"),
        ("sealed", f"{when(evidence.created_ns)}, sha256 {judged.record.sha256}"),
    ]


def first(reasons: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the first of some parameters with why they have no result, and how many more there are."""
    more = [(f"and {len(reasons) - LISTED_MAX:,} more", "")] if len(reasons) > LISTED_MAX else []
    return [*list(reasons.items())[:LISTED_MAX], *more]


def _about(judged: Judged) -> str:
    walked, metrics = judged.walked, judged.record.evidence.metrics
    begin, end = plots.span_of(judged)
    return (
        f"{walked.market}: {metrics.trials:,} tries, {len(walked.folds)} steps of walk-forward from {begin} to {end}, "
        f"{metrics.trades:,} trades closed out of sample. Judged with {_parameters(judged.tried.parameters)}."
    )


def _parameters(parameters: dict[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(parameters.items())) or "its defaults"


def _ratio(value: float | None) -> str:
    return "did not trade" if value is None else f"{value:.4f}"
