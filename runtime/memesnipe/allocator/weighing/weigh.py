"""The whole weighing, one pure function: the same records, terms, equity and seed give the same weights."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from memesnipe.allocator.decide import EQUAL, WHOLE_BPS
from memesnipe.allocator.weighing.base import shares_at_equal_risk
from memesnipe.allocator.weighing.explore import Belief, belief, shares_by_odds
from memesnipe.allocator.weighing.returns import Bools, Floats, table
from memesnipe.allocator.weighing.size import exposure, sized
from memesnipe.allocator.weighing.values import Record, Terms, Weighed

ADAPTIVE = "adaptive"


class Account(msgspec.Struct, frozen=True):
    """The portfolio: what it is worth, the most it was worth, and the weights in force (bps)."""

    equity_lamports: int
    peak_lamports: int
    weights_bps: Mapping[str, int]


def weigh(records: Sequence[Record], account: Account, terms: Terms, *, seed: int, now_ns: int) -> Weighed:
    """Return the weights of the strategies in `records`, each named once; strategies that are paused are not among them."""
    records = sorted(records, key=lambda record: record.strategy)
    returns = table(records, terms, now_ns)
    known = _established(records, returns, terms)
    room = exposure(account.equity_lamports, account.peak_lamports, terms)
    if not np.any(known):
        return _equal(records, room, terms)
    what = belief(returns[:, known], terms)
    floor = min(terms.floor, terms.explore / len(records))
    budget = 1.0 - floor * float(np.count_nonzero(~known))
    weights = np.full(len(records), floor)
    weights[known] = np.maximum(_bets(returns[:, known], what, budget, terms, seed), floor)
    weights = room * weights / max(1.0, weights.sum())
    kept = _worth_moving(weights, records, account, known, what, terms)
    return Weighed(weights_bps=_named(records, kept), method=ADAPTIVE, reason=_reason(kept, known, len(returns), room))


def _established(records: Sequence[Record], returns: Floats, terms: Terms) -> Bools:
    observed = np.count_nonzero(~np.isnan(returns), axis=0) >= terms.periods_min
    traded = np.array([len(record.closed) >= terms.trades_min for record in records], dtype=np.bool_)
    both: Bools = observed & traded
    return both


def _bets(returns: Floats, what: Belief, budget: float, terms: Terms, seed: int) -> Floats:
    """Return the weights of established strategies: what the odds give, no more than `cap` times equal risk, sized by Kelly."""
    scenarios = _without_gaps(returns)
    limits = budget * np.minimum(shares_by_odds(what, terms, seed), terms.cap * shares_at_equal_risk(scenarios))
    return sized(scenarios, limits, what, terms)


def _without_gaps(returns: Floats) -> Floats:
    """Return returns where a younger strategy's missing past is its own past over again: its risk stays, its correlation weakens."""
    filled = returns.copy()
    for column in filled.T:
        missing = np.isnan(column)
        column[missing] = np.resize(column[~missing][::-1], int(np.count_nonzero(missing)))[::-1]
    return filled


def _worth_moving(
    weights: Floats,
    records: Sequence[Record],
    account: Account,
    known: Bools,
    what: Belief,
    terms: Terms,
) -> Floats:
    """Return the weights to go to: less is always taken, more only where the believed gain earns the cost of moving back."""
    before = np.array([account.weights_bps.get(record.strategy, 0) / WHOLE_BPS for record in records])
    gain = np.zeros(len(records))
    gain[known] = what.mean * terms.half_life_periods
    stays = (weights > before) & (before > 0.0) & known & ~(gain > terms.turnover_bps / WHOLE_BPS)
    moved = np.where(stays, before, weights)
    over: Floats = moved / max(1.0, moved.sum())
    return over


def _equal(records: Sequence[Record], room: float, terms: Terms) -> Weighed:
    weights = np.full(len(records), room / max(1, len(records)))
    reason = (
        f"equal weight for {len(records)} strategies: none has {terms.periods_min} periods and {terms.trades_min} closed trades yet; "
        f"the drawdown leaves {room:.0%} of the capital"
    )
    return Weighed(weights_bps=_named(records, weights), method=EQUAL, reason=reason)


def _named(records: Sequence[Record], weights: Floats) -> dict[str, int]:
    """Return bps, rounded down: the sum must never pass the whole."""
    return {record.strategy: int(weight * WHOLE_BPS + 1e-6) for record, weight in zip(records, weights, strict=True)}


def _reason(weights: Floats, known: Bools, periods: int, room: float) -> str:
    return (
        f"{np.count_nonzero(known)} of {len(known)} strategies judged on {periods} periods, the others at the floor; "
        f"{weights.sum():.0%} at risk, the rest is cash; the drawdown leaves {room:.0%} of the sizes"
    )
