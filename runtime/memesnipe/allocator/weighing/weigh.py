"""The whole weighing, one pure function: the same records, terms, equity and seed give the same weights."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec
import numpy as np

from memesnipe.allocator.decide import EQUAL, WHOLE_BPS
from memesnipe.allocator.weighing.base import shares_at_equal_risk
from memesnipe.allocator.weighing.explore import Belief, belief, shares_by_odds
from memesnipe.allocator.weighing.returns import Bools, Floats, table
from memesnipe.allocator.weighing.size import exposure, sized
from memesnipe.allocator.weighing.values import Record, Standing, Terms, Weighed
from memesnipe.messages.bounds import Mode

ADAPTIVE = "adaptive"


class Account(msgspec.Struct, frozen=True):
    """The portfolio: what it is worth by mode, and the weights in force (bps)."""

    standings: Mapping[Mode, Standing]
    """Of every mode that a record is in: a fall on paper must not take live capital away, nor a gain on paper hide a live fall."""
    weights_bps: Mapping[str, int]
    caps_bps: Mapping[str, int] = MappingProxyType({})
    """What part of its share a strategy gets; absent: all of it. Part of the weighing, because the weights in force are capped ones."""


def weigh(records: Sequence[Record], account: Account, terms: Terms, *, seed: int, now_ns: int) -> Weighed:
    """Return the weights of the strategies in `records`, each named once; strategies that are paused are not among them."""
    records = sorted(records, key=lambda record: record.strategy)
    returns = table(records, terms, now_ns)
    known = _established(records, returns, terms)
    rooms = {mode: exposure(one.equity_lamports, one.peak_lamports, terms) for mode, one in account.standings.items()}
    if not np.any(known):
        return _equal(records, account, rooms, terms)
    what = belief(returns[:, known], terms)
    floor = min(terms.floor, terms.explore / len(records))
    budget = 1.0 - floor * float(np.count_nonzero(~known))
    weights = np.full(len(records), floor)
    weights[known] = np.maximum(_bets(returns[:, known], what, budget, terms, seed), floor)
    weights = _room_of(records, account, rooms) * weights / max(1.0, weights.sum())
    kept = _worth_moving(weights, records, account, known, what, terms)
    return Weighed(weights_bps=_named(records, kept), method=ADAPTIVE, reason=_reason(kept, known, len(returns), _said(records, rooms)))


def _room_of(records: Sequence[Record], account: Account, rooms: Mapping[Mode, float]) -> Floats:
    """Return what part of its share each strategy gets: what the drawdown of its mode leaves, and its cap."""
    return np.array([rooms[record.mode] * account.caps_bps.get(record.strategy, WHOLE_BPS) / WHOLE_BPS for record in records])


def _said(records: Sequence[Record], rooms: Mapping[Mode, float]) -> str:
    modes = sorted({record.mode for record in records})
    return ", ".join(f"{rooms[mode]:.0%} of the {mode.value} sizes" for mode in modes)


def _established(records: Sequence[Record], returns: Floats, terms: Terms) -> Bools:
    observed = np.count_nonzero(~np.isnan(returns), axis=0) >= terms.periods_min
    traded = np.array([sum(one.trades for one in record.closed) >= terms.trades_min for record in records], dtype=np.bool_)
    both: Bools = observed & traded
    return both


def _bets(returns: Floats, what: Belief, budget: float, terms: Terms, seed: int) -> Floats:
    """Return the weights of established strategies: what the odds give, no more than `cap` times equal risk, sized by Kelly."""
    scenarios = _without_gaps(returns)
    limits = budget * np.minimum(shares_by_odds(what, terms, seed), terms.cap * shares_at_equal_risk(scenarios, terms.base))
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


def _equal(records: Sequence[Record], account: Account, rooms: Mapping[Mode, float], terms: Terms) -> Weighed:
    weights = _room_of(records, account, rooms) / max(1, len(records))
    reason = (
        f"equal weight for {len(records)} strategies: none has {terms.periods_min} periods and {terms.trades_min} closed trades yet; "
        f"the drawdown leaves {_said(records, rooms)}"
    )
    return Weighed(weights_bps=_named(records, weights), method=EQUAL, reason=reason)


def _named(records: Sequence[Record], weights: Floats) -> dict[str, int]:
    """Return bps, rounded down: the sum must never pass the whole."""
    return {record.strategy: int(weight * WHOLE_BPS + 1e-6) for record, weight in zip(records, weights, strict=True)}


def _reason(weights: Floats, known: Bools, periods: int, room: str) -> str:
    return (
        f"{np.count_nonzero(known)} of {len(known)} strategies judged on {periods} periods, the others at the floor; "
        f"{weights.sum():.0%} at risk, the rest is cash; the drawdown leaves {room}"
    )
