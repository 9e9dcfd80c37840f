"""Momentum: buy a token that breaks out of its own recent range on real buying, sell when the trend or the price gives way.

Thesis: memecoin buyers arrive in waves, because each new high is itself what the next buyers see; a breakout that is large
against the token's own noise and carried by net buying tends to run on for seconds to minutes. See momentum.md.
"""

from collections.abc import Mapping
from math import log, sqrt
from typing import Annotated, Any

import msgspec
from pydantic import Field, model_validator

from memesnipe.messages.bounds import Side
from memesnipe.messages.market import MarketEvent, PriceTick
from memesnipe.strategy.contract import Action, Buy, EventType, Holding, Meter, Parameters, RiskProfile, Sell, Strategy, View, strategy
from memesnipe.strategy.indicators import Recent, carried, decay
from memesnipe_strategies.momentum_signal import SIGNAL

NS_PER_S = 1_000_000_000
BPS = 10_000


class MomentumParameters(Parameters):
    """Bounds and units of everything that can be tuned. Times are seconds of event time."""

    fast_s: Annotated[float, Field(ge=0.5, le=3_600)] = 10.0
    slow_s: Annotated[float, Field(ge=2.0, le=86_400)] = 45.0
    warmup_s: Annotated[float, Field(ge=0, le=86_400)] = 20.0
    warmup_ticks: Annotated[int, Field(ge=2, le=10_000)] = 15
    breakout_bps: Annotated[int, Field(ge=10, le=50_000)] = 600
    """Least rise above the slow average: about twice the cost of a round trip on a bonding curve."""
    breakout_sigmas: Annotated[float, Field(ge=0, le=20)] = 1.0
    """The rise must also be this many standard deviations of the token's own noise over `slow_s`."""
    chase_bps_max: Annotated[int, Field(ge=100, le=100_000)] = 6_000
    """A rise beyond this is a spike that others will sell into."""
    flow_lamports_min: Annotated[int, Field(ge=0, le=10**15)] = 500_000_000
    """Buying within about `fast_s`, before a breakout is believed."""
    buy_share_bps_min: Annotated[int, Field(ge=0, le=BPS)] = 5_500
    """Share of buys in that flow."""
    trailing_bps: Annotated[int, Field(ge=10, le=9_900)] = 1_500
    trend_loss_bps: Annotated[int, Field(ge=0, le=9_900)] = 200
    """Sell when the fast average is this far below the slow one."""
    hold_s_max: Annotated[float, Field(ge=1, le=604_800)] = 900.0
    cooldown_s: Annotated[float, Field(ge=0, le=604_800)] = 60.0
    retry_s: Annotated[float, Field(ge=0, le=3_600)] = 3.0
    """Least time between two orders for one token."""
    size_bps: Annotated[int, Field(ge=1, le=BPS)] = 1_000
    """Of the capital, for one position."""
    size_lamports_min: Annotated[int, Field(ge=1, le=10**15)] = 10_000_000
    size_lamports_max: Annotated[int, Field(ge=1, le=10**15)] = 500_000_000
    pool_share_bps_max: Annotated[int, Field(ge=0, le=BPS)] = 200
    """Of the pool's quote reserve, which is about the price impact of the buy; 0 for feeds whose ratio is not reserves."""
    slippage_bps_max: Annotated[int, Field(ge=1, le=5_000)] = 500
    positions_max: Annotated[int, Field(ge=1, le=256)] = 4
    tracked_mints_max: Annotated[int, Field(ge=1, le=10_000)] = 512

    @model_validator(mode="after")
    def _ordered(self) -> "MomentumParameters":
        if not self.fast_s < self.slow_s:
            raise ValueError("fast_s must be below slow_s")
        if not self.size_lamports_min <= self.size_lamports_max:
            raise ValueError("size_lamports_min must not be above size_lamports_max")
        if not self.breakout_bps < self.chase_bps_max:
            raise ValueError("breakout_bps must be below chase_bps_max")
        return self


