"""What the instructions read so far have done, and the summary of a transaction that was accepted."""

import msgspec
from solders.pubkey import Pubkey

from memesnipe.chain.decode_jupiter import NO_SWAP, Swap
from memesnipe.chain.programs import SIGNATURE_FEE_LAMPORTS

TOKEN_ACCOUNT_RENT_LAMPORTS = 2_039_280
"""Rent of a plain token account (165 bytes); a Token-2022 one with extensions costs a little more."""


class Seen(msgspec.Struct, gc=False):
    """Filled in while the instructions are read. None: it was not there."""

    swap: Swap = NO_SWAP
    units: int | None = None
    price_micro_lamports: int | None = None
    tip_lamports: int | None = None
    wrapped_lamports: int | None = None
    opened: tuple[tuple[Pubkey, Pubkey], ...] = ()
    """(mint, token program) of each account that would be opened."""
    source_program: Pubkey | None = None
    destination_program: Pubkey | None = None
    """Token programs of the two accounts the swap uses, None for one that is not ours."""


class Summary(msgspec.Struct, frozen=True, gc=False):
    """What an accepted transaction will do. Lamports; out-amounts in the destination's base units."""

    swap: Swap
    blockhash: bytes
    compute_units: int
    priority_fee_lamports: int
    tip_lamports: int
    wrapped_lamports: int
    accounts_created: int

    @property
    def cost_lamports(self) -> int:
        """The most it can cost beside the swapped amount: signature, priority fee, tip and rent of the accounts it may open."""
        rent = self.accounts_created * TOKEN_ACCOUNT_RENT_LAMPORTS
        return SIGNATURE_FEE_LAMPORTS + self.priority_fee_lamports + self.tip_lamports + rent
