"""Agents' transactions as history and subscribers see them: well-formed bytes, meta and logs, made up after the fact.

The message is a real v0 one of the wallet, the pool's program and the pool's accounts; its signature is derived, not made by a key.
Lamport balances of the made-up wallets are zero in `meta`; the vaults' token balances are true.
"""

import struct
from typing import Any

from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from memesnipe.chain import programs
from memesnipe.localnet import events, route, seeds
from memesnipe.localnet.balances import token_balances
from memesnipe.localnet.bank import Accounts
from memesnipe.localnet.base58 import encode as base58
from memesnipe.localnet.chain import Chain, Record
from memesnipe.localnet.curve import Outcome
from memesnipe.localnet.pools import Pool, Side

UNITS = 71_354


def record_trade(chain: Chain, before: Pool, pool: Pool, side: Side, amount_in: int, outcome: Outcome, wallet: str) -> None:
    """Put an agent's trade into the open block."""
    tag = programs.PUMP_BUY_EXACT_SOL_IN if side == "buy" else programs.PUMP_SELL
    data = tag + struct.pack("<QQ", amount_in, 0)
    if pool.kind == "bonding_curve":
        event = events.trade_event(before, pool, side, wallet, outcome, chain.unix_s)
        logs = events.pump_logs("BuyExactSolIn" if side == "buy" else "Sell", event, depth=1)
        _record(chain, pool, wallet, data, logs, event)
    else:
        program = programs.RAYDIUM_CPMM_PROGRAM
        logs = [f"Program {program} invoke [1]", "Program log: Instruction: SwapBaseInput", f"Program {program} success"]
        _record(chain, pool, wallet, bytes.fromhex("8fbe5adac41e33de") + data[8:], logs, None)


def record_create(chain: Chain, pool: Pool) -> None:
    """Put a launch into the open block."""
    event = events.create_event(pool, chain.unix_s)
    _record(chain, pool, pool.creator, programs.PUMP_CREATE_V2, events.pump_logs("CreateV2", event, depth=1), event)


def _record(chain: Chain, pool: Pool, wallet: str, data: bytes, logs: list[str], event: bytes | None) -> None:
    index = chain.next_index()
    tx = _transaction(chain, pool, wallet, data, index)
    keys = list(tx.message.account_keys)
    after = chain.bank.snapshot(keys)
    meta = _meta(chain, keys, after, logs, event)
    head = (str(tx.signatures[0]), chain.slot, index, chain.unix_s)
    chain.record(Record(*head, bytes(tx), meta, 0, [str(key) for key in keys], synthetic=True))


def _transaction(chain: Chain, pool: Pool, wallet: str, data: bytes, index: int) -> VersionedTransaction:
    payer, program = Pubkey.from_string(wallet), route.AMM_PROGRAM[pool.kind]
    metas = [AccountMeta(Pubkey.from_string(key), False, True) for key in (pool.address, pool.base_vault, pool.quote_vault)]
    metas += [AccountMeta(Pubkey.from_string(pool.mint), False, False), AccountMeta(payer, True, True)]
    recent = Hash.from_string(chain.blockhash("confirmed")[0])
    message = MessageV0.try_compile(payer, [Instruction(program, data, metas)], [], recent)
    return VersionedTransaction.populate(message, [seeds.signature(chain.settings.seed, "tx", chain.slot, index)])


def _meta(chain: Chain, keys: list[Pubkey], after: Accounts, logs: list[str], event: bytes | None) -> dict[str, Any]:
    lamports = [account.lamports if account else 0 for account in after.values()]
    inner: list[dict[str, Any]] = []
    if event:
        at = next(at for at, key in enumerate(keys) if str(key) == programs.PUMP_PROGRAM)
        step = {"programIdIndex": at, "accounts": [], "data": base58(programs.PUMP_SELF_CPI_TAG + event), "stackHeight": 2}
        inner = [{"index": 0, "instructions": [step]}]
    balances = token_balances(keys, after, chain.bank)
    return {
        "err": None,
        "status": {"Ok": None},
        "fee": programs.SIGNATURE_FEE_LAMPORTS,
        "preBalances": lamports,
        "postBalances": lamports,
        "preTokenBalances": balances,
        "postTokenBalances": balances,
        "innerInstructions": inner,
        "logMessages": logs,
        "rewards": [],
        "loadedAddresses": {"writable": [], "readonly": []},
        "computeUnitsConsumed": UNITS,
    }
