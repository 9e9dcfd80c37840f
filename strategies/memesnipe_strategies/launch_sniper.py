"""Launch sniper: buy a new token after its checks pass AND strangers buy it, leave within minutes.

Thesis: most launches die in their first minute; those that strangers (not the creator's own bundle) buy at once keep being
bought for a while, because every launch feed shows them. See launch_sniper.md.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from pydantic import Field, model_validator

from memesnipe.messages.bounds import Side
from memesnipe.messages.market import Launch, MarketEvent, PriceTick
from memesnipe.strategy.contract import Action, Buy, EventType, Holding, Meter, Parameters, RiskProfile, Sell, Strategy, View, strategy
from memesnipe.strategy.indicators import Recent
from memesnipe_strategies.token_checks import TokenCheck, first_refusal

NS_PER_S = 1_000_000_000
BPS = 10_000
ENDINGS_AT_ONCE_MAX = 4
"""Sells in one look round: the executor takes an answer of many actions for a loop; the next look round ends the rest."""
LOOK_ROUND_NS = NS_PER_S
"""How often, in event time, positions without news are looked at: a dead token sends no tick that could end it."""


class LaunchSniperParameters(Parameters):
    """Bounds and units of everything that can be tuned. Times are seconds of event time."""

    top_holder_bps_max: Annotated[int, Field(ge=0, le=BPS)] = 1_500
    creator_launches_max: Annotated[int, Field(ge=0, le=10_000)] = 3
    """Launches of this creator so far: a factory of tokens is a factory of rugs."""
    unverifiable: Annotated[tuple[TokenCheck, ...], Field(max_length=len(TokenCheck))] = ()
    """Checks that THIS feed cannot make: only for them is "unknown" let through. Empty, as it should be, refuses the unknown."""
    confirm_s_max: Annotated[float, Field(ge=0.1, le=3_600)] = 45.0
    confirm_trades_min: Annotated[int, Field(ge=1, le=1_000)] = 4
    confirm_net_lamports_min: Annotated[int, Field(ge=0, le=10**15)] = 500_000_000
    """Bought less sold since the launch, the launch's own slot not counted: that is the creator and his bundle."""
    buy_share_bps_min: Annotated[int, Field(ge=0, le=BPS)] = 6_500
    rise_bps_max: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """Above the launch price by more than this, somebody else had the trade."""
    take_profit_bps: Annotated[int, Field(ge=1, le=1_000_000)] = 5_000
    stop_loss_bps: Annotated[int, Field(ge=1, le=BPS - 1)] = 2_000
    trailing_bps: Annotated[int, Field(ge=1, le=BPS - 1)] = 1_500
    """From the peak, once the position is in profit by as much."""
    hold_s_max: Annotated[float, Field(ge=1, le=604_800)] = 180.0
    retry_s: Annotated[float, Field(ge=0, le=3_600)] = 3.0
    attempts_max: Annotated[int, Field(ge=1, le=10)] = 2
    """Buys of one token: one that slipped may be tried again while the window is open."""
    size_bps: Annotated[int, Field(ge=1, le=BPS)] = 500
    """Of the free capital."""
    size_lamports_min: Annotated[int, Field(ge=1, le=10**15)] = 10_000_000
    size_lamports_max: Annotated[int, Field(ge=1, le=10**15)] = 250_000_000
    pool_share_bps_max: Annotated[int, Field(ge=1, le=BPS)] = 100
    """Of the pool's quote reserve, which is about the price impact of the buy."""
    slippage_bps_max: Annotated[int, Field(ge=1, le=5_000)] = 1_000
    positions_max: Annotated[int, Field(ge=1, le=256)] = 3
    tracked_mints_max: Annotated[int, Field(ge=1, le=10_000)] = 256

    @model_validator(mode="after")
    def _ordered(self) -> "LaunchSniperParameters":
        if not self.size_lamports_min <= self.size_lamports_max:
            raise ValueError("size_lamports_min must not be above size_lamports_max")
        return self


