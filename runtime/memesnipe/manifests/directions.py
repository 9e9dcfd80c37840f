"""Which way a limit gets looser: what a person needs the verb `golive` for, and what anybody who may edit the policy may do."""

from collections.abc import Mapping
from enum import StrEnum

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
    NEVER = "never"
    """Neither value risks more."""

    def than(self, new: float, old: float) -> bool:
        """Return whether `new` is looser than `old`."""
        if self is Looser.LARGER_OR_ZERO:
            return old != 0 and (new == 0 or new > old)
        return (self is Looser.LARGER and new > old) or (self is Looser.SMALLER and new < old)


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
}
"""The same of an Allocation's `promotion`: a weaker demand lets more through."""


def loosened(old: RiskPolicySpec, new: RiskPolicySpec) -> tuple[str, ...]:
    """Return the limits in which `new` is looser than `old`."""
    return _looser(DIRECTIONS, old, new)


def weakened(old: Promotion, new: Promotion) -> tuple[str, ...]:
    """Return the demands in which `new` is weaker than `old`."""
    return _looser(PROMOTION, old, new)


def _looser(ways: Mapping[str, Looser], old: Model, new: Model) -> tuple[str, ...]:
    before, after = old.model_dump(by_alias=True), new.model_dump(by_alias=True)
    return tuple(name for name, way in ways.items() if way is not Looser.NEVER and way.than(after[name], before[name]))
