"""A live order beside the same order on paper: what the wallet got, what the paper model says of the same pool, and its band.

Amounts are what an order was worth at the price it was wanted at: lamports out of or into the wallet, without rent, and token units
at the intent's own price (Perold 1988, The implementation shortfall). So a buy and a sale, a worse price and a dearer tip are all told
in one number, and a gap is a difference of two of them.
"""

from enum import StrEnum

import msgspec

from memesnipe.messages.bounds import (
    SCHEMA,
    Bps,
    Count,
    DeltaLamports,
    Id,
    PositiveLamports,
    Pubkey,
    Schema,
    Side,
    Slot,
    StrategyId,
    TimeNs,
)

BPS = 10_000


class PairEnd(StrEnum):
    """How the live order ended."""

    FILLED = "filled"
    FAILED = "failed"
    """It landed and failed on chain: its fee was paid."""
    MISSED = "missed"
    """It was signed, or offered for signing, and never landed. Paper has no such end."""


class Pair(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="pair"):
    """One live order and its paper twin. Constructed by wallet_guard alone."""

    intent_id: Id
    strategy: StrategyId
    mint: Pubkey
    side: Side
    time_ns: TimeNs
    """When wallet_guard took the order."""
    slot: Slot
    """The newest slot it knew then."""
    end: PairEnd
    live_slots: Count
    """How many slots later the transaction landed; 0 where it did not."""
    paper_slots: Count
    """How many slots later paper would have had it, by the draw."""
    slots_max: Count
    """The latest that paper thinks possible in that market."""
    size_lamports: PositiveLamports
    """What the order was for, at the intent's price."""
    live_lamports: DeltaLamports
    paper_lamports: DeltaLamports | None
    """At the drawn slot; None where the price had run away by then and paper would have failed."""
    there_lamports: DeltaLamports | None
    """What the pool gives, by the model, at the very place in the chain where the live order landed; None where it never did. Whatever
    the slippage: live took its quote later than paper, so its price may be one at which paper gives up."""
    low_lamports: DeltaLamports | None
    """The band: the least and the most that paper thinks possible between no delay and the longest. None: it would always fail."""
    high_lamports: DeltaLamports | None
    failure_bps: Bps
    """The odds of failing that paper gave the order, by luck or by price."""
    schema: Schema = SCHEMA

    @property
    def gap_bps(self) -> int | None:
        """Return live less paper, over the size; None where one of the two has no fill. Below zero paper promised too much."""
        return self._less(self.paper_lamports)

    @property
    def there_bps(self) -> int | None:
        """Return live less the model at the same place in the chain: what is left of the gap when delay is taken out of it."""
        return self._less(self.there_lamports)

    @property
    def in_band(self) -> bool:
        """Return whether paper thinks possible what live did. A failure is possible wherever paper gives it odds: those are counted."""
        if self.end is not PairEnd.FILLED:
            return self.end is PairEnd.FAILED and self.failure_bps > 0
        low, high = self.low_lamports, self.high_lamports
        return low is not None and high is not None and low <= self.live_lamports <= high

    def _less(self, modelled: int | None) -> int | None:
        if self.end is not PairEnd.FILLED or modelled is None:
            return None
        return (self.live_lamports - modelled) * BPS // self.size_lamports
