"""How often noise passes the default gate, and how often a modest edge does: both figures from one simulation, printed together.

A study is what a search leaves: 16 variants of a strategy over 2,000 observations, half of each variant's variance common to all, with
tails of four kinds. The best variant so far is walked forward over the second half. A planted edge earns its Sharpe ratio at one
setting and less at its neighbours, half of it ten settings away, as a parameter with a broad optimum does.

`python -m pytest -s tests/unit/test_research_calibration.py` shows the figures; docs/explanation/evidence.md has them.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from memesnipe.evidence.verdict import Thresholds, judge
from memesnipe.research.gate.measure import Searched, measure
from memesnipe.research.lookahead import Report
from memesnipe.research.splits.walk_forward import Spans, walk_forward
from memesnipe.research.splits.walked import walk
from memesnipe.research.stats.series import Floats, sharpe
from memesnipe.research.stats.sharpe import deflated, moments, probabilistic
from memesnipe.research.trials.values import Census

TRIALS, OBSERVATIONS, FOLDS = 16, 2_000, 5
SPREAD = 0.005
"""Of one observation's return: half a percent of the capital."""
SHARPE = 0.10
"""Of the planted edge, for one observation, net of costs: 1.9 a year of daily observations; over 2,000 of them an expected t of 4.5."""
FADE = 20
"""Settings away from the best until nothing is left of the edge."""
COSTS = 0.03
"""Of one observation, in spreads."""
LATER = 0.02
"""What two slots more cost, in spreads."""
HONEST = Report(prefixes=64, actions=100)
DEFAULTS = Thresholds()
Noise = Callable[[np.random.Generator, tuple[int, int]], Floats]


def normal(draw: np.random.Generator, shape: tuple[int, int]) -> Floats:
    return draw.standard_normal(shape)


def fat(draw: np.random.Generator, shape: tuple[int, int]) -> Floats:
    return np.asarray(draw.standard_t(4, shape) / np.sqrt(2.0))


def lottery(draw: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Fifty small losses for one win: mean 0 and variance 1 on the whole."""
    odds = 0.02
    win, loss = np.sqrt((1 - odds) / odds), np.sqrt(odds / (1 - odds))
    drawn = np.where(draw.random(shape) < odds, win * draw.exponential(1.0, shape), -loss)
    return np.asarray(drawn / np.sqrt(2 * (1 - odds) + odds))


def clustered(draw: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Calm and wild weeks: volatility that remembers itself."""
    shocks, level = draw.standard_normal(shape[0]), 0.0
    logs = np.array([level := 0.98 * level + 0.1 * shock for shock in shocks])
    return np.asarray(draw.standard_normal(shape) * np.exp(logs - np.var(logs))[:, None])


NOISES: tuple[Noise, ...] = (normal, fat, lottery, clustered)


def studies(count: int, edge: float, costs: float, seed: int, fade: int = FADE) -> Iterator[Floats]:
    """Yield net returns of shape (observations, trials); `edge` is the best trial's Sharpe ratio before `costs`, in spreads."""
    for number in range(count):
        draw = np.random.default_rng([seed, number])
        noise = NOISES[number % len(NOISES)]
        mixed = np.sqrt(0.5) * (noise(draw, (OBSERVATIONS, 1)) + noise(draw, (OBSERVATIONS, TRIALS)))
        away = np.abs(np.arange(TRIALS) - draw.integers(3, TRIALS - 3))
        yield SPREAD * (mixed + edge * np.clip(1 - away / fade, 0, 1) - costs)


def walked(returns: Floats) -> Floats:
    """Return the second half, each fifth of it traded with what was best before."""
    bars = np.arange(OBSERVATIONS)
    return walk(returns, walk_forward(Spans(bars, bars), folds=FOLDS, train_min=OBSERVATIONS // 2)).returns


def passes(returns: Floats, costs: float, later: float, seed: int) -> bool:
    """Judge a study by the default thresholds. What fails a cheap demand is not measured further: it has failed."""
    ratios = [sharpe(column) for column in returns.T]
    census = Census(trials=TRIALS, finished=TRIALS, sharpe_variance=float(np.var(ratios, ddof=1)))
    chosen, outside = int(np.argmax(ratios)), walked(returns)
    if probabilistic(moments(outside)) < DEFAULTS.psr_min:
        return False
    if deflated(moments(returns[:, chosen]), TRIALS, census.sharpe_variance) < DEFAULTS.dsr_min:
        return False
    searched = Searched(
        trials=returns,
        chosen=chosen,
        census=census,
        out_of_sample=outside,
        trade_profits=outside,
        double_costs=outside - SPREAD * costs,
        two_slots_later=outside - SPREAD * later,
        lookahead=HONEST,
    )
    return judge(measure(searched, seed=seed, replications=500), DEFAULTS).passed


def rate(count: int, *, edge: float, costs: float, later: float, seed: int) -> float:
    return sum(passes(returns, costs, later, number) for number, returns in enumerate(studies(count, edge, costs, seed))) / count


@pytest.mark.timeout(600)
def test_noise_does_not_pass_and_a_modest_edge_does() -> None:
    free = rate(1_000, edge=0.0, costs=0.0, later=0.0, seed=1)
    paid = rate(200, edge=0.0, costs=COSTS, later=LATER, seed=2)
    power = rate(100, edge=SHARPE + COSTS, costs=COSTS, later=LATER, seed=3)

    print(f"\nsize: {free:.1%} of 1,000 without costs, {paid:.1%} of 200 with; power at {SHARPE} over {OBSERVATIONS}: {power:.0%} of 100")
    assert free <= 0.01
    assert paid <= free
    assert power >= 0.80
