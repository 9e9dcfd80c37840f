"""What a landed transaction did to OUR wallet, to the lamport, from its `meta`: wallet_guard makes fills of it. Pure.

    sol_delta = change of the wallet's lamports + change of its wrapped SOL
    rent      = lamports that went into (or came back from) our token accounts beside what they hold
    tip       = what the known tip accounts got

"Confirmed" is not success: `meta.err` decides, and the deltas say what really moved.
"""

from collections.abc import Sequence

import msgspec
from solders.pubkey import Pubkey

from memesnipe.chain.clients.rpc_types import Landed, TokenBalance
from memesnipe.chain.decode import read_transaction
from memesnipe.chain.policy import token_account
from memesnipe.chain.programs import HELIUS_TIP_ACCOUNTS, JITO_TIP_ACCOUNTS, TOKEN_2022_PROGRAM, TOKEN_PROGRAM, WRAPPED_SOL_MINT
from memesnipe.kernel.errors import BadInput
from memesnipe.messages.bounds import AMOUNT_MAX

_TIP_ACCOUNTS = frozenset((*JITO_TIP_ACCOUNTS, *HELIUS_TIP_ACCOUNTS))
_PROGRAMS = (Pubkey.from_string(TOKEN_PROGRAM), Pubkey.from_string(TOKEN_2022_PROGRAM))


class Deltas(msgspec.Struct, frozen=True):
    """Lamports and token base units; signs as seen from the wallet, except that costs are positive."""

    failed: bool
    sol_lamports: int
    token_units: int
    fee_lamports: int
    tip_lamports: int
    rent_lamports: int
    decimals: int | None
    error: str


def deltas(landed: Landed, raw: bytes, wallet: str, mint: str) -> Deltas:
    """Return what `landed` (whose bytes are `raw`) did to `wallet`. Raises BadInput when the answer does not fit itself."""
    meta = landed.meta
    loaded = meta.loaded_addresses
    looked_up = (*loaded.writable, *loaded.readonly) if loaded else ()
    keys = [str(key) for key in read_transaction(raw, looked_up).keys]
    if not (len(keys) == len(meta.pre_balances) == len(meta.post_balances)):
        raise BadInput("rpc.getTransaction.meta", f"{len(meta.pre_balances)} balances for {len(keys)} accounts")
    change = {key: after - before for key, before, after in zip(keys, meta.pre_balances, meta.post_balances, strict=True)}
    wrapped = _tokens(meta.post_token_balances, wallet, WRAPPED_SOL_MINT) - _tokens(meta.pre_token_balances, wallet, WRAPPED_SOL_MINT)
    return Deltas(
        failed=meta.err is not None,
        sol_lamports=change.get(wallet, 0) + wrapped,
        token_units=_credible(_tokens(meta.post_token_balances, wallet, mint) - _tokens(meta.pre_token_balances, wallet, mint)),
        fee_lamports=meta.fee,
        tip_lamports=sum(change.get(key, 0) for key in _TIP_ACCOUNTS),
        rent_lamports=sum(change.get(key, 0) for key in _accounts(wallet, mint)) - wrapped,
        decimals=_decimals((*(meta.post_token_balances or ()), *(meta.pre_token_balances or ())), mint),
        error="" if meta.err is None else str(meta.err)[:64],
    )


def _accounts(wallet: str, mint: str) -> set[str]:
    """Return the token accounts of ours that an order may open or close."""
    owner = Pubkey.from_string(wallet)
    pairs = [(mint, program) for program in _PROGRAMS] + [(WRAPPED_SOL_MINT, _PROGRAMS[0])]
    return {str(token_account(owner, Pubkey.from_string(each), program)) for each, program in pairs}


def _tokens(balances: Sequence[TokenBalance] | None, wallet: str, mint: str) -> int:
    return sum(int(each.ui_token_amount.amount) for each in balances or () if (each.owner, each.mint) == (wallet, mint))


def _credible(units: int) -> int:
    """A larger change would make a fill that nobody can read, and a fill must never be lost."""
    if not (abs(units) <= AMOUNT_MAX):
        raise BadInput("rpc.getTransaction.meta", f"a change of {units} token units")
    return units


def _decimals(balances: Sequence[TokenBalance], mint: str) -> int | None:
    return next((each.ui_token_amount.decimals for each in balances if each.mint == mint), None)
