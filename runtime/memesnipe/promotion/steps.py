"""What a strategy still has to show for its next step, and how long it cools down. Pure."""

from memesnipe.evidence.gap import PAIRS_MIN
from memesnipe.messages.bounds import Mode
from memesnipe.messages.promotion import PromotionTerms
from memesnipe.promotion.sequential import observed
from memesnipe.promotion.values import Facts, Standing

DOUBLINGS_MAX = 6
"""A cool-down grows to 64 times the first at most."""


def paper_results(standing: Standing, facts: Facts) -> tuple[float, ...]:
    """Return what paper trades brought per lamport paid, of a demoted strategy since then."""
    found = (one for one in facts.trades if one.mode is Mode.PAPER and one.outlay_lamports > 0 and one.time_ns >= standing.demoted_ns)
    return tuple(observed(one.net_lamports, one.outlay_lamports) for one in found)


def missing_on_paper(standing: Standing, facts: Facts, results: tuple[float, ...], terms: PromotionTerms) -> str:
    """Return what keeps a strategy on paper; "" for one that may be proposed."""
    missing = list(facts.unmet)
    if standing.demoted_ns and not (len(results) >= terms.canary_trades_min):
        missing.append(f"{terms.canary_trades_min} trades on paper since it was demoted")
    if results and not (sum(results) > 0.0):
        missing.append("a profit on paper")
    return f"not yet: {', '.join(missing)}" if missing else ""


def missing_on_step(standing: Standing, facts: Facts, terms: PromotionTerms) -> str:
    """Return what keeps a canary on its step; "" for one that is confirmed. What cannot be seen confirms nothing."""
    trades = standing.run.step_trades
    if not (trades >= terms.canary_trades_min):
        return f"{trades} of {terms.canary_trades_min} live trades"
    pairs = facts.gap.pairs if facts.gap else 0
    if not (pairs >= PAIRS_MIN):
        return f"{pairs} of {PAIRS_MIN} live orders with a paper twin"
    return "" if facts.pnl_lamports is not None else "what it holds: position_manager has not said"


def cool_down_s(demotions: int, terms: PromotionTerms) -> int:
    """Return how long the cool-down after so many demotions of one spec lasts: each doubles it."""
    return terms.cool_down_s << min(demotions - 1, DOUBLINGS_MAX)
