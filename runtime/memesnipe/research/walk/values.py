"""What a study leaves behind: all that the gate measures and all that the report draws. Judging it is another part's work (`evidence`).

Returns are net, in time order, fractions of the capital for each observation; an observation is one period of UTC time. Sharpe ratios are
for one observation, not annualised, and None for a series that does not vary.
"""

from typing import Any

import msgspec

from memesnipe.research.backtest.result import Result
from memesnipe.research.lookahead import Report
from memesnipe.research.stats.series import Floats, Ints
from memesnipe.research.trials.values import Census, Study


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A finished trial: a point of the parameter surface, and a column of `Walked.returns`."""

    parameters: dict[str, Any]
    """All that the strategy ran with, those that were not searched too."""
    spec_hash: str
    """As leases and intents carry it."""
    sharpe: float | None
    """Over the whole time."""


class FoldChoice(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the walk-forward."""

    train: tuple[int, int]
    """First and last observation that was trained on."""
    test: tuple[int, int]
    """First and last observation that was tested; tests follow one another without a gap."""
    chosen: int
    """Column of the trial that was best in training."""
    sharpe_in: float | None
    """What it was chosen for."""
    sharpe_out: float | None
    """What came of it. Much lower in most folds: the choice was fitted to noise."""


class OutOfSample(msgspec.Struct, frozen=True, kw_only=True):
    """The walk-forward joined: each stretch traded with what was best before it. All series have one value for each position."""

    positions: Ints
    """(observations,): which observations of the whole were tested."""
    chosen: Ints
    """(observations,): which column each was traded with."""
    returns: Floats
    trade_profits: Floats
    """(trades,): of each trade that was opened AND closed while its trial was traded, in order of closing, as a fraction of the
    capital. One that was open across a change of the trial is nobody's."""
    double_costs: Floats
    """The same choice at twice the costs."""
    two_slots_later: Floats
    """The same choice with each fill two slots later."""
    incumbent: Floats | None = None
    """What the version that holds the place earned in the same observations."""


class Incumbent(msgspec.Struct, frozen=True, kw_only=True):
    """The version that holds the place now, on the same market, seed and capital. It was not chosen here and is no trial."""

    name: str
    spec_hash: str
    returns: Floats
    """(observations,)"""


class Walked(msgspec.Struct, frozen=True, kw_only=True):
    """One study. The same seed, data, code and trials give the same values, whatever ran them on however many processes."""

    name: str
    """The Strategy's, from its manifest."""
    study: Study
    """`study.strategy` is the code's entry point; data hash, code version and period are in it too."""
    market: str
    seed: int
    capital_lamports: int
    starts_ns: Ints
    """(observations,): when each period began."""
    horizon_s: int
    """How long a trade may last at most: what was purged."""
    embargo_s: int
    trials: tuple[Tried, ...]
    """In the order of their parameters' canonical JSON."""
    returns: Floats
    """(observations, trials): every finished trial over the whole time."""
    failed: dict[str, str]
    """Why trials have no returns, by the JSON of their parameters. They count as tries."""
    refused: dict[str, str] = {}
    """Points of the space that the strategy's own bounds refuse, and why. They never ran, so they are no tries."""
    census: Census
    """Every try ever registered for the strategy."""
    chosen: int
    """Column of the trial that is best over the whole time: what would trade from now on, and what the gate judges."""
    result: Result
    """The chosen trial's whole run."""
    folds: tuple[FoldChoice, ...]
    outside: OutOfSample
    paths: Floats
    """(paths, observations): CPCV, many histories from one."""
    path_sharpes: tuple[float | None, ...]
    incumbent: Incumbent | None
    lookahead: Report
    """Of the chosen trial."""
