"""Jupiter's `price/v3` and `swap/v2/build`, quoting on the pools as they are at this instant.

Only SOL pairs have a route. Amounts are strings of base units, `slippageBps` an int, instruction data base64. A mint without a pool or
without liquidity is omitted from prices, never null.
"""

import base64
import math
import struct
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from memesnipe.chain import programs
from memesnipe.kernel.errors import MemeSnipeError
from memesnipe.localnet import accounts, fees, market, pools, route
from memesnipe.localnet.accounts import TOKEN, WRAPPED_SOL
from memesnipe.localnet.curve import Outcome
from memesnipe.localnet.node import Node
from memesnipe.localnet.poisons import poisoned
from memesnipe.localnet.pools import Pool, Side
from memesnipe.localnet.rpc_blocks import LEVELS_MICRO_LAMPORTS

Json = Any
IDS_MAX = 50
SOL_MICRO_USD = 150_000_000
SYSTEM = Pubkey.from_string(programs.SYSTEM_PROGRAM)
CREATE_IDEMPOTENT = b"\x01"
SYNC_NATIVE = b"\x11"
CLOSE_ACCOUNT = b"\x09"


class BuildError(MemeSnipeError):
    """A request Jupiter refuses: its error code and sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def sol_usd(node: Node) -> float:
    """What the localnet pretends a SOL costs: it breathes by a few per cent, as a function of the slot."""
    return SOL_MICRO_USD / 1e6 * (1 + 0.03 * math.sin(node.chain.slot / 400 + node.settings.seed))


async def price(request: web.Request, node: Node) -> web.Response:
    """GET /price/v3?ids=a,b"""
    asked = [one for one in request.query.get("ids", "").split(",") if one]
    if not asked or len(asked) > IDS_MAX:
        return web.json_response({"error": f"ids must hold 1 to {IDS_MAX} mints"}, status=400)
    return web.json_response({mint: told for mint in asked if (told := _price(node, mint))})


def _price(node: Node, mint: str) -> Json:
    usd = sol_usd(node)
    head = {"createdAt": datetime.fromtimestamp(node.chain.unix_s, UTC).isoformat(), "blockId": node.chain.slot, "priceChange24h": 0.0}
    if mint == programs.WRAPPED_SOL_MINT:
        return {**head, "usdPrice": usd, "decimals": programs.WRAPPED_SOL_DECIMALS, "liquidity": 5e8}
    pool = node.chain.market.get(mint)
    if pool is None or not pool.virtual_base_units or not pool.virtual_quote_lamports:
        return None
    born = datetime.fromtimestamp(pool.created_unix_s, UTC).isoformat()
    liquidity = 2 * pool.real_quote_lamports / 1e9 * usd
    priced = pools.price_lamports_per_token(pool) / 1e9 * usd
    return {**head, "createdAt": born, "usdPrice": priced, "decimals": pool.decimals, "liquidity": liquidity}


async def build(request: web.Request, node: Node) -> web.Response:
    """GET /swap/v2/build"""
    try:
        return web.json_response(_built(node, dict(request.query)))
    except BuildError as error:
        return web.json_response({"error": str(error), "errorCode": error.code}, status=400)


def _built(node: Node, query: dict[str, str]) -> Json:
    taker = _address(query, "taker")
    pool, side = _market(node, str(_address(query, "inputMint")), str(_address(query, "outputMint")))
    amount, slippage = _whole(query, "amount"), 50 if query.get("slippageBps") == "rtse" else _whole(query, "slippageBps", 50)
    outcome = pools.quote(pool, side, amount)
    if outcome is None or slippage > 10_000:
        raise BuildError("NO_ROUTES_FOUND", "No routes found")
    promised = replace(outcome, amount_out=node.faults.lie(outcome.amount_out))
    built = _quoted(node, pool, side, amount, promised, slippage)
    built |= _instructions(query, pool, side, taker, amount, promised.amount_out, slippage)
    return poisoned(built | _landing(node, pool, query), node.faults.switches.poison, str(taker))


def _market(node: Node, input_mint: str, output_mint: str) -> tuple[Pool, Side]:
    if input_mint == output_mint:
        raise BuildError("CIRCULAR_ARBITRAGE_IS_DISABLED", "Input and output mints are the same")
    if programs.WRAPPED_SOL_MINT not in (input_mint, output_mint):
        raise BuildError("NO_ROUTES_FOUND", "No routes found")
    side: Side = "buy" if input_mint == programs.WRAPPED_SOL_MINT else "sell"
    mint = output_mint if side == "buy" else input_mint
    if (pool := node.chain.journal.pool(mint, node.faults.switches.stale_quote_slots, node.chain.slot)) is None:
        raise BuildError("TOKEN_NOT_TRADABLE", f"The token {mint} is not tradable")
    return pool, side


def _quoted(node: Node, pool: Pool, side: Side, amount: int, outcome: Outcome, slippage: int) -> Json:
    mints = (programs.WRAPPED_SOL_MINT, pool.mint) if side == "buy" else (pool.mint, programs.WRAPPED_SOL_MINT)
    legs = {"inputMint": mints[0], "outputMint": mints[1], "inAmount": str(amount), "outAmount": str(outcome.amount_out)}
    step = {"swapInfo": {"ammKey": pool.address, "label": route.AMM_LABEL[pool.kind], **legs}, "percent": 100, "bps": 10_000}
    return {
        **legs,
        "otherAmountThreshold": str(outcome.amount_out * (10_000 - slippage) // 10_000),
        "swapMode": "ExactIn",
        "slippageBps": slippage,
        "priceImpactPct": f"{pools.price_impact(pool, side, amount, outcome):.8f}",
        "routePlan": [step],
        "contextSlot": node.chain.slot,
    }


def _instructions(query: dict[str, str], pool: Pool, side: Side, taker: Pubkey, amount: int, out: int, slippage: int) -> Json:
    mint, program = Pubkey.from_string(pool.mint), Pubkey.from_string(pool.token_program)
    wrapped, token = accounts.associated(taker, WRAPPED_SOL), accounts.associated(taker, mint, program)
    setup = [_create(taker, wrapped, WRAPPED_SOL, TOKEN)]
    if side == "buy":
        pay = transfer(TransferParams(from_pubkey=taker, to_pubkey=wrapped, lamports=amount))
        setup += [pay, Instruction(TOKEN, SYNC_NATIVE, [AccountMeta(wrapped, False, True)]), _create(taker, token, mint, program)]
    source, destination = (wrapped, token) if side == "buy" else (token, wrapped)
    close = [AccountMeta(wrapped, False, True), AccountMeta(taker, False, True), AccountMeta(taker, True, False)]
    tip = _whole(query, "tipAmount", 0)
    to = Pubkey.from_string(programs.JITO_TIP_ACCOUNTS[0])
    return {
        "computeBudgetInstructions": [_told(_priced(query))],
        "setupInstructions": [_told(one) for one in setup],
        "swapInstruction": _told(route.encode(pool, side, taker, source, destination, amount, out, slippage)),
        "cleanupInstruction": _told(Instruction(TOKEN, CLOSE_ACCOUNT, close)),
        "otherInstructions": [],
        "tipInstruction": _told(transfer(TransferParams(from_pubkey=taker, to_pubkey=to, lamports=tip))) if tip else None,
    }


def _priced(query: dict[str, str]) -> Instruction:
    """Jupiter sets the price of a compute unit and leaves the limit to the caller."""
    level = {"high": "high", "veryHigh": "veryHigh"}.get(query.get("computeUnitPricePercentile", ""), "medium")
    return Instruction(fees.COMPUTE_BUDGET, struct.pack("<BQ", 3, LEVELS_MICRO_LAMPORTS[level]), [])


def _landing(node: Node, pool: Pool, query: dict[str, str]) -> Json:
    """Lookup tables, and a blockhash as old as the asked life makes it."""
    life = min(_whole(query, "blockhashSlotsToExpiry", 150), programs.BLOCKHASH_LIFE_BLOCKS)
    blockhash, last_valid = node.chain.blockhash_living(life)
    now_ns = time.time_ns()
    table = [pool.address, pool.base_vault, pool.quote_vault, *(str(key) for key in market.table_tail(pool))]
    fetched = {"secs_since_epoch": now_ns // 10**9, "nanos_since_epoch": now_ns % 10**9}
    return {
        "addressesByLookupTableAddress": {pool.lookup_table: table},
        "blockhashWithMetadata": {
            "blockhash": list(bytes(Hash.from_string(blockhash))),
            "lastValidBlockHeight": max(0, last_valid + node.faults.switches.expiry_lie_blocks),
            "fetchedAt": fetched,
        },
    }


def _create(payer: Pubkey, account: Pubkey, mint: Pubkey, program: Pubkey) -> Instruction:
    metas = [AccountMeta(payer, True, True), AccountMeta(account, False, True), AccountMeta(payer, False, False)]
    metas += [AccountMeta(key, False, False) for key in (mint, SYSTEM, program)]
    return Instruction(accounts.ATA, CREATE_IDEMPOTENT, metas)


def _told(ix: Instruction) -> Json:
    metas = [{"pubkey": str(one.pubkey), "isSigner": one.is_signer, "isWritable": one.is_writable} for one in ix.accounts]
    return {"programId": str(ix.program_id), "accounts": metas, "data": base64.b64encode(ix.data).decode()}


def _address(query: dict[str, str], name: str) -> Pubkey:
    try:
        return Pubkey.from_string(query[name])
    except (KeyError, ValueError) as error:
        raise BuildError("INVALID_REQUEST", f"Query parameter {name} is missing or no public key") from error


def _whole(query: dict[str, str], name: str, default: int | None = None) -> int:
    text = query.get(name)
    if text is None and default is not None:
        return default
    if text is None or not text.isascii() or not text.isdigit() or not 0 <= int(text) < 2**64:
        raise BuildError("INVALID_REQUEST", f"Query parameter {name} must be a whole number")
    return int(text)
