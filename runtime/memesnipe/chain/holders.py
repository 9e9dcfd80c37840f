"""A token's largest accounts -> what persons hold of it. Pure.

A token account says who owns it (SPL Token `Account`: mint 0..32, owner 32..64). An owner that is a point of the curve has a secret key: a
person, or somebody's bot. One that is none is a program's (a pool, a curve, a lock), and what it holds is sold by its rules.
"""

from collections.abc import Sequence

from solders.pubkey import Pubkey

from memesnipe.chain.accounts import data_of
from memesnipe.chain.clients.rpc_types import Account, LargestAccount
from memesnipe.chain.programs import TOKEN_2022_PROGRAM, TOKEN_PROGRAM

_OWNER = slice(32, 64)
_ACCOUNT_BYTES_MIN = 72


def held_by_persons(largest: Sequence[LargestAccount], accounts: Sequence[Account | None], not_counted: frozenset[str]) -> dict[str, int]:
    """Return the units of each person among the largest accounts, by wallet; ours (`not_counted`) are left out. Raises BadInput.

    `accounts`: the same accounts, in the same order. One that is gone or no token account is nobody's.
    """
    held: dict[str, int] = {}
    for one, account in zip(largest, accounts, strict=True):
        owner = _owner(account) if account is not None else None
        if owner is not None and owner.is_on_curve() and str(owner) not in not_counted:
            held[str(owner)] = held.get(str(owner), 0) + int(one.amount)
    return held


def _owner(account: Account) -> Pubkey | None:
    data = data_of(account)
    if account.owner not in (TOKEN_PROGRAM, TOKEN_2022_PROGRAM) or len(data) < _ACCOUNT_BYTES_MIN:
        return None
    return Pubkey(data[_OWNER])
