"""Harder than the market was: costs multiplied, and more slots on the way to a block. What survives only at 1x and 0 is no edge."""

from typing import Annotated

import msgspec
from msgspec import Meta

from memesnipe.guard.paper import Terms
from memesnipe.market.curves import BPS, pool_of
from memesnipe.messages.market import PriceTick


class Stress(msgspec.Struct, frozen=True):
    """`costs` multiplies network fee, tip, rent and the pool's fee; `slots_more` is added to each order's drawn delay."""

    costs: Annotated[int, Meta(ge=1, le=100)] = 1
    slots_more: Annotated[int, Meta(ge=0, le=10_000)] = 0

    def terms(self, terms: Terms) -> Terms:
        """Return what paper charges under this stress. Draws stay as they are: a stressed run is paired with the plain one."""
        return msgspec.structs.replace(
            terms,
            fee_lamports=terms.fee_lamports * self.costs,
            tip_lamports=terms.tip_lamports * self.costs,
            rent_lamports=terms.rent_lamports * self.costs,
            slots_more=self.slots_more,
        )

    def tick(self, tick: PriceTick) -> PriceTick:
        """Return the price with the pool's fee multiplied, as wallet_guard alone sees it."""
        if self.costs == 1:
            return tick
        pool = pool_of(tick)
        return msgspec.structs.replace(tick, fee_bps=min((pool.fee_bps + pool.creator_fee_bps) * self.costs, BPS))
