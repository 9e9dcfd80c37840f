"""Which way a limit gets looser: what a person needs the verb `golive` for, and what anybody who may edit the policy may do."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from memesnipe.manifests.fields import Model
from memesnipe.manifests.promotion import Promotion
from memesnipe.manifests.risk_policy import RiskPolicySpec


class Looser(StrEnum):
    """When a new value allows more risk than the one before it."""

    LARGER = "larger"
    """0 allows nothing."""
    LARGER_OR_ZERO = "larger, or 0"
    """0 switches it off, so it is the loosest of all."""
    SMALLER = "smaller"
    """A demand for at least so much."""
    FEWER = "fewer tokens"
    """Names that fall under a limit together: one less is held by nothing."""
    NEVER = "never"
    """Neither value risks more."""

    def than(self, new: Any, old: Any) -> bool:
        """Return whether `new` is looser than `old`: numbers, or lists by name where names count."""
        if self is Looser.FEWER:
            return any(one not in new.get(name, ()) for name, named in old.items() for one in named)
        if self is Looser.LARGER_OR_ZERO:
            return bool(old != 0 and (new == 0 or new > old))
        return bool((self is Looser.LARGER and new > old) or (self is Looser.SMALLER and new < old))


DIRECTIONS: dict[str, Looser] = {
    "tradeSizeSolMax": Looser.LARGER,
    "strategyExposureSolMax": Looser.LARGER,
    "tokenExposureSolMax": Looser.LARGER,
    "portfolioExposureSolMax": Looser.LARGER,
    "openPositionsMax": Looser.LARGER,
    "ordersPerMinuteMax": Looser.LARGER,
    "slippageBpsMax": Looser.LARGER,
    "drawdownBpsMax": Looser.LARGER,
    "eventAgeMsMax": Looser.LARGER,
    "clockSkewMsMax": Looser.LARGER,
    "stopLossBps": Looser.LARGER_OR_ZERO,
    "takeProfitBps": Looser.LARGER_OR_ZERO,
    "timeStopS": Looser.LARGER_OR_ZERO,
    "guardTradeSizeSolMax": Looser.LARGER,
    "priorityFeeSolMax": Looser.LARGER,
    "tipSolMax": Looser.LARGER,
    "spendSolPerHourMax": Looser.LARGER,
    "spendSolPerDayMax": Looser.LARGER,
    "onDelete": Looser.NEVER,
}
"""Of a RiskPolicy, by field; the kill switch has rules of its own. A take-profit counts as a limit: a higher one holds for longer."""

BREAKERS: dict[str, Looser] = {
    "portfolioDayDrawdownBpsMax": Looser.LARGER,
    "portfolioWeekDrawdownBpsMax": Looser.LARGER,
    "strategyDrawdownBpsMax": Looser.LARGER,
    "strategyDayDrawdownBpsMax": Looser.LARGER,
    "strategyWeekDrawdownBpsMax": Looser.LARGER,
    "lossesInARowMax": Looser.LARGER,
    "lossesPauseS": Looser.SMALLER,
    "rateBreachesMax": Looser.LARGER,
    "rateWindowS": Looser.SMALLER,
    "tokenCooldownS": Looser.SMALLER,
    "strategyStopsMax": Looser.LARGER,
    "portfolioStopsMax": Looser.LARGER,
    "stopsWindowS": Looser.SMALLER,
    "stopsPauseS": Looser.SMALLER,
    "closedDrawdownBpsMax": Looser.LARGER,
    "closedTradesMin": Looser.LARGER,
    "closedWindowS": Looser.SMALLER,
    "closedPauseS": Looser.SMALLER,
    "tokenLossBpsMax": Looser.LARGER,
    "tokenTradesMin": Looser.LARGER,
    "tokenWindowS": Looser.SMALLER,
    "tokenPauseS": Looser.SMALLER,
}
"""Of a RiskPolicy's `breakers`: a shorter window counts less, and a shorter pause ends sooner."""

