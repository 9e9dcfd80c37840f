"""Token balances as `meta` and the token RPC methods tell them."""

from typing import Any

from solders.pubkey import Pubkey

from memesnipe.localnet.accounts import parse_holding, parse_mint
from memesnipe.localnet.bank import Accounts, Bank


def ui_amount(amount: int, decimals: int) -> dict[str, Any]:
    """RPC's UiTokenAmount: the integer as a string, and its decimal forms."""
    whole, part = divmod(amount, 10**decimals)
    text = f"{whole}.{part:0{decimals}d}".rstrip("0").rstrip(".") if decimals else str(whole)
    return {"amount": str(amount), "decimals": decimals, "uiAmount": amount / 10**decimals, "uiAmountString": text}


def decimals_of(mint: Pubkey, bank: Bank) -> int:
    """Decimals of a mint; 0 for one that does not exist."""
    found = parse_mint(bank.get(mint))
    return found[1] if found else 0


def token_balances(keys: list[Pubkey], accounts: Accounts, bank: Bank) -> list[dict[str, Any]]:
    """preTokenBalances or postTokenBalances: one entry for each key that is a token account."""
    out = []
    for at, key in enumerate(keys):
        account = accounts[key]
        holding = parse_holding(account)
        if account is None or holding is None:
            continue
        amount = ui_amount(holding.amount, decimals_of(holding.mint, bank))
        entry = {"accountIndex": at, "mint": str(holding.mint), "owner": str(holding.owner), "programId": str(account.owner)}
        out.append({**entry, "uiTokenAmount": amount})
    return out
