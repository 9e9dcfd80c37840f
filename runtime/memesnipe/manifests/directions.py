"""Which way a limit gets looser: what a person needs the verb `golive` for, and what anybody who may edit the policy may do."""

from enum import StrEnum

from memesnipe.manifests.risk_policy import RiskPolicySpec


class Looser(StrEnum):
    """When a new value allows more risk than the one before it."""

    LARGER = "larger"
    """0 allows nothing."""
    LARGER_OR_ZERO = "larger, or 0"
    """0 switches the exit off, so it is the loosest of all."""
    NEVER = "never"
    """Neither value risks more."""

    def than(self, new: float, old: float) -> bool:
        """Return whether `new` is looser than `old`."""
        if self is Looser.LARGER_OR_ZERO:
            return old != 0 and (new == 0 or new > old)
        return self is Looser.LARGER and new > old


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
"""By field; the kill switch has rules of its own. A take-profit counts as a limit, because a higher one holds a position for longer."""


def loosened(old: RiskPolicySpec, new: RiskPolicySpec) -> tuple[str, ...]:
    """Return the limits in which `new` is looser than `old`."""
    before, after = old.model_dump(by_alias=True), new.model_dump(by_alias=True)
    return tuple(name for name, way in DIRECTIONS.items() if way is not Looser.NEVER and way.than(after[name], before[name]))
