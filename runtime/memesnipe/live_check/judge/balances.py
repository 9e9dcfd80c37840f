"""Is the money there that the limits speak of, and does the ledger know of what the wallet holds? Pure."""

from memesnipe.chain import costs
from memesnipe.live_check.facts import Facts, Holding, Ledger, Silent, Unseen
from memesnipe.live_check.finding import Finding, fail, hangs_on, ok, waits, warn
from memesnipe.live_check.judge.limits import costs_of_order
from memesnipe.live_check.judge.words import sol

WALLET_RENT_LAMPORTS = 890_880
"""Rent-exempt minimum of a wallet without data: the runtime refuses a transaction that leaves less."""
EXITS_IN_RESERVE = 10
"""Fees and tips of so many exits, at their caps, stay aside: a wallet without SOL cannot sell what it holds."""
FUND = "send SOL to the wallet, or lower tradeSizeSolMax"


def sol_balance(facts: Facts) -> Finding:
    """The largest trade, its fees and rent, and a reserve to get out with."""
    if isinstance(facts.balance, Silent | Unseen):
        return hangs_on(facts.balance, facts.health, "endpoints: rpc", "use an RPC host that answers getBalance")
    if not (facts.balance > 0):
        return fail(f"{facts.wallet} holds no SOL", FUND)
    if isinstance(facts.applied, Silent | Unseen):
        return ok(f"{sol(facts.balance)}; what an order needs is not known without a RiskPolicy")
    size = facts.applied.config.limits.trade_size_lamports_max
    reserve = reserve_lamports(facts)
    needed = size + costs_of_order(facts.applied.config.limits) + reserve
    if not (facts.balance >= needed):
        found = f"{sol(facts.balance)}; the largest trade {sol(size)}, its fees and rent and {sol(reserve)} for exits need {sol(needed)}"
        return fail(found, FUND)
    return ok(f"{sol(facts.balance)}; the largest trade needs {sol(needed)} with fees, rent and reserve")


def reserve_lamports(facts: Facts) -> int:
    """Return what must stay in the wallet so that positions can be sold (lamports)."""
    if isinstance(facts.applied, Silent | Unseen):
        return WALLET_RENT_LAMPORTS
    limits = facts.applied.config.limits
    exit_lamports = costs.SIGNATURE_FEE_LAMPORTS + limits.priority_fee_lamports_max + limits.tip_lamports_max
    return WALLET_RENT_LAMPORTS + EXITS_IN_RESERVE * exit_lamports


def capital_is_there(facts: Facts) -> Finding:
    """Shares of capital that is not there are sized too large until the wallet is empty."""
    if isinstance(facts.balance, Silent | Unseen):
        return waits(facts.balance, "balances: sol")
    if isinstance(facts.applied, Silent | Unseen):
        return waits(facts.applied, "limits: policy")
    capital = facts.applied.config.capital_lamports
    if not (capital <= facts.balance):
        fix = "lower capitalSol in the Allocation to what the wallet holds, or send SOL to it"
        return warn(f"capitalSol is {sol(capital)}, the wallet holds {sol(facts.balance)}", fix)
    return ok(f"capitalSol {sol(capital)} of {sol(facts.balance)}")


def wrapped_sol(facts: Facts) -> Finding:
    """Left over by a swap that ended half-way; it counts as ours and buys nothing until it is unwrapped."""
    if isinstance(facts.holding, Silent | Unseen):
        return hangs_on(facts.holding, facts.health, "endpoints: rpc", "use an RPC host that answers getTokenAccountsByOwner")
    if facts.holding.wrapped_lamports:
        fix = "unwrap it (`spl-token unwrap`, with the wallet's key, while nothing trades)"
        return warn(f"{sol(facts.holding.wrapped_lamports)} lie in the wallet's wrapped-SOL account", fix)
    return ok("none left over")


def positions(facts: Facts) -> Finding:
    """The short form of `memesnipe reconcile`: units on chain beside units in the ledger."""
    if isinstance(facts.holding, Silent | Unseen):
        return waits(facts.holding, "balances: wrapped sol")
    if isinstance(facts.ledger, Silent | Unseen):
        return waits(facts.ledger, "stores: ledger")
    chain, ledger = facts.holding.tokens, facts.ledger.units
    short = [mint for mint in different(facts.holding, facts.ledger) if chain.get(mint, 0) < ledger.get(mint, 0)]
    if short:
        mint = short[0]
        found = f"{len(short)} positions are larger in the ledger than on chain, {mint}: {ledger[mint]} beside {chain.get(mint, 0)} units"
        return fail(found, "run `memesnipe reconcile`, which names the transaction; do not trade before they agree")
    if unknown := different(facts.holding, facts.ledger):
        found = f"the wallet holds {len(unknown)} tokens that no position explains, such as {unknown[0]}"
        return warn(found, "nothing sells them; dust that strangers send is harmless, anything else is found by `memesnipe reconcile`")
    return ok(f"{len(ledger)} open positions, the same on chain")


def different(holding: Holding, ledger: Ledger) -> list[str]:
    """Return the mints of which wallet and ledger hold different units; an order that lands between two looks makes some."""
    mints = sorted({*holding.tokens, *ledger.units})
    return [mint for mint in mints if holding.tokens.get(mint, 0) != ledger.units.get(mint, 0)]
