"""From returns to what the gate looks at. The one place where the statistics are put together; all seeded, so it can be repeated."""

import math

import msgspec
import numpy as np

from memesnipe.evidence.verdict import Metrics
from memesnipe.kernel.errors import BadInput
from memesnipe.research.lookahead import Report
from memesnipe.research.stats import bootstrap, overfit, superior
from memesnipe.research.stats.series import Floats, known, many_series, max_drawdown, one_series
from memesnipe.research.stats.sharpe import Moments, deflated, moments, probabilistic, track_record_min
from memesnipe.research.trials.values import Census

ROUNDING = 1e-9
"""Of a standard deviation."""
INTERVAL = 0.90
"""Two-sided: its lower end has 95% of the resamples above it."""


class Searched(msgspec.Struct, frozen=True, kw_only=True):
    """What a search leaves behind. Returns are net, in time order, fractions of the capital for each observation."""

    trials: Floats
    """(observations, trials): every finished trial of the study over the whole time."""
    chosen: int
    """Which column goes to the gate."""
    census: Census
    out_of_sample: Floats
    """(observations,): walk-forward, each stretch traded with what was best before it."""
    trade_profits: Floats
    """(trades,): profit of each trade closed out of sample, as a fraction of the capital."""
    double_costs: Floats | None = None
    """`out_of_sample` again, with twice the costs."""
    two_slots_later: Floats | None = None
    """`out_of_sample` again, with fills two slots later."""
    incumbent: Floats | None = None
    """(observations,): the version that holds the place, over the same time as `trials`; None where none does."""
    incumbent_out_of_sample: Floats | None = None
    lookahead: Report | None = None


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """What the tests said, each as a whole: the gate takes single numbers out of it, a report shows the rest."""

    whole: Moments
    """Of the chosen trial over the whole time."""
    record: Moments
    """Of what was earned out of sample."""
    interval: bootstrap.Interval | None
    """Of the Sharpe ratio out of sample; None for too short a record, and for one that does not vary."""
    overfit: overfit.Overfit | None
    """None for a single trial, where nothing was chosen, and for too short a time."""
    superior: superior.Superior | None
    """None for too short a time."""


def measure(searched: Searched, *, seed: int, replications: int = bootstrap.REPLICATIONS, blocks: int = overfit.BLOCKS) -> Metrics:
    """Return the gate's metrics. Raises BadInput where series do not fit each other or hold a value that is no finite number."""
    return metrics_of(searched, examine(searched, seed=seed, replications=replications, blocks=blocks))


def examine(searched: Searched, *, seed: int, replications: int = bootstrap.REPLICATIONS, blocks: int = overfit.BLOCKS) -> Examined:
    """Run the tests. Raises what `measure` raises."""
    trials, outside = _checked(searched)
    record = moments(outside)
    return Examined(
        whole=moments(trials[:, searched.chosen]),
        record=record,
        interval=_interval(outside, record, seed, replications),
        overfit=overfit.probability(trials, blocks) if trials.shape[1] > 1 and len(trials) >= 2 * blocks else None,
        superior=_against(trials, searched, seed, replications),
    )


def metrics_of(searched: Searched, examined: Examined) -> Metrics:
    """Return what the gate looks at. Raises BadInput where series hold a value that is no finite number."""
    record, choice = examined.record, examined.overfit
    return Metrics(
        observations=record.observations,
        trades=len(searched.trade_profits),
        trials=searched.census.trials,
        sharpe=known(record.sharpe),
        sharpe_low=known(examined.interval.low) if examined.interval else None,
        psr=known(probabilistic(record)),
        dsr=known(deflated(examined.whole, searched.census.trials, searched.census.sharpe_variance)),
        pbo=choice.probability if choice else None,
        pbo_loss=choice.loss_probability if choice else None,
        spa_p=examined.superior.consistent if examined.superior else None,
        net_return=_total(searched.out_of_sample),
        net_return_double_costs=_total(searched.double_costs),
        net_return_two_slots_later=_total(searched.two_slots_later),
        drawdown=max_drawdown(searched.out_of_sample),
        best_trade_share=_best_share(searched.trade_profits),
        incumbent=searched.incumbent is not None,
        incumbent_sharpe=_ratio(searched.incumbent_out_of_sample),
        incumbent_drawdown=None if searched.incumbent_out_of_sample is None else max_drawdown(searched.incumbent_out_of_sample),
        lookahead_prefixes=searched.lookahead.prefixes if searched.lookahead else 0,
        lookahead_clean=searched.lookahead is not None and searched.lookahead.clean,
        track_record_min=known(track_record_min(record)),
    )


def _checked(searched: Searched) -> tuple[Floats, Floats]:
    trials, outside = many_series(searched.trials), one_series(searched.out_of_sample)
    if len(searched.trade_profits):
        one_series(searched.trade_profits, 1)
    if not 0 <= searched.chosen < trials.shape[1]:
        raise BadInput("chosen", f"no trial {searched.chosen} among {trials.shape[1]}")
    if searched.census.trials < trials.shape[1]:
        raise BadInput("census", f"{trials.shape[1]} trials have returns but only {searched.census.trials} were registered")
    if searched.incumbent is not None and searched.incumbent.shape != trials.shape[:1]:
        raise BadInput("incumbent", "want the incumbent's returns over the same observations as the trials'")
    for name in ("double_costs", "two_slots_later", "incumbent_out_of_sample"):
        again: Floats | None = getattr(searched, name)
        if again is not None and one_series(again).shape != outside.shape:
            raise BadInput(name, "want the same observations as out_of_sample")
    return trials, outside


def _against(trials: Floats, searched: Searched, seed: int, replications: int) -> superior.Superior | None:
    if len(trials) < 8:
        return None
    return superior.against(_gains(trials, searched.incumbent), seed=seed, chosen=searched.chosen, replications=replications)


def _gains(trials: Floats, incumbent: Floats | None) -> Floats:
    """Return gains over the incumbent at equal risk, so that more leverage is no improvement; over cash, the returns."""
    if incumbent is None:
        return trials
    gains = _at_unit_risk(trials) - _at_unit_risk(one_series(incumbent)[:, None])
    # The same returns, divided in another order, differ in their last bit: always to one side, which looks like a sure gain.
    return np.where(np.abs(gains) > ROUNDING, gains, 0.0)


def _at_unit_risk(returns: Floats) -> Floats:
    spread = np.std(returns, axis=0, ddof=1)
    scaled: Floats = np.divide(returns, spread, out=np.zeros_like(returns), where=spread > 0.0)
    return scaled


def _interval(outside: Floats, record: Moments, seed: int, replications: int) -> bootstrap.Interval | None:
    if len(outside) < 8 or math.isnan(record.sharpe):
        return None
    return bootstrap.sharpe_interval(outside, seed=seed, confidence=INTERVAL, replications=replications)


def _best_share(profits: Floats) -> float | None:
    net = float(np.sum(profits))
    return float(np.max(profits)) / net if len(profits) and net > 0.0 else None


def _total(returns: Floats | None) -> float | None:
    return None if returns is None else known(float(np.sum(returns)))


def _ratio(returns: Floats | None) -> float | None:
    return None if returns is None else known(moments(returns).sharpe)
