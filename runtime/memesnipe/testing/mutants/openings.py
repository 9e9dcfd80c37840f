"""Kinds that open token accounts which are not the order's."""

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from memesnipe.chain.policy import token_accounts
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.signing import SwapTransaction
from memesnipe.testing import swaps
from memesnipe.testing.mutants.honest import Honest
from memesnipe.testing.mutants.kind import Kind
from memesnipe.testing.swaps import TOKEN, TOKEN_2022, ata


def opening(
    honest: Honest,
    *,
    payer: Pubkey | None = None,
    owner: Pubkey | None = None,
    mint: Pubkey | None = None,
    system: Pubkey = swaps.SYSTEM,
    program: Pubkey | None = None,
    account: Pubkey | None = None,
) -> SwapTransaction:
    """One more account opened, honest but for what is given."""
    payer, owner, mint, program = payer or honest.wallet, owner or honest.wallet, mint or honest.mint, program or honest.shape.token_program
    keys = (account or ata(owner, mint, program), owner, mint, system, program)
    metas = [AccountMeta(payer, payer == honest.wallet, True), *(AccountMeta(key, False, place == 0) for place, key in enumerate(keys))]
    return honest.with_extra(Instruction(swaps.ATA, honest.rng.choice([b"", b"\x00", b"\x01"]), metas))


def recover_nested(honest: Honest) -> SwapTransaction:
    """`recoverNested`: tokens of an account that our account owns, moved to another one. Whole, or as many accounts as a create has."""
    metas = [AccountMeta(honest.key(), False, True) for _ in range(honest.rng.choice([4, 5]))]
    return honest.with_extra(
        Instruction(swaps.ATA, b"\x02", [*metas, AccountMeta(honest.wallet, True, True), AccountMeta(TOKEN, False, False)])
    )


def other_program(honest: Honest) -> Pubkey:
    """The token program that the order's mint is not of, as far as its own swap says."""
    return TOKEN if honest.shape.token_program == TOKEN_2022 else TOKEN_2022


def longer_create(honest: Honest) -> SwapTransaction:
    """A create with an account more than it takes."""
    create = swaps.create_account(honest.wallet, honest.wallet, honest.mint, honest.shape.token_program)
    return honest.with_extra(Instruction(swaps.ATA, create.data, [*create.accounts, AccountMeta(honest.key(), False, True)]))


T, R = token_accounts, ReasonCode
KINDS = (
    Kind("associated-token recoverNested", "tokens moved by a call that is not a create", R.TX_PROGRAM, T.only_creates, recover_nested),
    Kind(
        "create with more accounts",
        "what a later version of the program does with them",
        R.TX_PROGRAM,
        T.only_creates,
        longer_create,
    ),
    Kind(
        "account opened for a stranger",
        "our rent, and a place for the output",
        R.TX_ACCOUNTS,
        T.opened_for_our_wallet,
        lambda h: opening(h, owner=h.key()),
    ),
    Kind(
        "account paid by another",
        "a signature that is not ours to give",
        R.TX_ACCOUNTS,
        T.opened_by_our_wallet,
        lambda h: opening(h, payer=h.key()),
    ),
    Kind(
        "account of another mint",
        "rent, order after order",
        R.TX_ACCOUNTS,
        T.opened_for_a_mint_of_the_order,
        lambda h: opening(h, mint=h.key()),
    ),
    Kind(
        "look-alike System program",
        "a stranger's program is called with our signature",
        R.TX_ACCOUNTS,
        T.opened_by_the_system_program,
        lambda h: opening(h, system=h.key()),
    ),
    Kind(
        "account not derived",
        "an account that only looks like ours",
        R.TX_ACCOUNTS,
        T.opened_at_the_derived_address,
        lambda h: opening(h, account=h.key()),
    ),
    Kind(
        "account under the other token program",
        "rent for a Token-2022 account of a classic mint, or the reverse",
        R.TX_ACCOUNTS,
        T.opened_as_the_swap_uses_them,
        lambda h: opening(h, program=other_program(h)),
    ),
    Kind(
        "account under a look-alike token program",
        "a stranger's program is called with our signature",
        R.TX_ACCOUNTS,
        T.opened_as_the_swap_uses_them,
        lambda h: opening(h, program=h.key()),
    ),
)
