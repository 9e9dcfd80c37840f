"""The gate as data: what was measured, what is demanded, and one pure function from both to a verdict. Needs no numpy.

What cannot be measured is None, and None never passes: a gate that cannot check refuses. Each demand that is not met is named, with
what a person can do about it. docs/explanation/evidence.md says what each asks, and how often noise passes all of them.
"""

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from memesnipe.messages.bounds import Count

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Real = Annotated[float, Meta(ge=-1e12, le=1e12)]


class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the gate demands. The defaults let less than 1% of noise pass (calibration: tests/unit/test_research_calibration.py)."""

    observations_min: Count = 250
    """Out of sample: fewer say nothing about tails."""
    trades_min: Count = 100
    """Closed, out of sample."""
    psr_min: Share = 0.95
    """Probability that the out-of-sample Sharpe ratio is above 0."""
    dsr_min: Share = 0.95
    """Probability that the chosen trial is better than the best of as many worthless ones."""
    pbo_max: Share = 0.20
    """Probability that choosing by the past picks a trial from the worse half."""
    pbo_loss_max: Share = 0.05
    """...which is forgiven where the chosen trial loses money in no more than this share of the splits: variants that are all equally
    good rank by chance, and picking among them costs nothing. 0 forgives only what never lost."""
    spa_p_max: Share = 0.005
    """p-value of "the chosen trial is no better than the incumbent" (than cash, without one), all trials counted: the demand that holds
    noise below 1%; a looser one does not."""
    drawdown_max: Share = 0.30
    """Out of sample, as a fraction of the capital."""
    best_trade_share_max: Share = 0.50
    """How much of the net profit one trade may bring: what hangs on one trade cannot be told from luck."""
    lookahead_prefixes_min: Count = 32
    """How many shorter histories the strategy was replayed on."""


class Metrics(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was measured, all net of costs; None is "could not be measured". Sharpe ratios are for one observation."""

    observations: Count
    trades: Count
    trials: Count
    """Every try ever registered for the strategy."""
    sharpe: Real | None
    sharpe_low: Real | None
    """The lower end of the 90% interval of the stationary bootstrap: 95% of resamples are above it."""
    psr: Share | None
    dsr: Share | None
    pbo: Share | None
    """None for a single trial, where nothing was chosen."""
    pbo_loss: Share | None
    spa_p: Share | None
    net_return: Real | None
    """Sum of returns, as a fraction of the capital."""
    net_return_double_costs: Real | None
    net_return_two_slots_later: Real | None
    drawdown: Real | None
    best_trade_share: Real | None
    """The best trade's profit over the net profit; None without a profit."""
    incumbent: bool
    """Whether another version holds the place now."""
    incumbent_sharpe: Real | None = None
    incumbent_drawdown: Real | None = None
    lookahead_prefixes: Count = 0
    lookahead_clean: bool = False
    track_record_min: Real | None = None
    """Observations after which this Sharpe ratio would convince; for a person to read."""


class Failure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One demand that is not met."""

    demand: Annotated[str, Meta(max_length=64)]
    measured: Real | None
    limit: Real
    reason: Annotated[str, Meta(max_length=512)]
    """What it means and what a person can do."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pass, or every failed demand."""

    passed: bool
    failures: Annotated[tuple[Failure, ...], Meta(max_length=32)] = ()

    def sentence(self) -> str:
        """Say the verdict to a person, in one sentence."""
        if self.passed:
            return "Passed: every demand of the gate is met."
        return f"Failed {len(self.failures)}: " + ", ".join(failure.demand for failure in self.failures) + "; it stays on paper."


def judge(metrics: Metrics, thresholds: Thresholds) -> Verdict:
    """Return the verdict; all demands are looked at, so that one run tells a person everything that is missing."""
    failures = tuple(failure for demand in DEMANDS if (failure := demand(metrics, thresholds)) is not None)
    return Verdict(passed=not failures, failures=failures)


def _at_least(demand: str, measured: float | None, limit: float, reason: str) -> Failure | None:
    if measured is not None and measured >= limit:
        return None
    return Failure(demand=demand, measured=measured, limit=limit, reason=reason)


def _at_most(demand: str, measured: float | None, limit: float, reason: str) -> Failure | None:
    if measured is not None and measured <= limit:
        return None
    return Failure(demand=demand, measured=measured, limit=limit, reason=reason)


def _positive(demand: str, measured: float | None, reason: str) -> Failure | None:
    if measured is not None and measured > 0.0:
        return None
    return Failure(demand=demand, measured=measured, limit=0.0, reason=reason)


def enough_observations(metrics: Metrics, thresholds: Thresholds) -> Failure | None:
    """Too short a record proves nothing."""
    reason = "the out-of-sample record is too short; record more market data or take shorter observations"
    return _at_least("observations", metrics.observations, thresholds.observations_min, reason)


def enough_trades(metrics: Metrics, thresholds: Thresholds) -> Failure | None:
    """A handful of trades is an anecdote."""
    reason = "too few closed trades out of sample; use a longer recording or more tokens"
    return _at_least("trades", metrics.trades, thresholds.trades_min, reason)


def likely_positive(metrics: Metrics, thresholds: Thresholds) -> Failure | None:
    """Out of sample, is the Sharpe ratio above 0?"""
    reason = "out of sample the profit may be luck; a longer record (see track_record_min) or a stronger signal is needed"
    return _at_least("psr", metrics.psr, thresholds.psr_min, reason)


