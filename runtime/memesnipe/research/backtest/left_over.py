"""What is still held when a market ends. It is worth what a sale would bring after costs, and nothing where nobody trades the token.

A backtest that drops the tokens that died, or keeps them at their last price, is kind to every strategy that buys new ones.
"""

from collections.abc import Mapping

import msgspec

from memesnipe.guard.paper import Terms
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.ledger.accounting import Position
from memesnipe.market.curves import pool_of, sell_exact_in
from memesnipe.messages.market import PriceTick
from memesnipe.research.backtest.accounts import Accounts

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


def left_over(accounts: Accounts, pools: Mapping[str, PriceTick], end_ns: int, terms: Terms) -> tuple[LeftOver, ...]:
    """Return what the fills left in the wallet, with its value; `pools` are the last reserves known of each token."""
    held = [(position, sum(fill.token_delta_units for fill in accounts.fills[key])) for key, position in accounts.positions.items()]
    return tuple(_one(position, units, pools.get(position.mint), end_ns, terms) for position, units in held if units > 0)


def worth(tick: PriceTick | None, units: int, end_ns: int, terms: Terms) -> tuple[int, bool]:
    """Return (lamports that a sale at the end would bring, whether the token is dead). `tick`: its last reserves; None: none are known."""
    alive = tick is not None and tick.time_ns >= end_ns - DEAD_S * NS_PER_S
    return (_brings(tick, units, terms) if tick is not None and alive else 0), not alive


def _one(position: Position, units: int, tick: PriceTick | None, end_ns: int, terms: Terms) -> LeftOver:
    value, dead = worth(tick, units, end_ns, terms)
    return LeftOver(position.strategy, position.mint, units, position.cost_lamports, value, dead)


def _brings(tick: PriceTick, units: int, terms: Terms) -> int:
    return max(0, sell_exact_in(pool_of(tick), units).lamports_net - terms.fee_lamports - terms.tip_lamports)
