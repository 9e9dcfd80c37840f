"""Our own token accounts: opening those the order needs, syncing and closing our own wrapped SOL. Nothing else of the token programs.

Wire formats: Associated-Token `create` (no data or 0) and `createIdempotent` (1) with accounts payer, account, owner, mint, System,
token program; Token instructions 17 (SyncNative) and 9 (CloseAccount) with accounts account, taker, owner.
"""

import msgspec
from solders.pubkey import Pubkey

from memesnipe.chain.decode import Decoded, Instruction
from memesnipe.chain.policy.accounts import SYSTEM, accounts_are_static, token_account, wrapped_sol
from memesnipe.chain.policy.seen import Seen
from memesnipe.chain.policy.terms import Terms
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode

_CREATE = (b"", b"\x00", b"\x01")
_SYNC, _CLOSE = b"\x11", b"\x09"


class Opening(msgspec.Struct, frozen=True, gc=False):
    """The accounts of an Associated-Token create, in their order."""

    payer: Pubkey
    account: Pubkey
    owner: Pubkey
    mint: Pubkey
    system: Pubkey
    token_program: Pubkey


def associated_token(instruction: Instruction, message: Decoded, terms: Terms, seen: Seen) -> None:
    """Judge one Associated-Token instruction: `create` or `createIdempotent` of OUR account of one of the two mints, paid by us."""
    if instruction.data not in _CREATE or len(instruction.accounts) != 6:
        return only_creates(instruction)
    accounts_are_static(instruction, (0, 1, 2, 3), message)
    opening = Opening(*instruction.accounts)
    opened_by_our_wallet(opening, terms)
    opened_for_our_wallet(opening, terms)
    opened_for_a_mint_of_the_order(opening, terms)
    opened_by_the_system_program(opening)
    opened_at_the_derived_address(opening)
    seen.opened = (*seen.opened, (opening.mint, opening.token_program))
    return None


def token(instruction: Instruction, message: Decoded, terms: Terms, seen: Seen) -> None:
    """Judge one Token instruction: SyncNative or CloseAccount of our own wrapped-SOL account, its lamports to us."""
    accounts_are_static(instruction, range(len(instruction.accounts)), message)
    ours, call = wrapped_sol(terms.wallet), (instruction.data, instruction.accounts)
    if call not in ((_SYNC, (ours,)), (_CLOSE, (ours, terms.wallet, terms.wallet))):
        only_sync_and_close_of_our_wrapped_sol(instruction)


def only_creates(instruction: Instruction) -> None:
    """`recoverNested` moves tokens."""
    raise Refused(ReasonCode.TX_PROGRAM, f"associated-token instruction {instruction.data.hex()} is not a create")


def opened_by_our_wallet(opening: Opening, terms: Terms) -> None:
    """Another payer is another signer."""
    if opening.payer != terms.wallet:
        raise Refused(ReasonCode.TX_ACCOUNTS, f"a token account would be opened, paid by {opening.payer}")


def opened_for_our_wallet(opening: Opening, terms: Terms) -> None:
    """A stranger's account would cost us its rent, and could take the output."""
    if opening.owner != terms.wallet:
        raise Refused(ReasonCode.TX_ACCOUNTS, f"a token account of {opening.owner} would be opened")


def opened_for_a_mint_of_the_order(opening: Opening, terms: Terms) -> None:
    """Rent for an account that this order does not need."""
    if opening.mint not in (terms.source, terms.destination):
        raise Refused(ReasonCode.TX_ACCOUNTS, f"a token account of mint {opening.mint} is not part of this order")


def opened_by_the_system_program(opening: Opening) -> None:
    """A look-alike in its place would be called with our signature."""
    if opening.system != SYSTEM:
        raise Refused(ReasonCode.TX_ACCOUNTS, f"a token account would be opened by {opening.system}, not by the System program")


def opened_at_the_derived_address(opening: Opening) -> None:
    """The program derives it too; a message that names another one is not what it says."""
    if opening.account != token_account(opening.owner, opening.mint, opening.token_program):
        raise Refused(ReasonCode.TX_ACCOUNTS, f"{opening.account} is not the associated account of mint {opening.mint}")


def opened_as_the_swap_uses_them(seen: Seen, terms: Terms) -> None:
    """A Token-2022 account of a classic mint, or one of a look-alike token program: paid for, and not the one that is swapped into."""
    for mint, token_program in seen.opened:
        used = seen.source_program if mint == terms.source else seen.destination_program if mint == terms.destination else None
        if used not in (None, token_program):
            raise Refused(ReasonCode.TX_ACCOUNTS, f"an account of mint {mint} under {token_program}, which the swap does not use")


def only_sync_and_close_of_our_wrapped_sol(instruction: Instruction) -> None:
    """Transfer, Approve, SetAuthority, Burn, a close to a stranger: each gives tokens away."""
    raise Refused(ReasonCode.TX_TRANSFER, f"token instruction {instruction.data[:1].hex()} is not sync or close of our wrapped SOL")
