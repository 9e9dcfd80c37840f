"""A strategy that is killed anywhere and restored acts as if it had never stopped."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe.messages.bounds import Side
from memesnipe.messages.market import MarketEvent
from memesnipe.strategy.contract import Strategy
from memesnipe.testing.builders import START_NS, a_launch, a_tick
from memesnipe.testing.strategies import Rehearsal
from memesnipe_strategies.launch_sniper import LaunchSniper
from memesnipe_strategies.momentum import Momentum

MINTS = ["A" * 40, "B" * 40, "C" * 40]
EAGER: dict[type[Strategy[Any]], dict[str, Any]] = {
    Momentum: {
        "warmup_s": 0, "warmup_ticks": 2, "fast_s": 1, "slow_s": 4, "breakout_bps": 50, "breakout_sigmas": 0, "flow_lamports_min": 0,
        "trailing_bps": 300, "cooldown_s": 1, "retry_s": 0, "tracked_mints_max": 2,
    },
    LaunchSniper: {
        "confirm_trades_min": 1, "confirm_net_lamports_min": 0, "take_profit_bps": 500, "stop_loss_bps": 300, "hold_s_max": 5, "retry_s": 0,
        "tracked_mints_max": 2,
    },
}  # fmt: skip

sides = st.sampled_from([Side.BUY, Side.BUY, Side.SELL, None])
step = st.tuples(st.integers(0, 2), st.integers(-(10**9), 3 * 10**9), st.integers(95, 108), sides, st.booleans())
steps = st.lists(step, min_size=20, max_size=80)


def market(drawn: list[tuple[int, int, int, Side | None, bool]]) -> list[MarketEvent]:
    """Return launches and a random walk of trades, time mostly forward."""
    events: list[MarketEvent] = [a_launch(mint=mint) for mint in MINTS]
    now_ns, quotes = START_NS, dict.fromkeys(MINTS, 30 * 10**9)
    for number, (which, elapsed_ns, percent, side, launches) in enumerate(drawn):
        now_ns, mint = now_ns + elapsed_ns, MINTS[which]
        quotes[mint] = max(10**9, quotes[mint] * percent // 100)
        tick = a_tick(
            time_ns=now_ns, slot=1_002 + number, mint=mint, quote_lamports=quotes[mint], base_units=1_073 * 10**12, trade_side=side,
            trade_lamports=10**9,
        )  # fmt: skip
        events += [a_launch(mint=mint, time_ns=now_ns, slot=1_001 + number), tick] if launches else [tick]
    return events


@pytest.mark.parametrize("kind", EAGER)
@settings(max_examples=60, deadline=None)
@given(drawn=steps, cut=st.floats(0, 1))
def test_after_a_restart_it_acts_as_if_it_had_never_stopped(
    kind: type[Strategy[Any]], drawn: list[tuple[int, int, int, Side | None, bool]], cut: float
) -> None:
    events = market(drawn)
    at = int(cut * len(events))
    steady = Rehearsal(kind, **EAGER[kind])
    steady.play(*events[:at])
    restarted = steady.restarted()

    assert restarted.play(*events[at:]) == steady.play(*events[at:])
    assert restarted.memory() == steady.memory()
