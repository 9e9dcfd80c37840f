"""The reader against Token-2022 itself: mints made by the real program (in LiteSVM) are read as what they were made to be."""

from struct import pack

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, create_account
from solders.transaction import VersionedTransaction

from memesnipe.chain.token_rules import EXTENSIONS, MintFacts, TokenRules, check_token, mint_facts
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode as R
from memesnipe.testing.mints import SOMEBODY, TOKEN_2022

SIZES = {name: sizes[0] for name, sizes in EXTENSIONS.values() if sizes}
KEY, NOBODY = bytes(SOMEBODY), bytes(32)
PROGRAM = Pubkey.from_string(TOKEN_2022)
CASES = {
    "transferFeeConfig": (pack("<BBB32sB32sHQ", 26, 0, 1, KEY, 1, KEY, 250, 10**9), R.TOKEN_FEE),
    "mintCloseAuthority": (pack("<BB32s", 25, 1, KEY), R.TOKEN_EXTENSION),
    "confidentialTransferMint": (pack("<BB32sB32s", 27, 0, KEY, 1, NOBODY), R.TOKEN_EXTENSION),
    "defaultAccountState": (pack("<BBB", 28, 0, 2), R.TOKEN_AUTHORITY),
    "nonTransferable": (pack("<B", 32), R.TOKEN_EXTENSION),
    "interestBearingConfig": (pack("<BB32sh", 33, 0, KEY, 500), R.TOKEN_EXTENSION),
    "permanentDelegate": (pack("<B32s", 35, KEY), R.TOKEN_EXTENSION),
    "transferHook": (pack("<BB32s32s", 36, 0, KEY, KEY), R.TOKEN_EXTENSION),
    "metadataPointer": (pack("<BB32s32s", 39, 0, NOBODY, KEY), None),
    "groupPointer": (pack("<BB32s32s", 40, 0, NOBODY, KEY), None),
    "groupMemberPointer": (pack("<BB32s32s", 41, 0, NOBODY, KEY), None),
    "scaledUiAmountConfig": (pack("<BB32sd", 43, 0, KEY, 2.0), R.TOKEN_EXTENSION),
    "pausableConfig": (pack("<BB32s", 44, 0, KEY), R.TOKEN_EXTENSION),
}
"""What initialises each extension (the program's instruction), and why such a token is refused."""


def made(extension: str, initialize: bytes) -> tuple[str, bytes]:
    """Return owner and data of a mint with this extension, made by the program."""
    svm, payer, mint = LiteSVM(), Keypair(), Keypair()
    svm.airdrop(payer.pubkey(), 10**10)
    frozen = extension == "defaultAccountState"  # the program wants a freeze authority for it
    finish = pack("<BB32sB", 20, 6, KEY, frozen) + (KEY if frozen else b"")
    size = 166 + 4 + SIZES[extension]
    create = CreateAccountParams(from_pubkey=payer.pubkey(), to_pubkey=mint.pubkey(), lamports=10**8, space=size, owner=PROGRAM)
    steps = [create_account(create)] + [
        Instruction(PROGRAM, data, [AccountMeta(mint.pubkey(), False, True)]) for data in (initialize, finish)
    ]
    message = Message.new_with_blockhash(steps, payer.pubkey(), svm.latest_blockhash())
    svm.send_transaction(VersionedTransaction(message, [payer, mint]))
    account = svm.get_account(mint.pubkey())
    assert account is not None
    return str(account.owner), bytes(account.data)


def judged(facts: MintFacts, rules: TokenRules) -> R | None:
    """Return why it is refused once somebody has minted some of it."""
    try:
        check_token(MintFacts(facts.program, 1, facts.decimals, None, facts.freeze_authority, facts.extensions), rules)
    except Refused as refused:
        return refused.code
    return None


@pytest.mark.parametrize("extension", CASES)
def test_a_mint_made_by_the_program_is_read_and_judged(extension: str) -> None:
    initialize, reason = CASES[extension]

    facts = mint_facts(*made(extension, initialize))

    assert (facts.decimals, facts.mint_authority, list(facts.extensions)) == (6, str(SOMEBODY), [extension])
    assert judged(facts, TokenRules()) is reason


def test_a_fee_set_by_the_program_is_read_as_both_fees() -> None:
    fee = mint_facts(*made("transferFeeConfig", CASES["transferFeeConfig"][0])).transfer_fee

    assert fee is not None
    assert (fee.older_bps, fee.newer_bps) == (250, 250)


def test_accounts_frozen_from_the_start_are_refused_even_where_a_freeze_authority_is_allowed() -> None:
    facts = mint_facts(*made("defaultAccountState", CASES["defaultAccountState"][0]))

    assert judged(facts, TokenRules(freeze_authority_allowed=True)) is R.TOKEN_EXTENSION
