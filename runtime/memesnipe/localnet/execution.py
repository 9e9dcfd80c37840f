"""Running a settled transaction and telling the result in the terms of the signed one: error, logs, inner instructions, meta.

Indexes, addresses and instruction numbers in everything reported are those of the bytes the wallet signed; the transfers that stand for a
swap appear as the inner instructions of the Jupiter instruction, as they do on chain.
"""

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any

from solders.instruction import CompiledInstruction
from solders.pubkey import Pubkey
from solders.transaction_metadata import (
    FailedTransactionMetadata,
    InnerInstruction,
    SimulatedTransactionInfo,
    SimulateResult,
    TransactionMetadata,
    TransactionResult,
)

from memesnipe.chain import programs
from memesnipe.localnet import balances, events, fees
from memesnipe.localnet.accounts import with_delegate
from memesnipe.localnet.bank import Accounts, Bank
from memesnipe.localnet.base58 import encode as base58
from memesnipe.localnet.message import Resolved
from memesnipe.localnet.settle import Plan, Swap

Json = Any
DEPTH = re.compile(r"invoke \[(\d+)\]$")
REASONS = {6001: "SlippageToleranceExceeded", 101: "InstructionFallbackNotFound", 6008: "NotEnoughAccountKeys", 6024: "InsufficientFunds"}


@dataclass(slots=True)
class Execution:
    """What a transaction did. `charged` is False for one that never made it into a block: it leaves no trace."""

    err: Json
    charged: bool
    meta: dict[str, Json]
    swaps: list[Swap] = field(default_factory=list)


def execute(resolved: Resolved, plan: Plan, bank: Bank, unix_s: int) -> Execution:
    """Run and commit. A transaction that is not even charged leaves the accounts as they were."""
    before = bank.snapshot(resolved.keys)
    bank.note(resolved.keys)
    originals = _grant(plan, bank)
    result = bank.run(plan.tx)
    failed = isinstance(result, FailedTransactionMetadata)
    if failed:
        bank.restore(originals)
    bank.touch(key for key, writable in zip(resolved.keys, resolved.writable, strict=True) if writable)
    charged = not failed or bank.lamports(resolved.payer) != _lamports(before, resolved.payer)
    return _told(resolved, plan, result, before, bank.snapshot(resolved.keys), charged, unix_s, bank)


def simulate(resolved: Resolved, plan: Plan, bank: Bank, unix_s: int) -> tuple[Execution, Accounts]:
    """Run without committing; also the accounts as they would be."""
    before = bank.snapshot(resolved.keys)
    dirty = set(bank.dirty)
    originals = _grant(plan, bank)
    result = bank.simulate(plan.tx)
    bank.restore(originals)
    bank.dirty = dirty
    after = dict(before)
    if not isinstance(result, FailedTransactionMetadata):
        after |= {key: account if account.lamports else None for key, account in result.post_accounts() if key in before}
    return _told(resolved, plan, result, before, after, True, unix_s, bank), after


def _grant(plan: Plan, bank: Bank) -> Accounts:
    """Let the swaps' users take exactly what they are owed from the vaults; returns the vaults to restore on failure."""
    originals = bank.snapshot(plan.grants)
    for vault, (delegate, amount) in plan.grants.items():
        if account := originals[vault]:
            bank.put(vault, with_delegate(account, delegate, amount))
    return originals


def _told(
    resolved: Resolved,
    plan: Plan,
    result: TransactionResult | SimulateResult,
    before: Accounts,
    after: Accounts,
    charged: bool,
    unix_s: int,
    bank: Bank,
) -> Execution:
    meta = _metadata(result)
    raw_err = json.loads(result.to_json())["err"] if isinstance(result, FailedTransactionMetadata) else None
    err = _error(raw_err, plan, resolved)
    logs, inner = _logs(meta.logs(), plan, err, unix_s), _inner(meta.inner_instructions(), plan, resolved, err, unix_s)
    told = {
        "err": err,
        "status": {"Err": err} if err else {"Ok": None},
        "fee": fees.total_lamports(resolved),
        "preBalances": [_lamports(before, key) for key in resolved.keys],
        "postBalances": [_lamports(after, key) for key in resolved.keys],
        "preTokenBalances": balances.token_balances(resolved.keys, before, bank),
        "postTokenBalances": balances.token_balances(resolved.keys, after, bank),
        "innerInstructions": inner,
        "logMessages": logs,
        "rewards": [],
        "loadedAddresses": {"writable": [str(key) for key in resolved.loaded[0]], "readonly": [str(key) for key in resolved.loaded[1]]},
        "computeUnitsConsumed": meta.compute_units_consumed(),
    }
    return Execution(err, charged, told, [] if err else plan.swaps)


def _lamports(accounts: Accounts, key: Pubkey) -> int:
    account = accounts[key]
    return account.lamports if account else 0


