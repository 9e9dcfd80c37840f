"""A strategy that hears every price and wants nothing: what remains is the executor's own cost."""

from memesnipe.messages.market import MarketEvent
from memesnipe.strategy.contract import Action, EventType, Parameters, RiskProfile, Strategy, strategy

RISK = RiskProfile(thesis="none: it measures", exposures=("none",), failure_modes=("none",), holding_time_s=1, loss_per_trade_bps_max=100)


class IdleParameters(Parameters):
    """None."""


@strategy(id="idle", version="1", subscriptions={EventType.PRICE}, parameters=IdleParameters, risk_profile=RISK)
class Idle(Strategy[IdleParameters]):
    """Counts."""

    heard = 0

    async def on_event(self, event: MarketEvent) -> Action:
        """Do nothing."""
        self.heard += 1
        return None
