"""What one transaction did to a wallet, from the balances in its meta and nothing else."""

from collections.abc import Iterable
from typing import Any

import msgspec

from memesnipe.chain.programs import HELIUS_TIP_ACCOUNTS, JITO_TIP_ACCOUNTS, WRAPPED_SOL_MINT
from memesnipe.kernel.errors import BadInput

Json = Any
TIP_ACCOUNTS = frozenset((*HELIUS_TIP_ACCOUNTS, *JITO_TIP_ACCOUNTS))


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """One transaction's effect on the wallet (lamports, token units)."""

    signature: str
    slot: int
    failed: bool
    sol_delta: int
    """Change of native SOL and of wrapped SOL together."""
    fee: int
    tip: int
    rent: int
    """Lamports put into (positive) or taken out of (negative) the wallet's token accounts, wrapped SOL itself apart."""
    tokens: dict[str, int]
    """Change by mint, without wrapped SOL; mints that did not change are left out."""


def movement_of(signature: str, told: Json, wallet: str) -> Movement:
    """Return what a getTransaction answer (encoding json) says of a wallet. Raises BadInput where a part is missing."""
    try:
        return _movement(signature, told, wallet)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise BadInput("transaction", f"{signature}: {type(error).__name__} {error}") from None


def _movement(signature: str, told: Json, wallet: str) -> Movement:
    meta, message = told["meta"], told["transaction"]["message"]
    loaded = meta.get("loadedAddresses") or {}
    keys = [*message["accountKeys"], *loaded.get("writable", []), *loaded.get("readonly", [])]
    change = {key: int(after) - int(before) for key, before, after in zip(keys, meta["preBalances"], meta["postBalances"], strict=True)}
    before, after = _holdings(meta["preTokenBalances"], wallet), _holdings(meta["postTokenBalances"], wallet)
    wrapped = _total(after, WRAPPED_SOL_MINT) - _total(before, WRAPPED_SOL_MINT)
    accounts = {keys[at] for at, _, _ in (*before, *after)}
    mints = {mint for _, mint, _ in (*before, *after)} - {WRAPPED_SOL_MINT}
    tokens = {mint: _total(after, mint) - _total(before, mint) for mint in sorted(mints)}
    pays = keys[0] == wallet
    return Movement(
        signature=signature,
        slot=int(told["slot"]),
        failed=meta["err"] is not None,
        sol_delta=change.get(wallet, 0) + wrapped,
        fee=int(meta["fee"]) if pays else 0,
        tip=sum(max(change[key], 0) for key in change if key in TIP_ACCOUNTS) if pays else 0,
        rent=sum(change[account] for account in accounts) - wrapped,
        tokens={mint: units for mint, units in tokens.items() if units},
    )


def _holdings(balances: Iterable[Json], wallet: str) -> list[tuple[int, str, int]]:
    """Return (account index, mint, units) of the token accounts that the wallet owns."""
    owned = [one for one in balances or [] if one.get("owner") == wallet]
    return [(one["accountIndex"], one["mint"], int(one["uiTokenAmount"]["amount"])) for one in owned]


def _total(holdings: list[tuple[int, str, int]], mint: str) -> int:
    return sum(units for _, held, units in holdings if held == mint)