def _error(err: Json, plan: Plan, resolved: Resolved) -> Json:
    """The SVM's error with indexes of the signed transaction and the codes the Jupiter program gives."""
    if isinstance(err, dict) and "InstructionError" in err:
        executed_at, cause = err["InstructionError"]
        at = plan.origin[executed_at]
        if at in plan.refusals:
            cause = {"Custom": plan.refusals[at]}
        elif cause == {"Custom": 1} and any(swap.at == at for swap in plan.swaps):
            cause = {"Custom": programs.JUPITER_ERROR_INSUFFICIENT_FUNDS}
        return {"InstructionError": [at, cause]}
    if isinstance(err, dict) and "InsufficientFundsForRent" in err:
        key = plan.keys[err["InsufficientFundsForRent"]["account_index"]]
        return {"InsufficientFundsForRent": {"account_index": resolved.keys.index(key)}}
    if isinstance(err, dict) and "DuplicateInstruction" in err:
        return {"DuplicateInstruction": plan.origin[err["DuplicateInstruction"]]}
    return err


def _groups(logs: list[str]) -> list[list[str]]:
    """Log lines by executed top-level instruction."""
    groups: list[list[str]] = []
    for line in logs:
        if line.endswith("invoke [1]") or not groups:
            groups.append([])
        groups[-1].append(line)
    return groups


def _logs(logs: list[str], plan: Plan, err: Json, unix_s: int) -> list[str]:
    swap_at = {swap.at: swap for swap in plan.swaps}
    out: list[str] = []
    pending: list[str] = []
    for number, group in enumerate(_groups(logs)):
        at = plan.origin[number] if number < len(plan.origin) else -1
        if at in plan.refusals:
            out += _jupiter([], plan.refusals[at])
        elif at not in swap_at:
            out += group if at >= 0 else []
        elif _fails_at(err) == at and (len(_groups(logs)) - 1 == number):
            cause = err["InstructionError"][1]
            out += _jupiter(pending + _deeper(group), cause.get("Custom", 0) if isinstance(cause, dict) else 0)
        elif not pending:
            pending = _deeper(group)
        else:
            out += _jupiter(pending + _deeper(group) + events.swap_logs(swap_at[at], unix_s), None)
            pending = []
    return out


def _fails_at(err: Json) -> int | None:
    """The number of the instruction that failed; None for another error or none."""
    at: int | None = err["InstructionError"][0] if isinstance(err, dict) and "InstructionError" in err else None
    return at


def _deeper(group: list[str]) -> list[str]:
    return [DEPTH.sub(lambda found: f"invoke [{int(found[1]) + 1}]", line) for line in group]


def _jupiter(lines: list[str], code: int | None) -> list[str]:
    program = programs.JUPITER_PROGRAM
    head = [f"Program {program} invoke [1]", "Program log: Instruction: RouteV2", *lines]
    if code is None:
        return [*head, f"Program {program} success"]
    told = f"Program log: AnchorError occurred. Error Code: {REASONS.get(code, 'Unknown')}. Error Number: {code}."
    return [*head, told, f"Program {program} failed: custom program error: {code:#x}"]


def _metadata(result: TransactionResult | SimulateResult) -> TransactionMetadata:
    return result.meta() if isinstance(result, FailedTransactionMetadata | SimulatedTransactionInfo) else result


def _inner(executed: list[list[InnerInstruction]], plan: Plan, resolved: Resolved, err: Json, unix_s: int) -> list[Json]:
    """Inner instructions by signed instruction, a swap's transfers (and its event) among them."""
    index = {key: at for at, key in enumerate(resolved.keys)}
    out: dict[int, list[Json]] = {}
    for number, listed in enumerate(executed):
        told = [_compiled(item.instruction(), plan.keys, index, item.stack_height() or 2) for item in listed]
        out.setdefault(plan.origin[number], []).extend(told)
    for swap in plan.swaps if not err else []:
        out[swap.at] = _swap_inner(swap, plan, index, unix_s)
    return [{"index": at, "instructions": told} for at, told in sorted(out.items()) if told and at >= 0]


def _compiled(ix: CompiledInstruction, keys: list[Pubkey], index: dict[Pubkey, int], height: int) -> Json:
    accounts = [index[keys[at]] for at in ix.accounts]
    return {"programIdIndex": index[keys[ix.program_id_index]], "accounts": accounts, "data": base58(ix.data), "stackHeight": height}


def _swap_inner(swap: Swap, plan: Plan, index: dict[Pubkey, int], unix_s: int) -> list[Json]:
    steps = [ix for number, ix in enumerate(plan.tx.message.instructions) if plan.origin[number] == swap.at]
    told = [_compiled(ix, plan.keys, index, 2) for ix in steps]
    told[1]["accounts"][-1] = index[Pubkey.from_string(swap.pool.address)]  # the pool owns the vault; the delegation is ours
    event = events.swap_event(swap, unix_s)
    if event:
        program = index[Pubkey.from_string(programs.PUMP_PROGRAM)]
        told.append({"programIdIndex": program, "accounts": [], "data": base58(programs.PUMP_SELF_CPI_TAG + event), "stackHeight": 2})
    return told


def encoded(raw: bytes) -> list[str]:
    """`["...", "base64"]`, as RPC answers binary."""
    return [base64.b64encode(raw).decode(), "base64"]
