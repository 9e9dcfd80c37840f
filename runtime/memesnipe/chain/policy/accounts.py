"""Which accounts are ours, derived here and never taken from a quote; and the rule that they stand in the message itself."""

from collections.abc import Iterable
from functools import lru_cache

from solders.pubkey import Pubkey

from memesnipe.chain.decode import Decoded, Instruction
from memesnipe.chain.programs import ATA_PROGRAM, SYSTEM_PROGRAM, TOKEN_2022_PROGRAM, TOKEN_PROGRAM, WRAPPED_SOL_MINT
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode

SYSTEM = Pubkey.from_string(SYSTEM_PROGRAM)
TOKEN = Pubkey.from_string(TOKEN_PROGRAM)
TOKEN_2022 = Pubkey.from_string(TOKEN_2022_PROGRAM)
ATA = Pubkey.from_string(ATA_PROGRAM)
WSOL = Pubkey.from_string(WRAPPED_SOL_MINT)


@lru_cache(maxsize=4_096)
def token_account(wallet: Pubkey, mint: Pubkey, token_program: Pubkey) -> Pubkey:
    """Return the wallet's associated token account, derived."""
    return Pubkey.find_program_address([bytes(wallet), bytes(token_program), bytes(mint)], ATA)[0]


def wrapped_sol(wallet: Pubkey) -> Pubkey:
    """Return the wallet's own wrapped-SOL account."""
    return token_account(wallet, WSOL, TOKEN)


def program_of(account: Pubkey, mint: Pubkey, wallet: Pubkey) -> Pubkey | None:
    """Return the token program under which an account is the wallet's own of a mint, None if it is not."""
    if account == token_account(wallet, mint, TOKEN):
        return TOKEN
    if mint != WSOL and account == token_account(wallet, mint, TOKEN_2022):
        return TOKEN_2022
    return None


def accounts_are_static(instruction: Instruction, places: Iterable[int], message: Decoded) -> None:
    """Whose money moves where must be read from the signed bytes, not through a table that only the guard has seen on chain."""
    for place in places:
        if instruction.indexes[place] >= message.static_keys:
            raise Refused(ReasonCode.TX_LOOKUP_TABLE, f"account {instruction.accounts[place]} comes from a lookup table; it must be static")
