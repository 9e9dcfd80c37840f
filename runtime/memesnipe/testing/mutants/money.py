"""Kinds that move SOL or tokens beside the swap."""

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.system_program import AdvanceNonceAccountParams, advance_nonce_account

from memesnipe.chain import programs
from memesnipe.chain.policy import token_accounts, transfers
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.signing import SwapTransaction
from memesnipe.testing import swaps
from memesnipe.testing.builders import SOL
from memesnipe.testing.mutants.honest import Honest
from memesnipe.testing.mutants.kind import Kind
from memesnipe.testing.swaps import SYSTEM, TOKEN, WSOL, ata

TIP_CAP_LAMPORTS = SOL // 100
"""What the corpus's leases allow for a tip."""
TIPS = [Pubkey.from_string(key) for key in (*programs.JITO_TIP_ACCOUNTS, *programs.HELIUS_TIP_ACCOUNTS)]


def of_system(honest: Honest, data: bytes, *others: Pubkey) -> SwapTransaction:
    """A System instruction on our wallet."""
    metas = [AccountMeta(honest.wallet, True, True), *(AccountMeta(each, False, True) for each in others)]
    return honest.with_extra(Instruction(SYSTEM, data, metas))


def of_token(honest: Honest, data: bytes, *others: Pubkey, account: Pubkey | None = None) -> SwapTransaction:
    """A Token instruction on our token account, or on our wrapped SOL."""
    ours = account or honest.rng.choice([ata(honest.wallet, WSOL), ata(honest.wallet, honest.mint)])
    metas = [AccountMeta(ours, False, True), *(AccountMeta(each, False, True) for each in others), AccountMeta(honest.wallet, True, False)]
    return honest.with_extra(Instruction(TOKEN, data, metas))


def amount(honest: Honest) -> bytes:
    """Some amount."""
    return honest.rng.randrange(1, 2**62).to_bytes(8, "little")


def nonce(honest: Honest) -> SwapTransaction:
    """A nonce in place of the blockhash: in front, where the chain looks for it. The System program ignores bytes behind its tag."""
    advance = advance_nonce_account(AdvanceNonceAccountParams(nonce_pubkey=honest.key(), authorized_pubkey=honest.wallet))
    spelled = Instruction(SYSTEM, advance.data + bytes(honest.rng.choice([0, 0, 8])), advance.accounts)
    return honest.request(honest.message([spelled, *honest.parts.instructions()]))


def tipped(honest: Honest, *tips: tuple[Pubkey, int], giver: Pubkey | None = None) -> SwapTransaction:
    """Other tips in place of the honest one."""
    pays = [_pay(giver or honest.wallet, taker, lamports, honest.wallet) for taker, lamports in tips]
    calls = [each for each in honest.parts.instructions() if each != honest.parts.tip]
    return honest.request(honest.message([*calls, *pays]))


def _pay(giver: Pubkey, taker: Pubkey, lamports: int, wallet: Pubkey) -> Instruction:
    """A stranger who gives does not sign here: a second signer is another kind."""
    return Instruction(
        SYSTEM, b"\x02\0\0\0" + lamports.to_bytes(8, "little"), [AccountMeta(giver, giver == wallet, True), AccountMeta(taker, False, True)]
    )


def wrapping(honest: Honest, lamports: int) -> SwapTransaction:
    """Another amount wrapped than swapped."""
    return honest.replaced(wrap=swaps.pay(honest.wallet, ata(honest.wallet, WSOL), lamports))


def wrapping_more(honest: Honest) -> SwapTransaction:
    """The same amount wrapped again, or for the first time where nothing should be."""
    return honest.with_extra(swaps.pay(honest.wallet, ata(honest.wallet, WSOL), honest.in_amount))


def close_to(honest: Honest, taker: Pubkey, owner: Pubkey) -> SwapTransaction:
    """The honest close with its lamports to somebody else, or by somebody else."""
    metas = [
        AccountMeta(ata(honest.wallet, WSOL), False, True),
        AccountMeta(taker, False, True),
        AccountMeta(owner, owner == honest.wallet, False),
    ]
    return honest.replaced(close=Instruction(TOKEN, b"\x09", metas))


