"""What the report draws, as numbers: written beside it as JSON, for whoever wants to draw it anew or compare two studies."""

from typing import Any

import msgspec

from memesnipe.evidence.gap import Gap
from memesnipe.evidence.record import Evidence
from memesnipe.research.evidence.judging import Judged
from memesnipe.research.lookahead import Report
from memesnipe.research.report.summary import Summary, summary_of
from memesnipe.research.stats.series import known
from memesnipe.research.stats.sharpe import expected_maximum
from memesnipe.research.walk.values import FoldChoice, Tried

SCHEMA = 1


class Outside(msgspec.Struct, frozen=True, kw_only=True):
    """The out-of-sample record; each list has one value for each observation, fractions of the capital."""

    starts_ns: list[int]
    returns: list[float]
    double_costs: list[float]
    two_slots_later: list[float]
    incumbent: list[float] | None
    trade_profits: list[float]


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """A study and its verdict. Amounts are lamports, times nanoseconds, Sharpe ratios for one observation; None: not known."""

    schema: int = SCHEMA
    name: str
    verdict: str
    evidence: Evidence
    sha256: str
    """The record's seal."""
    period_s: int
    horizon_s: int
    embargo_s: int
    parameters: dict[str, Any]
    """Of the trial that was judged."""
    trials: tuple[Tried, ...]
    failed: dict[str, str]
    """Why trials have no result, by the JSON of their parameters."""
    worthless_best: float | None
    """The Sharpe ratio that the best of as many worthless trials is expected to show."""
    sharpe_interval: tuple[float, float] | None
    spa: tuple[float, float, float] | None
    """p: lower, consistent, upper."""
    path_sharpes: tuple[float | None, ...]
    folds: tuple[FoldChoice, ...]
    outside: Outside
    lookahead: Report
    run: Summary
    """The judged trial's whole run."""
    live: Gap | None
    """Of the strategy's newest live orders beside their paper twins; None without any."""


def numbers_of(judged: Judged) -> Numbers:
    """Return the numbers."""
    walked, record, examined = judged.walked, judged.record, judged.examined
    interval, better = examined.interval, examined.superior
    return Numbers(
        name=walked.name,
        verdict=record.evidence.verdict.sentence(),
        evidence=record.evidence,
        sha256=record.sha256,
        period_s=walked.study.period_s,
        horizon_s=walked.horizon_s,
        embargo_s=walked.embargo_s,
        parameters=judged.tried.parameters,
        trials=walked.trials,
        failed=walked.failed,
        worthless_best=worthless_best(judged),
        sharpe_interval=(interval.low, interval.high) if interval else None,
        spa=(better.lower, better.consistent, better.upper) if better else None,
        path_sharpes=walked.path_sharpes,
        folds=walked.folds,
        outside=_outside(judged),
        lookahead=walked.lookahead,
        run=summary_of(walked.result),
        live=judged.live,
    )


def worthless_best(judged: Judged) -> float | None:
    """Return what the Deflated Sharpe Ratio holds the chosen trial against; None where the trials' spread is not known."""
    census = judged.walked.census
    best = expected_maximum(census.trials, census.sharpe_variance)
    return known(best)


def _outside(judged: Judged) -> Outside:
    outside = judged.walked.outside
    return Outside(
        starts_ns=judged.walked.starts_ns[outside.positions].tolist(),
        returns=outside.returns.tolist(),
        double_costs=outside.double_costs.tolist(),
        two_slots_later=outside.two_slots_later.tolist(),
        incumbent=None if outside.incumbent is None else outside.incumbent.tolist(),
        trade_profits=outside.trade_profits.tolist(),
    )
