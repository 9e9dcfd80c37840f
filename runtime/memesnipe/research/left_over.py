"""What is still held when a market ends. It is worth what a sale would bring after costs, and nothing where nobody trades the token.

A backtest that drops the tokens that died, or keeps them at their last price, is kind to every strategy that buys new ones.
"""

from collections.abc import Iterable, Mapping

import msgspec

from memesnipe.guard.paper import Terms
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.market.curves import pool_of, sell_exact_in
from memesnipe.messages.market import PriceTick
from memesnipe.positions.book import Open

DEAD_S = 600
"""A token without a trade for so long before the end is dead."""


class LeftOver(msgspec.Struct, frozen=True):
    """A position that was open at the end."""

    strategy: str
    mint: str
    units: int
    cost_lamports: int
    value_lamports: int
    dead: bool


def left_over(held: Iterable[Open], pools: Mapping[str, PriceTick], end_ns: int, terms: Terms) -> tuple[LeftOver, ...]:
    """Return the open positions with their value; `pools` are the last reserves known of each token."""
    return tuple(_one(one, pools.get(one.position.mint), end_ns - DEAD_S * NS_PER_S, terms) for one in held)


def _one(one: Open, tick: PriceTick | None, alive_from_ns: int, terms: Terms) -> LeftOver:
    position, alive = one.position, tick is not None and tick.time_ns >= alive_from_ns
    value = _brings(tick, position.units, terms) if tick is not None and alive else 0
    return LeftOver(position.strategy, position.mint, position.units, position.cost_lamports, value, not alive)


def _brings(tick: PriceTick, units: int, terms: Terms) -> int:
    return max(0, sell_exact_in(pool_of(tick), units).lamports_net - terms.fee_lamports - terms.tip_lamports)
