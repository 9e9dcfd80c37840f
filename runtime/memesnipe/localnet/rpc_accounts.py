"""RPC that reads accounts. Every commitment is answered from the newest state: of two forks only the one in force is known."""

import base64
from collections.abc import Callable
from typing import Any

from solders.account import Account
from solders.pubkey import Pubkey

from memesnipe.chain import programs
from memesnipe.localnet import accounts
from memesnipe.localnet.accounts import parse_holding, parse_mint
from memesnipe.localnet.balances import decimals_of, ui_amount
from memesnipe.localnet.bank import Bank
from memesnipe.localnet.base58 import decode, encode
from memesnipe.localnet.node import Node
from memesnipe.localnet.rpc_errors import address, config, contextual, invalid, parse_address

Json = Any
ACCOUNTS_MAX = 100
PARSERS = {accounts.TOKEN: "spl-token", accounts.TOKEN_2022: "spl-token-2022"}


def told(account: Account | None, bank: Bank, options: dict[str, Json]) -> Json:
    """One account in the asked encoding; None for one that does not exist."""
    if account is None:
        return None
    head = {"lamports": account.lamports, "owner": str(account.owner), "executable": account.executable}
    head |= {"rentEpoch": account.rent_epoch, "space": len(account.data)}
    return {**head, "data": _data(account, bank, options)}


def _data(account: Account, bank: Bank, options: dict[str, Json]) -> Json:
    encoding = options.get("encoding", "base64")
    if encoding == "jsonParsed" and (parsed := _parsed(account, bank)):
        return {"program": PARSERS[account.owner], "parsed": parsed, "space": len(account.data)}
    if encoding not in ("base64", "base58", "jsonParsed"):
        raise invalid(f"Invalid params: unknown encoding {encoding}")
    data = account.data
    if part := options.get("dataSlice"):
        data = data[part["offset"] : part["offset"] + part["length"]]
    return [encode(data), "base58"] if encoding == "base58" else [base64.b64encode(data).decode(), "base64"]


def _parsed(account: Account, bank: Bank) -> Json:
    if mint := parse_mint(account):
        info = {"decimals": mint[1], "supply": str(mint[0]), "isInitialized": True}
        return {"type": "mint", "info": {**info, "mintAuthority": _option(account, 0), "freezeAuthority": _option(account, 46)}}
    if (holding := parse_holding(account)) is None:
        return None
    amount = ui_amount(holding.amount, decimals_of(holding.mint, bank))
    info = {"mint": str(holding.mint), "owner": str(holding.owner), "isNative": holding.native_rent is not None}
    info |= {"state": "frozen" if holding.state == 2 else "initialized", "tokenAmount": amount}
    if holding.delegate:
        decimals = decimals_of(holding.mint, bank)
        info |= {"delegate": str(holding.delegate), "delegatedAmount": ui_amount(holding.delegated_amount, decimals)}
    if holding.native_rent is not None:
        info |= {"rentExemptReserve": ui_amount(holding.native_rent, programs.WRAPPED_SOL_DECIMALS)}
    return {"type": "account", "info": info}


def _option(account: Account, at: int) -> str | None:
    """An SPL COption<Pubkey>."""
    return str(Pubkey.from_bytes(account.data[at + 4 : at + 36])) if account.data[at] else None


def _account(node: Node, params: list[Json]) -> Json:
    bank = node.chain.bank
    return contextual(node, told(bank.get(address(params)), bank, config(params, 1)))


def _accounts(node: Node, params: list[Json]) -> Json:
    asked, bank = params[0] if params else None, node.chain.bank
    if not isinstance(asked, list) or len(asked) > ACCOUNTS_MAX:
        raise invalid(f"Too many inputs provided; max {ACCOUNTS_MAX}")
    return contextual(node, [told(bank.get(parse_address(key)), bank, config(params, 1)) for key in asked])


def _program_accounts(node: Node, params: list[Json]) -> Json:
    bank, options = node.chain.bank, config(params, 1)
    found = [(key, one) for key, one in bank.program_accounts(address(params)) if _matches(one, options.get("filters") or [])]
    listed = [{"pubkey": str(key), "account": told(one, bank, options)} for key, one in found]
    return contextual(node, listed) if options.get("withContext") else listed


def _matches(account: Account, filters: list[Json]) -> bool:
    for rule in filters:
        if "dataSize" in rule and len(account.data) != rule["dataSize"]:
            return False
        if "memcmp" in rule and not _has(account.data, rule["memcmp"]):
            return False
    return True


def _has(data: bytes, rule: Json) -> bool:
    try:
        wanted = base64.b64decode(rule["bytes"]) if rule.get("encoding") == "base64" else decode(rule["bytes"])
        return data[rule["offset"] : rule["offset"] + len(wanted)] == wanted
    except (KeyError, TypeError, ValueError) as error:
        raise invalid("Invalid params: memcmp") from error


def _token_balance(node: Node, params: list[Json]) -> Json:
    holding = parse_holding(node.chain.bank.get(address(params)))
    if holding is None:
        raise invalid("Invalid param: could not find account")
    return contextual(node, ui_amount(holding.amount, decimals_of(holding.mint, node.chain.bank)))


def _tokens_by_owner(node: Node, params: list[Json]) -> Json:
    bank, wanted, options = node.chain.bank, config(params, 1), config(params, 2)
    if ("mint" in wanted) == ("programId" in wanted):
        raise invalid("Invalid params: exactly one of mint, programId")
    key = parse_address(wanted.get("mint") or wanted.get("programId"))
    out = []
    for one in bank.token_accounts_of(address(params)):
        account, holding = bank.get(one), parse_holding(bank.get(one))
        if account and holding and key in ((holding.mint,) if "mint" in wanted else (account.owner,)):
            out.append({"pubkey": str(one), "account": told(account, bank, options)})
    return contextual(node, out)


def _supply(node: Node, params: list[Json]) -> Json:
    mint = parse_mint(node.chain.bank.get(address(params)))
    if mint is None:
        raise invalid("Invalid param: not a Token mint")
    return contextual(node, ui_amount(*mint))


def _largest(node: Node, params: list[Json]) -> Json:
    """The twenty largest holders; agents hold in one pot that is no account, so a curve's vault leads as it does on chain."""
    bank, mint = node.chain.bank, address(params)
    if parse_mint(bank.get(mint)) is None:
        raise invalid("Invalid param: not a Token mint")
    held = [(key, holding.amount) for key in bank.token_accounts_of_mint(mint) if (holding := parse_holding(bank.get(key)))]
    top = sorted(held, key=lambda pair: (-pair[1], bytes(pair[0])))[:20]
    return contextual(node, [{"address": str(key), **ui_amount(amount, decimals_of(mint, bank))} for key, amount in top])


METHODS: dict[str, Callable[[Node, list[Json]], Json]] = {
    "getBalance": lambda node, params: contextual(node, node.chain.bank.lamports(address(params))),
    "getAccountInfo": _account,
    "getMultipleAccounts": _accounts,
    "getProgramAccounts": _program_accounts,
    "getTokenAccountBalance": _token_balance,
    "getTokenAccountsByOwner": _tokens_by_owner,
    "getTokenSupply": _supply,
    "getTokenLargestAccounts": _largest,
}
