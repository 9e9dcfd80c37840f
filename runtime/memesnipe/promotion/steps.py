"""What a strategy still has to show for its next step, and how long it cools down. Pure."""

from collections.abc import Iterator

from memesnipe.evidence.gap import PAIRS_MIN
from memesnipe.messages.bounds import Mode
from memesnipe.messages.promotion import PromotionTerms
from memesnipe.promotion.sequential import observed
from memesnipe.promotion.values import Facts, Standing

DOUBLINGS_MAX = 6
"""A cool-down grows to 64 times the first at most."""
NO_CODE = "code that is known: strategy_factory has not registered it, its log says why"
NO_TRADES = "closed trades that can be read: restart position_manager, which writes perf:<strategy>:pnl_history anew"


def unseen(facts: Facts) -> tuple[str, ...]:
    """Return what of a strategy's results cannot be judged, and what to do about it; nothing where all can be."""
    missing = [(not facts.code_hash, NO_CODE), (facts.trades is None, NO_TRADES)]
    return tuple(what for is_missing, what in missing if is_missing)


def paper_results(standing: Standing, facts: Facts) -> tuple[float, ...]:
    """Return what paper trades of this spec and code brought per lamport paid, of a demoted strategy since then."""
    since_ns = max(standing.demoted_ns, standing.own_ns)
    found = (one for one in facts.trades or () if one.mode is Mode.PAPER and one.outlay_lamports > 0 and one.time_ns >= since_ns)
    return tuple(observed(one.net_lamports, one.outlay_lamports) for one in found)


def missing_on_paper(standing: Standing, facts: Facts, results: tuple[float, ...], terms: PromotionTerms) -> str:
    """Return what keeps a strategy on paper; "" for one that may be proposed."""
    shown = () if facts.trades is None else _missing_results(standing, results, terms)
    missing = [*facts.unmet, *unseen(facts), *shown]
    return f"not yet: {', '.join(missing)}" if missing else ""


def _missing_results(standing: Standing, results: tuple[float, ...], terms: PromotionTerms) -> Iterator[str]:
    """Without any trade there is no profit to speak of: only a person's word, paperTradesMin: 0, lets nothing be enough."""
    if standing.demoted_ns and not (len(results) >= terms.canary_trades_min):
        yield f"{terms.canary_trades_min} trades on paper since it was demoted"
    elif terms.paper_trades_min and not results:
        yield "a profit on paper: it closed no trade there with this spec and code"
    if results and not (sum(results) > 0.0):
        yield "a profit on paper"


def missing_on_step(standing: Standing, facts: Facts, terms: PromotionTerms) -> str:
    """Return what keeps a canary on its step; "" for one that is confirmed. What cannot be seen confirms nothing."""
    if missing := unseen(facts):
        return ", ".join(missing)
    trades = standing.run.step_trades
    if not (trades >= terms.canary_trades_min):
        return f"{trades} of {terms.canary_trades_min} live trades"
    if facts.gap is None or not (facts.gap.enough_ns >= standing.since_ns):
        return f"{PAIRS_MIN} live orders with a paper twin since this step began"
    return "" if facts.pnl_lamports is not None else "what it holds: position_manager has not said"


def cool_down_s(demotions: int, terms: PromotionTerms) -> int:
    """Return how long the cool-down after so many demotions of one spec and code lasts: each doubles it."""
    return terms.cool_down_s << min(demotions - 1, DOUBLINGS_MAX)
