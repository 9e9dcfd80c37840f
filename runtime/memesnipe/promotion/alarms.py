"""What sends a live strategy back to paper at once, whoever took it live. Pure; the table's order is the order of the reasons."""

from collections.abc import Callable

from memesnipe.evidence.gap import PAIRS_MIN, objection
from memesnipe.messages.promotion import PromotionTerms
from memesnipe.promotion.counting import REFUSED
from memesnipe.promotion.sequential import PPM
from memesnipe.promotion.values import WHOLE_BPS, Facts, Standing

ORDERS_MIN = 20
"""Fewer orders' ends say nothing about a share of them."""

Alarm = Callable[[Standing, Facts, PromotionTerms], str]
"""Returns why, for a person; "" where there is no reason."""


def first_alarm(standing: Standing, facts: Facts, terms: PromotionTerms) -> str:
    """Return the first reason to demote, "" without any."""
    return next((why for alarm in ALARMS if (why := alarm(standing, facts, terms))), "")


def tripped(_: Standing, facts: Facts, __: PromotionTerms) -> str:
    """Its own breaker stopped it."""
    return f"its breaker tripped: {facts.tripped}" if facts.tripped else ""


def fell(standing: Standing, facts: Facts, terms: PromotionTerms) -> str:
    """How far its live PnL may fall from its highest, as a part of its own capital: of a canary's small one, too."""
    run, limit = standing.run, terms.drawdown_bps_max
    if facts.pnl_lamports is None or run.peak_lamports is None or not run.capital_lamports > 0:
        return ""
    fall = run.peak_lamports - facts.pnl_lamports
    if fall * WHOLE_BPS <= limit * run.capital_lamports:
        return ""
    return f"live drawdown of {fall * WHOLE_BPS // run.capital_lamports} bps of its capital, liveDrawdownBpsMax is {limit}"


def loses(standing: Standing, _: Facts, terms: PromotionTerms) -> str:
    """The test from the start of the run: a claim of "it loses nothing" that was bet against with success."""
    bound = WHOLE_BPS / terms.loss_level_bps
    if standing.run.loss_max < bound:
        return ""
    return f"live trades lose at the mean: who bet on that has {standing.run.loss_max:.1f} times the stake, {bound:.1f} is the limit"


def decayed(standing: Standing, _: Facts, terms: PromotionTerms) -> str:
    """The test that starts anew at every trade: a change at any time is seen soon after."""
    if standing.run.decay_max < terms.decay_alarm_trades:
        return ""
    floor = standing.floor_ppm / PPM
    return f"the edge is gone: live trades bring less than {floor:.2%} of what is paid at the mean, which paper had shown"


def apart(_: Standing, facts: Facts, terms: PromotionTerms) -> str:
    """Live that is not what paper shows: a model, a host or a fee market that changed."""
    gap = facts.gap
    if gap is None or not (gap.pairs >= PAIRS_MIN):
        return ""
    if -gap.median_bps > terms.gap_bps_max:
        return f"live orders bring {-gap.median_bps} bps less than paper at the median, paperGapBpsMax is {terms.gap_bps_max}"
    return objection(gap, in_band_bps_min=terms.in_band_bps_min)


def refused(standing: Standing, _: Facts, terms: PromotionTerms) -> str:
    """Orders that were approved and not signed or sent: something between here and the chain is wrong."""
    orders, limit = standing.run.orders, terms.refused_bps_max
    count = orders.count(REFUSED)
    if len(orders) < ORDERS_MIN or count * WHOLE_BPS <= limit * len(orders):
        return ""
    return f"guard or signer refused {count} of the newest {len(orders)} orders, refusedBpsMax is {limit}"


ALARMS: tuple[Alarm, ...] = (tripped, fell, loses, decayed, apart, refused)
