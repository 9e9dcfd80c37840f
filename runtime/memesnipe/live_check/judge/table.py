"""What is checked, in the order it is shown: one row a check, each with the judgement that answers it."""

from collections.abc import Callable

from memesnipe.kernel.texts import printable
from memesnipe.live_check.facts import Facts
from memesnipe.live_check.finding import Finding, Reported, unseen
from memesnipe.live_check.judge import balances, clock, endpoints, keys, limits, mode, safety, stores

CHECKS: tuple[tuple[str, str, Callable[[Facts], Finding]], ...] = (
    ("mode", "switch", mode.switch),
    ("mode", "variables", mode.variables),
    ("mode", "strategies", mode.strategies),
    ("mode", "gates", mode.gates),
    ("mode", "halts", mode.halts),
    ("keys", "wallet file", keys.wallet_file),
    ("keys", "jito key", keys.jito_key),
    ("keys", "role keys", keys.role_keys),
    ("keys", "signer", keys.door),
    ("keys", "certificates", keys.certificates),
    ("endpoints", "rpc", endpoints.rpc),
    ("endpoints", "second rpc", endpoints.second_rpc),
    ("endpoints", "chain", endpoints.chain),
    ("endpoints", "blocks", endpoints.blocks),
    ("endpoints", "websocket", endpoints.websocket),
    ("endpoints", "jupiter build", endpoints.jupiter_build),
    ("endpoints", "jupiter price", endpoints.jupiter_price),
    ("endpoints", "jito", endpoints.jito),
    ("endpoints", "sender", endpoints.sender),
    ("endpoints", "tip floor", endpoints.tip_floor),
    ("endpoints", "priority fee", endpoints.priority_fee),
    ("endpoints", "rate limits", endpoints.headroom),
    ("clock", "skew", clock.skew),
    ("limits", "policy", limits.policy),
    ("limits", "trade size", limits.trade_size),
    ("limits", "spend", limits.spend),
    ("limits", "tip and fee", limits.tip_and_fee),
    ("limits", "capital", limits.capital),
    ("balances", "sol", balances.sol_balance),
    ("balances", "capital", balances.capital_is_there),
    ("balances", "wrapped sol", balances.wrapped_sol),
    ("balances", "positions", balances.positions),
    ("stores", "data folder", stores.folder),
    ("stores", "audit", stores.audit),
    ("stores", "ledger", stores.ledger),
    ("stores", "redis", stores.redis),
    ("stores", "redis keeps", stores.redis_keeps),
    ("safety", "token checks", safety.token_safety),
    ("safety", "token watch", safety.token_watch),
    ("safety", "fill commitment", safety.fill_commitment),
)


OF_THE_GUARD = frozenset(
    {"trade size", "tip and fee", "token checks", "fill commitment", "rate limits", "second rpc", "jito", "sender", "tip floor"}
)
"""What hangs on wallet_guard's own settings: elsewhere its defaults would be judged."""
GUARDS_POD = "wallet_guard knows it: kubectl -n memesnipe exec deploy/memesnipe-wallet-guard -- memesnipe live-check"


def judged(facts: Facts) -> list[Reported]:
    """Return every check's finding, in the table's order."""
    found = [(area, name, _finding(facts, name, judgement)) for area, name, judgement in CHECKS]
    return [Reported(area, name, each.status, printable(each.found), printable(each.fix)) for area, name, each in found]


def _finding(facts: Facts, name: str, judgement: Callable[[Facts], Finding]) -> Finding:
    return judgement(facts) if facts.sees_guard or name not in OF_THE_GUARD else unseen(GUARDS_POD)
