"""Momentum's entries and its lost trend as a function of arrays, for the compiled lane. What trades is `Momentum.on_event`."""

from math import ceil, log, sqrt
from typing import TYPE_CHECKING

from memesnipe.strategy.indicators import carried, decay
from memesnipe.strategy.signals import ENTER, LEAVE, Marks, Orders, Signal, Times, Values

if TYPE_CHECKING:
    from memesnipe_strategies.momentum import MomentumParameters

NS_PER_S = 1_000_000_000
BPS = 10_000


def breakouts(times_ns: Times, prices: Values, flows: Values, numbers: Values, marks: Marks) -> None:
    """Mark breakouts and lost trends of one token, as `Momentum._update` and its tests of a trend do tick by tick."""
    fast_s, slow_s, warmup_ns, warmup_ticks, breakout, sigmas, chase, flow_min, share_min, lost = numbers
    first_ns = time_ns = sampled_ns = bucket_ns = times_ns[0]
    price = fast = slow = sampled = high = prices[0]
    high_before, variance, buys, sells = 0.0, 0.0, 0.0, 0.0
    for at in range(1, len(prices)):
        now, elapsed_s = prices[at], (times_ns[at] - time_ns) / NS_PER_S
        if elapsed_s > 0.0:
            kept = decay(elapsed_s, fast_s)
            fast, slow = carried(fast, price, kept), carried(slow, price, decay(elapsed_s, slow_s))
            buys, sells, time_ns = buys * kept, sells * kept, times_ns[at]
            since_s = (time_ns - sampled_ns) / NS_PER_S
            if since_s >= 1.0:
                move = log(now / sampled)
                variance = carried(variance, move * move / since_s, decay(since_s, slow_s))
                sampled, sampled_ns = now, time_ns
        broke_out, age_s = now > max(high, high_before), (time_ns - bucket_ns) / NS_PER_S
        if age_s >= slow_s:
            high_before = high if age_s < 2 * slow_s else 0.0
            high, bucket_ns = now, time_ns
        high, price = max(high, now), now
        buys, sells = buys + max(flows[at], 0.0), sells - min(flows[at], 0.0)
        if fast < slow * lost:
            marks[at] = LEAVE
        elif broke_out and at + 1 >= warmup_ticks and time_ns - first_ns >= warmup_ns and fast > slow:
            rise, share_bps = log(now / slow), buys * BPS / (buys + sells or 1.0)
            if max(breakout, sigmas * sqrt(variance * slow_s)) <= rise <= chase and buys >= flow_min and share_bps >= share_min:
                marks[at] = ENTER


def numbers_of(params: "MomentumParameters") -> tuple[float, ...]:
    """Return what `breakouts` needs of the parameters, in its order."""
    return (
        float(params.fast_s), float(params.slow_s), float(ceil(params.warmup_s * NS_PER_S)), float(params.warmup_ticks),
        log(1 + params.breakout_bps / BPS), float(params.breakout_sigmas), log(1 + params.chase_bps_max / BPS),
        float(params.flow_lamports_min), float(params.buy_share_bps_min), 1 - params.trend_loss_bps / BPS,
    )  # fmt: skip


def orders_of(params: "MomentumParameters") -> Orders:
    """Return what stands between the signal and an order."""
    return Orders(
        slippage_bps_max=params.slippage_bps_max,
        size_bps=params.size_bps,
        size_lamports_min=params.size_lamports_min,
        size_lamports_max=params.size_lamports_max,
        pool_share_bps_max=params.pool_share_bps_max,
        positions_max=params.positions_max,
        trailing_bps=params.trailing_bps,
        hold_ns_max=ceil(params.hold_s_max * NS_PER_S),
        cooldown_ns=int(params.cooldown_s * NS_PER_S),
        retry_ns=ceil(params.retry_s * NS_PER_S),
        tokens_max=params.tracked_mints_max,
    )


SIGNAL = Signal(breakouts, numbers_of, orders_of)
