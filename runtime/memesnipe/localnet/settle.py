"""How a swap is settled: the signed transaction becomes an equal one in which each Jupiter instruction is its token transfers.

The bytecode of the Jupiter program is not public, so the localnet executes, in place of `route_v2`, the two SPL `TransferChecked` that a
swap amounts to: user to vault, vault to user. The second needs the vault's consent: it is given as a delegation of exactly the amount that
goes out, for the duration of the transaction. All else (set-up, wrapping, tips, clean-up, fee payer, signers, compute budget) runs as
signed, so balances, failures and atomic roll-back are the SVM's own. A swap the program would refuse becomes an instruction that fails.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from solders.instruction import AccountMeta, Instruction
from solders.message import MessageV0, MessageV1
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from memesnipe.chain import programs
from memesnipe.localnet import fees, pools, route
from memesnipe.localnet.accounts import TOKEN, WRAPPED_SOL
from memesnipe.localnet.curve import Outcome
from memesnipe.localnet.message import Resolved
from memesnipe.localnet.pools import Pool, Side

UNKNOWN_INSTRUCTION = 101
INVALID_POOL = 6008
ALWAYS_FAILS = Instruction(TOKEN, b"\xff", [])
PoolsByAddress = dict[str, Pool]


@dataclass(frozen=True, slots=True)
class Swap:
    """A swap as it will be settled at this point of the transaction."""

    at: int
    side: Side
    route: route.Route
    before: Pool
    pool: Pool
    outcome: Outcome


@dataclass(slots=True)
class Plan:
    """The transaction to execute. `origin[i]` is the signed instruction that executed instruction i stands for (-1: none)."""

    tx: VersionedTransaction
    keys: list[Pubkey]
    origin: list[int]
    swaps: list[Swap] = field(default_factory=list)
    refusals: dict[int, int] = field(default_factory=dict)
    grants: dict[Pubkey, tuple[Pubkey, int]] = field(default_factory=dict)


def plan(resolved: Resolved, by_address: PoolsByAddress, slot: int, refuse: Callable[[], bool] = lambda: False) -> Plan:
    """Decide every swap of a transaction on the pools as they are now, in order. Where `refuse` says so the program refuses."""
    out = Plan(resolved.tx, [], [])
    now = dict(by_address)
    executed: list[Instruction] = []
    for at, ix in enumerate(resolved.instructions):
        steps = _settled(at, ix, now, slot, out, refuse) if ix.program_id == route.JUPITER else [ix]
        executed += steps
        out.origin += [at] * len(steps)
    _with_budget(resolved, executed, out)
    message = MessageV0.try_compile(resolved.payer, executed, [], resolved.tx.message.recent_blockhash)
    signatures = [resolved.tx.signatures[0]] * message.header.num_required_signatures
    out.tx = VersionedTransaction.populate(message, signatures)
    out.keys = list(message.account_keys)
    return out


def _settled(at: int, ix: Instruction, now: PoolsByAddress, slot: int, out: Plan, refuse: Callable[[], bool]) -> list[Instruction]:
    swap = _swap(at, ix, now, slot)
    if not isinstance(swap, int) and refuse():
        swap = programs.JUPITER_ERROR_SLIPPAGE
    if isinstance(swap, int):
        out.refusals[at] = swap
        return [ALWAYS_FAILS]
    now[swap.pool.address] = swap.pool
    out.swaps.append(swap)
    vault_in, vault_out = _vaults(swap)
    _, granted = out.grants.get(vault_out, (swap.route.user, 0))
    out.grants[vault_out] = (swap.route.user, granted + swap.outcome.amount_out)
    return _transfers(swap, vault_in, vault_out)


def _swap(at: int, ix: Instruction, now: PoolsByAddress, slot: int) -> Swap | int:
    """The swap, or the custom error its program gives."""
    found = route.decode(ix)
    if found is None or not found.user_signed:
        return UNKNOWN_INSTRUCTION
    pool = now.get(str(found.pool))
    side = _side(found, pool) if pool else None
    if pool is None or side is None:
        return INVALID_POOL
    outcome = pools.quote(pool, side, found.in_amount)
    if outcome is None or outcome.amount_out < found.out_min:
        return programs.JUPITER_ERROR_SLIPPAGE
    return Swap(at, side, found, pool, pools.after(pool, outcome, slot), outcome)


def _side(found: route.Route, pool: Pool) -> Side | None:
    token = (Pubkey.from_string(pool.mint), Pubkey.from_string(pool.token_program))
    given = ((found.source_mint, found.source_program), (found.destination_mint, found.destination_program))
    if given == ((WRAPPED_SOL, TOKEN), token):
        return "buy"
    return "sell" if given == (token, (WRAPPED_SOL, TOKEN)) else None


def _vaults(swap: Swap) -> tuple[Pubkey, Pubkey]:
    base, quote = Pubkey.from_string(swap.pool.base_vault), Pubkey.from_string(swap.pool.quote_vault)
    return (quote, base) if swap.side == "buy" else (base, quote)


def _transfers(swap: Swap, vault_in: Pubkey, vault_out: Pubkey) -> list[Instruction]:
    decimals = (programs.WRAPPED_SOL_DECIMALS, swap.pool.decimals)
    in_decimals, out_decimals = decimals if swap.side == "buy" else decimals[::-1]
    leg = swap.route
    return [
        _transfer(leg.source_program, leg.source, leg.source_mint, vault_in, leg.user, leg.in_amount, in_decimals),
        _transfer(
            leg.destination_program, vault_out, leg.destination_mint, leg.destination, leg.user, swap.outcome.amount_out, out_decimals
        ),
    ]


def _transfer(program: Pubkey, source: Pubkey, mint: Pubkey, to: Pubkey, authority: Pubkey, amount: int, decimals: int) -> Instruction:
    metas = [AccountMeta(source, False, True), AccountMeta(mint, False, False), AccountMeta(to, False, True)]
    return Instruction(program, struct.pack("<BQB", 12, amount, decimals), [*metas, AccountMeta(authority, True, False)])


def _with_budget(resolved: Resolved, executed: list[Instruction], out: Plan) -> None:
    """Pin units and fee to the signed transaction's: one instruction became two, and a v1 message has them in its config.

    Signers that no instruction names ride on it too, so that the number of signatures charged stays the same.
    """
    budget = fees.budget(resolved)
    signers = [AccountMeta(key, True, False) for key in resolved.keys[: resolved.signer_count]]
    if not budget.units_explicit or isinstance(resolved.tx.message, MessageV1):
        executed.append(Instruction(fees.COMPUTE_BUDGET, struct.pack("<BI", 2, budget.units), signers))
        out.origin.append(-1)
    else:
        at = next(at for at, ix in enumerate(executed) if ix.program_id == fees.COMPUTE_BUDGET)
        executed[at] = Instruction(fees.COMPUTE_BUDGET, executed[at].data, signers)
    if isinstance(resolved.tx.message, MessageV1) and budget.priority_lamports:
        price = -(-budget.priority_lamports * 1_000_000 // max(budget.units, 1)) - 1
        price = price + 1 if -(-price * budget.units // 1_000_000) < budget.priority_lamports else price
        executed.append(Instruction(fees.COMPUTE_BUDGET, struct.pack("<BQ", 3, price), []))
        out.origin.append(-1)
