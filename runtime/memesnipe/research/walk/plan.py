"""How a study is cut: periods, folds, purge and embargo; and the spans of time that the cutting rests on."""

from enum import StrEnum
from typing import Annotated, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import BadInput
from memesnipe.messages.bounds import Count
from memesnipe.research.backtest.market import Market
from memesnipe.research.lookahead import PREFIXES
from memesnipe.research.splits.combinatorial import Combinatorial
from memesnipe.research.splits.walk_forward import Fold, Spans, walk_forward
from memesnipe.research.stats.series import Ints


class Lane(StrEnum):
    """What runs the trials of a search. What was chosen is run by the engine whatever searched."""

    ASYNC = "async"
    """The engine: any strategy."""
    COMPILED = "compiled"
    """The signal as a function of arrays, for strategies that declare one."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decides about a study before it runs."""

    period_s: Annotated[int, Meta(gt=0)]
    """Of one observation; whole minutes."""
    horizon_s: Count
    """How long a trade may last: what was opened so shortly before a test is not trained on."""
    embargo_s: Count = 0
    folds: Annotated[int, Meta(ge=1, le=1_000)] = 5
    train_min: Count = 0
    """Observations before the first test; 0: half of them."""
    rolling: Count = 0
    """The newest observations to train on; 0: all."""
    groups: Annotated[int, Meta(ge=2, le=20)] = 6
    """Of CPCV, `tested` of them at a time."""
    tested: Annotated[int, Meta(ge=1, le=19)] = 2
    lane: Lane = Lane.ASYNC
    prefixes: Annotated[int, Meta(ge=2, le=10_000)] = PREFIXES
    """Shorter histories of the look-ahead replay."""
    ahead_events_min: Annotated[int, Meta(ge=2)] = 20_000
    """Least events that the look-ahead replay runs on, where the market has as many."""


class Cut(NamedTuple):
    """A market's time, cut before anything runs: a market that is too short is told at once."""

    starts_ns: Ints
    """(observations,): when each began."""
    folds: list[Fold]
    splits: Combinatorial


def cut_of(market: Market, plan: Plan) -> Cut:
    """Return how the plan cuts a market. Raises BadInput on one that is too short for it, or cannot be read."""
    starts_ns = starts_of(market, plan.period_s)
    spans = spans_of(starts_ns, plan)
    try:
        return Cut(starts_ns, folds_of(spans, plan), splits_of(spans, plan))
    except BadInput as error:
        hint = f"{len(spans)} observations; take fewer folds, a shorter period or a longer market"
        raise BadInput(error.field, f"{error.reason} ({hint})") from None


def starts_of(market: Market, period_s: int) -> Ints:
    """Return when each period that the market touches began (ns): those of `returns_of`, whatever is traded."""
    first_ns = last_ns = 0
    for event, _ in market.events():
        first_ns, last_ns = first_ns or event.time_ns, max(last_ns, event.time_ns)
    period_ns = period_s * NS_PER_S
    return np.arange(first_ns // period_ns, last_ns // period_ns + 1, dtype=np.int64) * period_ns


def spans_of(starts_ns: Ints, plan: Plan) -> Spans:
    """Return when each observation is made, and when the last trade that was opened in it is closed (ns)."""
    return Spans(starts_ns, starts_ns + (plan.period_s + plan.horizon_s) * NS_PER_S - 1)


def folds_of(spans: Spans, plan: Plan) -> list[Fold]:
    """Return the walk-forward's folds. Raises BadInput where the record is too short for them."""
    train_min = plan.train_min or len(spans) // 2
    return list(walk_forward(spans, folds=plan.folds, train_min=train_min, embargo=plan.embargo_s * NS_PER_S, rolling=plan.rolling or None))


def splits_of(spans: Spans, plan: Plan) -> Combinatorial:
    """Return the splits of CPCV. Raises BadInput as `folds_of` does."""
    return Combinatorial(spans, groups_count=plan.groups, tested=plan.tested, embargo=plan.embargo_s * NS_PER_S)