class Target(msgspec.Struct):
    """A launch that passed its checks. Prices are lamports per base unit: statistics, never money."""

    launched_ns: int
    launched_slot: int
    launch_price: float
    time_ns: int
    quote_lamports: int
    base_units: int
    trades: int = 0
    bought_lamports: int = 0
    sold_lamports: int = 0
    attempts: int = 0
    ordered_ns: int = 0
    entered_ns: int = 0
    entry_price: float = 0.0
    peak: float = 0.0

    @property
    def price(self) -> float:
        """Return the last price."""
        return self.quote_lamports / self.base_units


@strategy(
    id="launch-sniper",
    version="1.0.0",
    subscriptions={EventType.LAUNCH, EventType.PRICE},
    parameters=LaunchSniperParameters,
    risk_profile=RiskProfile(
        thesis="A checked launch that strangers buy at once keeps being bought for a minute or two.",
        exposures=(
            "long tokens minutes old, up to positions_max at once",
            "creators and insiders who can sell at any time",
            "landing latency",
        ),
        failure_modes=("insiders pose as strangers", "the rug comes in one block", "the token dies and nobody is there to sell to"),
        holding_time_s=180,
        loss_per_trade_bps_max=5_000,
    ),
)
class LaunchSniper(Strategy[LaunchSniperParameters]):
    """See the module's docstring and launch_sniper.md."""

    def init(self, params: LaunchSniperParameters, view: View, meter: Meter) -> None:
        """Start without targets."""
        super().init(params, view, meter)
        self._unverifiable = frozenset(params.unverifiable)
        self._targets: Recent[Target] = Recent(params.tracked_mints_max, self._is_open)
        self._looked_ns = 0

    def _is_open(self, mint: str) -> bool:
        return self.view.holding(mint) is not None or self.view.in_flight(mint)

    async def on_event(self, event: MarketEvent) -> Action | list[Action]:
        """Take up a launch that passes its checks, follow its trades, and look round for positions whose time is up."""
        action: Action = None
        if isinstance(event, Launch):
            self._take_up(event)
        elif isinstance(event, PriceTick) and (target := self._targets.get(event.mint)) is not None:
            action = self._follow(event, target)
        if event.time_ns - self._looked_ns < LOOK_ROUND_NS:
            return action
        self._looked_ns = event.time_ns
        return [action, *self._look_round(event)]

    def _take_up(self, launch: Launch) -> None:
        params = self.params
        refused = first_refusal(launch, params.top_holder_bps_max, params.creator_launches_max, self._unverifiable)
        self.meter.count("launches", verdict=refused.value if refused else "passed")
        if refused or self._targets.get(launch.mint) is not None:  # a launch announced again must not start its window again
            return
        price = launch.quote_lamports / launch.base_units
        target = Target(launch.time_ns, launch.slot, price, launch.time_ns, launch.quote_lamports, launch.base_units)
        self._targets.put(launch.mint, target)

    def _follow(self, tick: PriceTick, target: Target) -> Action:
        self._update(target, tick)
        if self.view.in_flight(tick.mint):
            return None
        holding = self.view.holding(tick.mint)
        if holding is not None:
            return self._exit(tick.mint, target, holding)
        return self._entry(tick.mint, target)

    def _update(self, target: Target, tick: PriceTick) -> None:
        target.time_ns = max(target.time_ns, tick.time_ns)
        target.quote_lamports, target.base_units = tick.quote_lamports, tick.base_units
        if tick.slot <= target.launched_slot or tick.trade_side is None:
            return
        target.trades += 1
        if tick.trade_side is Side.BUY:
            target.bought_lamports += tick.trade_lamports
        else:
            target.sold_lamports += tick.trade_lamports

    def _entry(self, mint: str, target: Target) -> Action:
        if not (self._is_rested(target) and self._is_confirmed(target)):
            return None
        size_lamports = self._size(target)
        if size_lamports < self.params.size_lamports_min:
            self.meter.count("entries_skipped", cause="size")
            return None
        target.ordered_ns, target.attempts = target.time_ns, target.attempts + 1
        self.meter.count("entries")
        return Buy(mint, size_lamports, self.params.slippage_bps_max, target.quote_lamports, target.base_units, "launch_confirmed")

    def _is_rested(self, target: Target) -> bool:
        return target.time_ns - target.ordered_ns >= self.params.retry_s * NS_PER_S

    def _is_confirmed(self, target: Target) -> bool:
        """Enough strangers, net buying, and a price that is above the launch but has not run away."""
        params, net_lamports = self.params, target.bought_lamports - target.sold_lamports
        flow_lamports = target.bought_lamports + target.sold_lamports
        rise = target.price / target.launch_price - 1
        return (
            target.attempts < params.attempts_max
            and target.time_ns - target.launched_ns <= params.confirm_s_max * NS_PER_S
            and target.trades >= params.confirm_trades_min
            and net_lamports >= params.confirm_net_lamports_min
            and target.bought_lamports * BPS >= params.buy_share_bps_min * flow_lamports
            and 0 < rise <= params.rise_bps_max / BPS
        )

    def _size(self, target: Target) -> int:
        """Return the size of a new position in lamports, 0 for none."""
        params, view = self.params, self.view
        if len(view.holdings()) >= params.positions_max:
            return 0
        room = target.quote_lamports * params.pool_share_bps_max // BPS
        return min(view.free_lamports * params.size_bps // BPS, params.size_lamports_max, room)

    def _exit(self, mint: str, target: Target, holding: Holding) -> Action:
        if not target.entered_ns:
            target.entered_ns, target.entry_price, target.peak = target.time_ns, target.price, target.price
        target.peak = max(target.peak, target.price)
        cause = self._exit_cause(target)
        if not cause or not self._is_rested(target):
            return None
        target.ordered_ns = target.time_ns
        self.meter.count("exits", cause=cause)
        return Sell(mint, holding.units, self.params.slippage_bps_max, target.quote_lamports, target.base_units, cause)

    def _exit_cause(self, target: Target) -> str:
        params, price, entry = self.params, target.price, target.entry_price
        if price >= entry * (1 + params.take_profit_bps / BPS):
            return "take_profit"
        if price <= entry * (1 - params.stop_loss_bps / BPS):
            return "stop_loss"
        trailing = params.trailing_bps / BPS
        if target.peak >= entry * (1 + trailing) and price <= target.peak * (1 - trailing):
            return "trailing"
        return "time" if target.time_ns - target.entered_ns >= params.hold_s_max * NS_PER_S else ""

    def _look_round(self, event: MarketEvent) -> list[Action]:
        """Move every target's clock on: end what is out of time, forget what is over."""
        actions: list[Action] = []
        for mint, target in list(self._targets.items()):
            if self.view.in_flight(mint):
                continue
            target.time_ns = max(target.time_ns, event.time_ns)
            holding = self.view.holding(mint)
            if holding is not None:
                if len(actions) < ENDINGS_AT_ONCE_MAX and (ending := self._exit(mint, target, holding)):
                    actions.append(ending)
            elif target.entered_ns or target.time_ns - target.launched_ns > self.params.confirm_s_max * NS_PER_S:
                self._targets.drop(mint)
        return actions

    def snapshot(self) -> dict[str, Any]:
        """Return all targets, oldest first."""
        targets = [[mint, *msgspec.structs.astuple(target)] for mint, target in self._targets.items()]
        return {"looked_ns": self._looked_ns, "targets": targets}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take the targets back."""
        self._looked_ns = state["looked_ns"]
        for mint, *values in state["targets"]:
            self._targets.put(mint, Target(*values))