class Track(msgspec.Struct):
    """What is remembered of one token. Prices are lamports per base unit: statistics, never money."""

    first_ns: int
    time_ns: int
    price: float
    fast: float
    slow: float
    sampled_price: float
    sampled_ns: int
    bucket_ns: int
    high: float
    """Highest price of the running bucket of `slow_s`; with `high_before` the range that must be broken."""
    high_before: float = 0.0
    variance_per_s: float = 0.0
    buys: float = 0.0
    sells: float = 0.0
    ticks: int = 1
    entered_ns: int = 0
    peak: float = 0.0
    quiet_until_ns: int = 0
    ordered_ns: int = 0


@strategy(
    id="momentum",
    version="1.0.0",
    subscriptions={EventType.PRICE},
    parameters=MomentumParameters,
    risk_profile=RiskProfile(
        thesis="Breakouts that are large against a token's own noise and carried by net buying run on for seconds to minutes.",
        exposures=("long single memecoins, up to positions_max at once", "liquidity of bonding-curve pools", "latency of feed and landing"),
        failure_modes=(
            "wash trading fakes the flow",
            "a rug falls faster than the exit lands",
            "chop: breakouts that fail, each at a cost",
        ),
        holding_time_s=900,
        loss_per_trade_bps_max=3_000,
    ),
    signal=SIGNAL,
)
class Momentum(Strategy[MomentumParameters]):
    """See the module's docstring and momentum.md."""

    def init(self, params: MomentumParameters, view: View, meter: Meter) -> None:
        """Start without memory of any token."""
        super().init(params, view, meter)
        self._tracks: Recent[Track] = Recent(params.tracked_mints_max, self._is_open)

    def _is_open(self, mint: str) -> bool:
        return self.view.holding(mint) is not None or self.view.in_flight(mint)

    async def on_event(self, event: MarketEvent) -> Action:
        """Update the token's track, then manage the position or look for an entry."""
        if not isinstance(event, PriceTick):
            return None
        track = self._tracks.get(event.mint)
        if track is None:
            self._tracks.put(event.mint, _first(event))
            return None
        broke_out = self._update(track, event)
        if self.view.in_flight(event.mint):
            return None
        holding = self.view.holding(event.mint)
        if holding is None:
            return self._entry(track, event) if self._left(track) and broke_out else None
        return self._exit(track, event, holding)

    def _update(self, track: Track, event: PriceTick) -> bool:
        """Fold one tick into the track; return whether it is a new high of the recent range."""
        params = self.params
        price, elapsed_s = event.quote_lamports / event.base_units, (event.time_ns - track.time_ns) / NS_PER_S
        if elapsed_s > 0.0:
            kept = decay(elapsed_s, params.fast_s)
            track.fast = carried(track.fast, track.price, kept)
            track.slow = carried(track.slow, track.price, decay(elapsed_s, params.slow_s))
            track.buys *= kept
            track.sells *= kept
            track.time_ns = event.time_ns
            self._sample(track, price)
        broke_out = price > max(track.high, track.high_before)
        self._widen(track, price)
        track.price, track.ticks = price, track.ticks + 1
        if event.trade_side is Side.BUY:
            track.buys += event.trade_lamports
        elif event.trade_side is Side.SELL:
            track.sells += event.trade_lamports
        return broke_out

    def _sample(self, track: Track, price: float) -> None:
        """Fold a squared return per second into the variance, at most once a second: a burst in one block is one move."""
        elapsed_s = (track.time_ns - track.sampled_ns) / NS_PER_S
        if elapsed_s < 1.0:
            return
        move = log(price / track.sampled_price)
        track.variance_per_s = carried(track.variance_per_s, move * move / elapsed_s, decay(elapsed_s, self.params.slow_s))
        track.sampled_price, track.sampled_ns = price, track.time_ns

    def _widen(self, track: Track, price: float) -> None:
        """Keep the highest price of the last one to two `slow_s` in two buckets."""
        age_s = (track.time_ns - track.bucket_ns) / NS_PER_S
        if age_s >= self.params.slow_s:
            track.high_before = track.high if age_s < 2 * self.params.slow_s else 0.0
            track.high, track.bucket_ns = price, track.time_ns
        track.high = max(track.high, price)

    def _left(self, track: Track) -> bool:
        """Note a position that is gone; return whether the token may be entered."""
        if track.entered_ns:
            track.entered_ns, track.peak = 0, 0.0
            track.quiet_until_ns = track.time_ns + int(self.params.cooldown_s * NS_PER_S)
        return track.time_ns >= track.quiet_until_ns and self._rested(track)

    def _rested(self, track: Track) -> bool:
        return track.time_ns - track.ordered_ns >= self.params.retry_s * NS_PER_S

    def _entry(self, track: Track, event: PriceTick) -> Action:
        if not (self._is_warm(track) and self._is_trend(track) and self._is_bought(track)):
            return None
        size_lamports = self._size(event)
        if size_lamports < self.params.size_lamports_min:
            self.meter.count("entries_skipped", cause="size")
            return None
        track.ordered_ns = track.time_ns
        self.meter.count("entries")
        return Buy(event.mint, size_lamports, self.params.slippage_bps_max, event.quote_lamports, event.base_units, "breakout")

    def _is_warm(self, track: Track) -> bool:
        return track.ticks >= self.params.warmup_ticks and track.time_ns - track.first_ns >= self.params.warmup_s * NS_PER_S

    def _is_trend(self, track: Track) -> bool:
        """The rise clears the costs and the token's own noise, and is not yet a spike."""
        rise = log(track.price / track.slow)
        floor = max(log(1 + self.params.breakout_bps / BPS), self.params.breakout_sigmas * sqrt(track.variance_per_s * self.params.slow_s))
        return track.fast > track.slow and floor <= rise <= log(1 + self.params.chase_bps_max / BPS)

    def _is_bought(self, track: Track) -> bool:
        share_bps = track.buys * BPS / (track.buys + track.sells or 1.0)
        return track.buys >= self.params.flow_lamports_min and share_bps >= self.params.buy_share_bps_min

    def _size(self, event: PriceTick) -> int:
        """Return the size of a new position in lamports, 0 for none."""
        params, view = self.params, self.view
        if len(view.holdings()) >= params.positions_max:
            return 0
        room = event.quote_lamports * params.pool_share_bps_max // BPS if params.pool_share_bps_max else params.size_lamports_max
        return min(view.capital_lamports * params.size_bps // BPS, view.free_lamports, params.size_lamports_max, room)

    def _exit(self, track: Track, event: PriceTick, holding: Holding) -> Action:
        if not track.entered_ns:
            track.entered_ns, track.peak = track.time_ns, track.price
        track.peak = max(track.peak, track.price)
        cause = self._exit_cause(track)
        if not cause or not self._rested(track):
            return None
        track.ordered_ns = track.time_ns
        self.meter.count("exits", cause=cause)
        return Sell(event.mint, holding.units, self.params.slippage_bps_max, event.quote_lamports, event.base_units, cause)

    def _exit_cause(self, track: Track) -> str:
        if track.price <= track.peak * (1 - self.params.trailing_bps / BPS):
            return "trailing"
        if track.fast < track.slow * (1 - self.params.trend_loss_bps / BPS):
            return "trend_lost"
        if track.time_ns - track.entered_ns >= self.params.hold_s_max * NS_PER_S:
            return "time"
        return ""

    def snapshot(self) -> dict[str, Any]:
        """Return all tracks, oldest first."""
        return {"tracks": [[mint, *msgspec.structs.astuple(track)] for mint, track in self._tracks.items()]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take the tracks back."""
        for mint, *values in state["tracks"]:
            self._tracks.put(mint, Track(*values))


def _first(event: PriceTick) -> Track:
    price, now_ns = event.quote_lamports / event.base_units, event.time_ns
    return Track(now_ns, now_ns, price, price, price, price, now_ns, now_ns, price)
