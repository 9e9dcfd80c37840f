"""The measured strategy, as a person's own file would be: buys a token it does not hold, sells it at its next price."""

from memesnipe.messages.market import MarketEvent, PriceTick
from memesnipe.strategy.contract import Action, Buy, EventType, Parameters, RiskProfile, Sell, Strategy, strategy

SIZE_LAMPORTS = 10_000_000
SLIPPAGE_BPS = 1_000
RISK = RiskProfile(thesis="none: it measures", exposures=("none",), failure_modes=("none",), holding_time_s=1, loss_per_trade_bps_max=100)


class FlipParameters(Parameters):
    """None."""


@strategy(id="flip", version="1", subscriptions={EventType.PRICE}, parameters=FlipParameters, risk_profile=RISK)
class Flip(Strategy[FlipParameters]):
    """One order for each event."""

    async def on_event(self, event: MarketEvent) -> Action:
        """Buy or sell, whatever the price."""
        if not isinstance(event, PriceTick):
            return None
        held = self.view.holding(event.mint)
        if held is None:
            return Buy(event.mint, SIZE_LAMPORTS, SLIPPAGE_BPS, event.quote_lamports, event.base_units)
        return Sell(event.mint, held.units, SLIPPAGE_BPS, event.quote_lamports, event.base_units)