S, T, R = transfers, token_accounts, ReasonCode
only_token = T.only_sync_and_close_of_our_wrapped_sol
KINDS = (
    Kind("durable nonce", "a signature that never expires, in whoever's hands", R.TX_DURABLE_NONCE, S.no_durable_nonce, nonce),
    Kind("System assign", "the wallet itself", R.TX_TRANSFER, S.only_transfers, lambda h: of_system(h, b"\x01\0\0\0" + bytes(h.key()))),
    Kind(
        "System create account",
        "lamports into an account of a stranger's program",
        R.TX_TRANSFER,
        S.only_transfers,
        lambda h: of_system(h, bytes(4) + amount(h) + bytes(8) + bytes(h.key()), h.key()),
    ),
    Kind(
        "System transfer with seed",
        "lamports by a spelling that a reader may not know",
        R.TX_TRANSFER,
        S.only_transfers,
        lambda h: of_system(h, b"\x0b\0\0\0" + amount(h) + bytes(40), h.key(), h.key()),
    ),
    Kind(
        "System transfer of another shape",
        "a transfer that is not read as one",
        R.TX_TRANSFER,
        S.only_transfers,
        lambda h: of_system(h, b"\x02\0\0\0" + amount(h), h.key(), h.key()),
    ),
    Kind(
        "transfer to a stranger",
        "the SOL",
        R.TX_TRANSFER,
        S.taker_is_known,
        lambda h: h.with_extra(swaps.pay(h.wallet, h.key(), h.rng.randrange(1, SOL))),
    ),
    Kind(
        "tip to a stranger",
        "the tip, and the transaction does not land",
        R.TX_TRANSFER,
        S.taker_is_known,
        lambda h: tipped(h, (h.key(), swaps.TIP)),
    ),
    Kind(
        "transfer from another giver",
        "a signature that is not ours to give",
        R.TX_TRANSFER,
        S.giver_is_our_wallet,
        lambda h: tipped(h, (h.rng.choice(TIPS), swaps.TIP), giver=h.key()),
    ),
    Kind(
        "two tips",
        "the cap twice over",
        R.TX_TIP,
        S.one_tip_only,
        lambda h: tipped(h, *((each, TIP_CAP_LAMPORTS) for each in h.rng.sample(TIPS, 2))),
    ),
    Kind(
        "inflated tip",
        "the wallet drains into tips",
        R.TX_TIP,
        S.tip_is_within_cap,
        lambda h: tipped(h, (h.rng.choice(TIPS), TIP_CAP_LAMPORTS + h.rng.randrange(1, SOL))),
    ),
    Kind("a sale wraps SOL", "SOL left where a later close takes it", R.TX_AMOUNT, S.only_a_buy_wraps, wrapping_more, lambda h: not h.buys),
    Kind("SOL wrapped twice", "as above", R.TX_AMOUNT, S.wrapped_once_only, wrapping_more, lambda h: h.buys),
    Kind(
        "more wrapped than swapped",
        "as above",
        R.TX_AMOUNT,
        S.wrapped_is_what_is_approved,
        lambda h: wrapping(h, h.in_amount + h.rng.randrange(1, SOL)),
        lambda h: h.buys,
    ),
    Kind(
        "less wrapped than swapped",
        "SOL that another order left is spent with it",
        R.TX_AMOUNT,
        S.wrapped_is_what_is_approved,
        lambda h: wrapping(h, h.rng.randrange(h.in_amount)),
        lambda h: h.buys,
    ),
    Kind("SPL transfer", "the tokens, or the wrapped SOL", R.TX_TRANSFER, only_token, lambda h: of_token(h, b"\x03" + amount(h), h.key())),
    Kind(
        "SPL transfer checked",
        "the same by its other spelling",
        R.TX_TRANSFER,
        only_token,
        lambda h: of_token(h, b"\x0c" + amount(h) + b"\x06", h.mint, h.key()),
    ),
    Kind("approve", "the tokens, later", R.TX_TRANSFER, only_token, lambda h: of_token(h, b"\x04" + amount(h), h.key())),
    Kind(
        "approve checked",
        "the same by its other spelling",
        R.TX_TRANSFER,
        only_token,
        lambda h: of_token(h, b"\x0d" + amount(h) + b"\x06", h.mint, h.key()),
    ),
    Kind(
        "set authority: owner",
        "the account with all in it",
        R.TX_TRANSFER,
        only_token,
        lambda h: of_token(h, b"\x06\x02\x01" + bytes(h.key())),
    ),
    Kind(
        "set authority: closer",
        "the lamports of the account",
        R.TX_TRANSFER,
        only_token,
        lambda h: of_token(h, b"\x06\x03\x01" + bytes(h.key())),
    ),
    Kind("burn", "the tokens, for nobody", R.TX_TRANSFER, only_token, lambda h: of_token(h, b"\x08" + amount(h), h.mint)),
    Kind(
        "close to a stranger",
        "all wrapped SOL that the swap left or made",
        R.TX_TRANSFER,
        only_token,
        lambda h: close_to(h, h.key(), h.wallet),
    ),
    Kind(
        "close by another owner",
        "a signature that is not ours to give",
        R.TX_TRANSFER,
        only_token,
        lambda h: close_to(h, h.wallet, h.key()),
    ),
    Kind(
        "close of the token's account",
        "a position that can no longer be seen",
        R.TX_TRANSFER,
        only_token,
        lambda h: of_token(h, b"\x09", h.wallet, account=ata(h.wallet, h.mint)),
    ),
    Kind(
        "sync of another account",
        "what a swap does not need",
        R.TX_TRANSFER,
        only_token,
        lambda h: h.with_extra(Instruction(TOKEN, b"\x11", [AccountMeta(h.key(), False, True)])),
    ),
)
