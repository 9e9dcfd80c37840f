"""A study in numbers: `memesnipe walkforward --json` writes this, field by field. See docs/howto/walk-forward.md for the schema.

Sharpe ratios are for one observation, not annualised; None where a series does not vary. Returns are fractions of the capital.
"""

from typing import Any

import msgspec

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.research.lookahead import Report
from memesnipe.research.stats.series import Floats, known, max_drawdown, sharpe
from memesnipe.research.walk.values import FoldChoice, Tried, Walked

SCHEMA = 1
VERDICT = "This is a walk-forward, not a verdict: no gate has judged it, and nothing here allows a strategy to trade live."


class Span(msgspec.Struct, frozen=True):
    """A stretch of event time (ns); the end is not part of it."""

    begin_ns: int
    end_ns: int
    observations: int


class FoldSummary(msgspec.Struct, frozen=True):
    """One step."""

    train: Span
    test: Span
    parameters: dict[str, Any]
    """Those of the chosen trial in which the trials differ."""
    sharpe_in: float | None
    sharpe_out: float | None


class SeriesSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a series of returns comes to."""

    observations: int
    sharpe: float | None
    net_return: float
    drawdown: float
    """Deepest fall from the highest point, as a fraction of the capital."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of one study."""

    schema: int = SCHEMA
    verdict: str = VERDICT
    name: str
    strategy: str
    study: str
    code_version: str
    data_hash: str
    market: str
    seed: int
    period_s: int
    horizon_s: int
    embargo_s: int
    capital_lamports: int
    tried: int
    """Every try ever registered for the strategy's code."""
    sharpe_variance: float | None
    """Between the finished ones; None where none finished."""
    chosen: Tried
    trials: tuple[Tried, ...]
    failed: dict[str, str]
    refused: dict[str, str]
    folds: tuple[FoldSummary, ...]
    outside: SeriesSummary
    trades: int
    """Opened and closed out of sample."""
    double_costs: SeriesSummary
    two_slots_later: SeriesSummary
    incumbent: SeriesSummary | None
    """Over the same observations as `outside`."""
    path_sharpes: tuple[float | None, ...]
    lookahead: Report
    returns: tuple[float, ...]
    """Out of sample."""


def summary_of(walked: Walked) -> Summary:
    """Return the numbers of a study."""
    outside, varied = walked.outside, differing(walked.trials)
    return Summary(
        name=walked.name,
        strategy=walked.study.strategy,
        study=walked.study.study,
        code_version=walked.study.code_version,
        data_hash=walked.study.data_hash,
        market=walked.market,
        seed=walked.seed,
        period_s=walked.study.period_s,
        horizon_s=walked.horizon_s,
        embargo_s=walked.embargo_s,
        capital_lamports=walked.capital_lamports,
        tried=walked.census.trials,
        sharpe_variance=known(walked.census.sharpe_variance),
        chosen=walked.trials[walked.chosen],
        trials=walked.trials,
        failed=walked.failed,
        refused=walked.refused,
        folds=tuple(_fold(walked, fold, varied) for fold in walked.folds),
        outside=_series(outside.returns),
        trades=len(outside.trade_profits),
        double_costs=_series(outside.double_costs),
        two_slots_later=_series(outside.two_slots_later),
        incumbent=None if outside.incumbent is None else _series(outside.incumbent),
        path_sharpes=walked.path_sharpes,
        lookahead=walked.lookahead,
        returns=tuple(outside.returns.tolist()),
    )


def _series(returns: Floats) -> SeriesSummary:
    """Return what a series comes to."""
    earned, drawdown = float(returns.sum()), max_drawdown(returns)
    return SeriesSummary(observations=len(returns), sharpe=known(sharpe(returns)), net_return=earned, drawdown=drawdown)


def differing(trials: tuple[Tried, ...]) -> tuple[str, ...]:
    """Return the parameters in which trials differ, by name."""
    first = trials[0].parameters
    names = sorted({name for trial in trials for name in trial.parameters})
    return tuple(name for name in names if any(trial.parameters.get(name) != first.get(name) for trial in trials))


def _fold(walked: Walked, fold: FoldChoice, varied: tuple[str, ...]) -> FoldSummary:
    parameters = walked.trials[fold.chosen].parameters
    shown = {name: parameters[name] for name in varied if name in parameters}
    return FoldSummary(_span(walked, fold.train), _span(walked, fold.test), shown, fold.sharpe_in, fold.sharpe_out)


def _span(walked: Walked, ends: tuple[int, int]) -> Span:
    first, last = ends
    begin_ns, end_ns = int(walked.starts_ns[first]), int(walked.starts_ns[last]) + walked.study.period_s * NS_PER_S
    return Span(begin_ns, end_ns, last - first + 1)