EXITS: dict[str, Looser] = {
    "ladder": Looser.NEVER,
    "trailingBps": Looser.LARGER_OR_ZERO,
    "trailingFromBps": Looser.LARGER,
    "atrMultipleBps": Looser.LARGER_OR_ZERO,
    "atrBars": Looser.NEVER,
    "breakEvenFromBps": Looser.LARGER_OR_ZERO,
    "drainBps": Looser.LARGER_OR_ZERO,
    "supplyRiseBps": Looser.LARGER_OR_ZERO,
    "holderRiseBps": Looser.LARGER_OR_ZERO,
    "staleAlertS": Looser.LARGER_OR_ZERO,
    "staleExitS": Looser.LARGER_OR_ZERO,
    "dustSol": Looser.LARGER,
}
"""Of a RiskPolicy's `exits`. A ladder sells gains, and the stop holds for what is left whatever the ladder says: neither way risks more."""

MARKET: dict[str, Looser] = {
    "poolShareBpsMax": Looser.LARGER_OR_ZERO,
    "volatilityBpsMax": Looser.LARGER_OR_ZERO,
    "venueExposureSolMax": Looser.LARGER_OR_ZERO,
    "groupExposureSolMax": Looser.LARGER_OR_ZERO,
    "correlationBpsMin": Looser.LARGER,
    "tokenGroups": Looser.FEWER,
    "expectedShortfallBpsMax": Looser.LARGER_OR_ZERO,
    "feedAgeSMax": Looser.LARGER_OR_ZERO,
    "tokenPriceAgeSMax": Looser.LARGER_OR_ZERO,
    "skewedEventsMax": Looser.LARGER_OR_ZERO,
    "duplicateWindowMs": Looser.SMALLER,
}
"""Of a RiskPolicy's `market`: where 0 means that nothing is asked for, 0 is the loosest."""

NESTED: dict[str, dict[str, Looser]] = {"breakers": BREAKERS, "exits": EXITS, "market": MARKET}
"""Limits that are an object of their own in a RiskPolicy, by the field that has them."""

PROMOTION: dict[str, Looser] = {
    "observationsMin": Looser.SMALLER,
    "tradesMin": Looser.SMALLER,
    "psrMin": Looser.SMALLER,
    "dsrMin": Looser.SMALLER,
    "pboMax": Looser.LARGER,
    "pboLossMax": Looser.LARGER,
    "spaPMax": Looser.LARGER,
    "drawdownMax": Looser.LARGER,
    "bestTradeShareMax": Looser.LARGER,
    "lookaheadPrefixesMin": Looser.SMALLER,
    "evidenceAgeDaysMax": Looser.LARGER_OR_ZERO,
    "paperTradesMin": Looser.SMALLER,
    "paperGapBpsMax": Looser.LARGER,
    "paperInBandBpsMin": Looser.SMALLER,
    "canaryFirstBps": Looser.LARGER,
    "canarySteps": Looser.SMALLER,
    "canaryTradesMin": Looser.SMALLER,
    "lossLevelBps": Looser.SMALLER,
    "decayAlarmTrades": Looser.LARGER,
    "liveDrawdownBpsMax": Looser.LARGER,
    "refusedBpsMax": Looser.LARGER,
    "coolDownS": Looser.SMALLER,
}
"""The same of an Allocation's `promotion`: a weaker demand lets more through."""


def loosened(old: RiskPolicySpec, new: RiskPolicySpec) -> tuple[str, ...]:
    """Return the limits in which `new` is looser than `old`."""
    found = _looser(DIRECTIONS, old, new)
    for group, ways in NESTED.items():
        found += tuple(f"{group}.{name}" for name in _looser(ways, getattr(old, group), getattr(new, group)))
    return found


def weakened(old: Promotion, new: Promotion) -> tuple[str, ...]:
    """Return the demands in which `new` is weaker than `old`."""
    return _looser(PROMOTION, old, new)


def _looser(ways: Mapping[str, Looser], old: Model, new: Model) -> tuple[str, ...]:
    before, after = old.model_dump(by_alias=True), new.model_dump(by_alias=True)
    return tuple(name for name, way in ways.items() if way is not Looser.NEVER and way.than(after[name], before[name]))
