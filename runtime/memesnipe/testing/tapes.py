"""Made-up markets on tape: curves moved by a seeded crowd, by the curve's own arithmetic, so that every price could have been."""

import random
from collections.abc import Iterator
from typing import Any

import msgspec

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.market.curves import Pool, buy_exact_in, pool_of, sell_exact_in
from memesnipe.messages.bounds import Side
from memesnipe.messages.market import MarketEvent, PriceTick
from memesnipe.testing.builders import MINT, OTHER_MINT, SOL, START_NS, a_launch, a_tick

MINTS = (MINT, OTHER_MINT, "So11111111111111111111111111111111111111112")
PHASES = ((60, 0.65, 0.4), (50, 0.95, 1.5), (70, 0.2, 1.2))
"""The market's moods as (trades, share of buys, most SOL a trade): quiet, bought, left."""
SILENCE_EVERY, SILENCE_S = 47, 75


def a_tape(seed: int, phases: tuple[tuple[int, float, float], ...] = PHASES) -> Iterator[MarketEvent]:
    """Yield a market of three curves: each token's launch, then trades; several in a second, and now and then a long silence."""
    draw = random.Random(seed)  # noqa: S311 - a market, not a secret
    pools: dict[str, Pool] = {}
    second = number = 0
    for trades, buys, sol_max in phases:
        for _ in range(trades):
            number += 1
            second += SILENCE_S if number % SILENCE_EVERY == 0 else draw.choice((0, 1, 1, 2))
            mint, when = draw.choice(MINTS), {"time_ns": START_NS + second * NS_PER_S, "slot": 1_000 + 2 * second}
            if mint not in pools:
                launch = a_launch(event_id=f"launch-{mint}", mint=mint, **when)
                pools[mint] = pool_of(launch)
                yield launch
            side = Side.BUY if draw.random() < buys else Side.SELL
            pools[mint], tick = a_trade(
                pools[mint], side, int(draw.uniform(0.1, sol_max) * SOL), event_id=f"trade-{number}", mint=mint, **when
            )
            yield tick


def over_midnight(seed: int) -> list[MarketEvent]:
    """Return that market at a time in whose middle a Monday begins."""
    events, day_ns = list(a_tape(seed)), 86_400 * NS_PER_S
    monday_ns = (START_NS // day_ns // 7 * 7 + 4) * day_ns
    later_ns = monday_ns - events[len(events) // 2].time_ns
    return [msgspec.structs.replace(event, time_ns=event.time_ns + later_ns) for event in events]


def a_trade(pool: Pool, side: Side, lamports: int, **named: Any) -> tuple[Pool, PriceTick]:
    """Move a curve by a trade of about this size; return it with the tick that tells of it."""
    units = lamports * pool.base_units // pool.quote_lamports
    after = buy_exact_in(pool, lamports).after if side is Side.BUY else sell_exact_in(pool, units).after
    moved = {"trade_lamports": abs(after.quote_lamports - pool.quote_lamports), "trade_units": abs(after.base_units - pool.base_units)}
    state = {"quote_lamports": after.quote_lamports, "base_units": after.base_units, "fee_bps": 125, "trade_side": side}
    return after, a_tick(**state, **moved, **named)