def positive_when_resampled(metrics: Metrics, _: Thresholds) -> Failure | None:
    """The same without assuming that returns know nothing of each other."""
    reason = "when runs of wins and losses are drawn anew the Sharpe ratio is not surely above 0; profits may come from a few lucky runs"
    return _positive("sharpe_low", metrics.sharpe_low, reason)


def better_than_the_search_explains(metrics: Metrics, thresholds: Thresholds) -> Failure | None:
    """Would the best of as many worthless trials look as good?"""
    reason = f"the best of {metrics.trials} worthless trials would look nearly as good; more data convinces, more trials do not"
    return _at_least("dsr", metrics.dsr, thresholds.dsr_min, reason)


def not_overfit_by_choosing(metrics: Metrics, thresholds: Thresholds) -> Failure | None:
    """Does the trial that was best in one half of the data hold in the other?"""
    if metrics.trials == 1:
        return None
    loss = metrics.pbo_loss
    if metrics.pbo is not None and loss is not None and loss <= thresholds.pbo_loss_max:
        return None
    reason = "parameters that were best in one part of the data were not in the rest; search fewer parameters or on more data"
    return _at_most("pbo", metrics.pbo, thresholds.pbo_max, reason)


def better_than_the_incumbent(metrics: Metrics, thresholds: Thresholds) -> Failure | None:
    """Superior predictive ability, once it is said how many trials were looked at."""
    other = "the version that holds the place" if metrics.incumbent else "holding cash"
    reason = f"for a search of this size it is not surely better than {other}; keep what runs"
    return _at_most("spa", metrics.spa_p, thresholds.spa_p_max, reason)


def sharpe_not_below_the_incumbent(metrics: Metrics, _: Thresholds) -> Failure | None:
    """The chosen trial itself, over the same time."""
    if not metrics.incumbent:
        return None
    reason = "the version that holds the place has the better Sharpe ratio over the same time; keep it"
    if metrics.incumbent_sharpe is None:
        return Failure(demand="incumbent_sharpe", measured=metrics.sharpe, limit=0.0, reason="the incumbent was not measured; measure it")
    return _at_least("incumbent_sharpe", metrics.sharpe, metrics.incumbent_sharpe, reason)


def drawdown_not_above_the_incumbent(metrics: Metrics, _: Thresholds) -> Failure | None:
    """More profit for deeper falls is no improvement by itself."""
    if not metrics.incumbent:
        return None
    reason = "it falls deeper than the version that holds the place; make positions smaller or stops tighter"
    if metrics.incumbent_drawdown is None:
        return Failure(
            demand="incumbent_drawdown", measured=metrics.drawdown, limit=0.0, reason="the incumbent was not measured; measure it"
        )
    return _at_most("incumbent_drawdown", metrics.drawdown, metrics.incumbent_drawdown, reason)


def drawdown_within_limit(metrics: Metrics, thresholds: Thresholds) -> Failure | None:
    """How much of the capital may be gone at the worst moment."""
    reason = "it falls too deep out of sample; make positions smaller or stops tighter"
    return _at_most("drawdown", metrics.drawdown, thresholds.drawdown_max, reason)


def not_one_lucky_trade(metrics: Metrics, thresholds: Thresholds) -> Failure | None:
    """One winner of a hundred times its stake makes any record look good."""
    reason = "one trade brought too much of the profit, or there is none; a longer record must show that such trades come again"
    return _at_most("best_trade_share", metrics.best_trade_share, thresholds.best_trade_share_max, reason)


def profitable_at_double_costs(metrics: Metrics, _: Thresholds) -> Failure | None:
    """Costs of a busy day are about twice those of the recording."""
    reason = "at twice the costs nothing is left; trade less often, or where liquidity is deeper"
    return _positive("net_return_double_costs", metrics.net_return_double_costs, reason)


def profitable_two_slots_later(metrics: Metrics, _: Thresholds) -> Failure | None:
    """Others are faster on some days."""
    reason = "when fills come two slots later nothing is left; the edge is speed that this installation may not have"
    return _positive("net_return_two_slots_later", metrics.net_return_two_slots_later, reason)


def replayed_often_enough(metrics: Metrics, thresholds: Thresholds) -> Failure | None:
    """A look-ahead nobody looked for is not absent."""
    reason = "it was not replayed on enough shorter histories; run the look-ahead replay"
    return _at_least("lookahead_prefixes", metrics.lookahead_prefixes, thresholds.lookahead_prefixes_min, reason)


def knows_no_future(metrics: Metrics, _: Thresholds) -> Failure | None:
    """What it did must not depend on what came after."""
    if metrics.lookahead_clean:
        return None
    reason = "its past actions change with later events, or from run to run, or it never acted; the replay's findings name the event"
    return Failure(demand="lookahead", measured=None, limit=0.0, reason=reason)


Demand = Callable[[Metrics, Thresholds], Failure | None]
DEMANDS: tuple[Demand, ...] = (
    knows_no_future,
    replayed_often_enough,
    enough_observations,
    enough_trades,
    likely_positive,
    positive_when_resampled,
    better_than_the_search_explains,
    not_overfit_by_choosing,
    better_than_the_incumbent,
    sharpe_not_below_the_incumbent,
    drawdown_not_above_the_incumbent,
    drawdown_within_limit,
    not_one_lucky_trade,
    profitable_at_double_costs,
    profitable_two_slots_later,
)
"""In the order a person reads them: first whether the measurement is honest, then whether it is enough, then what it says."""
