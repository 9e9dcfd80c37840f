"""The localnet's own doors, part of no vendor's API: list and set pools, move the clock, look inside."""

from typing import Any

import msgspec
from aiohttp import web
from solders.account import Account
from solders.pubkey import Pubkey

from memesnipe.chain import programs
from memesnipe.localnet import accounts, pools, synthetic
from memesnipe.localnet.curve import Outcome, ceil_bps
from memesnipe.localnet.market import blank_pool
from memesnipe.localnet.node import Node
from memesnipe.localnet.pools import Kind, Pool, Side
from memesnipe.localnet.switches import Switches

Json = Any
TICKS_MAX = 10_000


class PoolState(msgspec.Struct, forbid_unknown_fields=True):
    """A recorded state. Omitted fields keep what the pool has; a new mint starts as a fresh pool of its kind."""

    mint: str
    kind: Kind = "bonding_curve"
    virtual_quote_lamports: int | None = None
    virtual_base_units: int | None = None
    real_quote_lamports: int | None = None
    real_base_units: int | None = None
    protocol_fee_bps: int | None = None
    creator_fee_bps: int | None = None
    symbol: str | None = None
    name: str | None = None
    uri: str | None = None
    creator: str | None = None
    decimals: int | None = None
    slot: int | None = None
    """Accepted and ignored: the localnet's own slot is the one on chain."""


class RawAccount(msgspec.Struct, forbid_unknown_fields=True):
    """An account as it shall be: base58 addresses, data in base64 (by default none), lamports enough to exist."""

    address: str
    owner: str
    data: bytes = b""
    lamports: int = 10_000_000


async def list_pools(request: web.Request, node: Node) -> web.Response:
    """GET /localnet/pools"""
    return web.json_response([told(pool) for pool in node.chain.market.all()])


def told(pool: Pool) -> dict[str, Json]:
    """A pool with its marginal price in lamports per whole token."""
    return {**msgspec.structs.asdict(pool), "price_lamports": pools.price_lamports_per_token(pool)}


async def set_pool(request: web.Request, node: Node) -> web.Response:
    """POST /localnet/pool: upsert; the same state twice changes nothing. A change is an event in the open block."""
    try:
        state = msgspec.json.decode(await request.read(), type=PoolState)
        Pubkey.from_string(state.mint)
    except (msgspec.DecodeError, ValueError) as error:
        return web.json_response({"error": str(error)}, status=400)
    fields = {
        name: value for name, value in msgspec.structs.asdict(state).items() if value is not None and name not in ("mint", "kind", "slot")
    }
    if any(isinstance(value, int) and not 0 <= value < 2**64 for value in fields.values()):
        return web.json_response({"error": "amounts are u64"}, status=400)
    before = node.chain.market.get(state.mint)
    pool = _upsert(node, state, fields)
    node.save()
    return web.json_response({"changed": pool != before, "pool": told(pool)})


def _upsert(node: Node, state: PoolState, fields: dict[str, Json]) -> Pool:
    chain = node.chain
    if (before := chain.market.get(state.mint)) is None:
        before = _opened(node, state, fields)
    if state.kind == "constant_product":
        fields |= {f"virtual_{side}": fields[f"real_{side}"] for side in ("quote_lamports", "base_units") if f"real_{side}" in fields}
    wanted = msgspec.structs.replace(before, **fields)
    if wanted == before:
        return before
    wanted = msgspec.structs.replace(wanted, last_slot=chain.slot)
    chain.market.overwrite(wanted)
    _tell(node, before, wanted)
    return wanted


def _opened(node: Node, state: PoolState, fields: dict[str, Json]) -> Pool:
    chain = node.chain
    creator = state.creator or programs.WRAPPED_SOL_MINT
    symbol = state.symbol or state.mint[:4].upper()
    pool = blank_pool(chain.settings.seed, Pubkey.from_string(state.mint), state.kind, symbol, state.name or symbol, creator)
    born = {"created_slot": chain.slot, "created_unix_s": chain.unix_s, "decimals": state.decimals or pool.decimals}
    pool = msgspec.structs.replace(pool, **born)
    chain.market.open(pool)
    if pool.kind == "bonding_curve":
        chain.defer(lambda: synthetic.record_create(chain, pool))
    return pool


def _tell(node: Node, before: Pool, pool: Pool) -> None:
    """The recorded trade behind a change of a curve, as its event, signed by nobody."""
    quote, base = pool.real_quote_lamports - before.real_quote_lamports, pool.real_base_units - before.real_base_units
    if pool.kind != "bonding_curve" or not quote or not base or (quote > 0) == (base > 0):
        return
    side: Side = "buy" if quote > 0 else "sell"
    fees = (ceil_bps(abs(quote), pool.protocol_fee_bps), ceil_bps(abs(quote), pool.creator_fee_bps))
    moved = Outcome(abs(base if side == "buy" else quote), quote, base, *fees)
    amount_in = quote + sum(fees) if side == "buy" else base
    node.chain.defer(lambda: synthetic.record_trade(node.chain, before, pool, side, amount_in, moved, pool.creator))


async def set_account(request: web.Request, node: Node) -> web.Response:
    """POST /localnet/account: write any account, whatever it held: a mint gone bad, a holder, an LP mint that is not burnt."""
    try:
        told = msgspec.json.decode(await request.read(), type=RawAccount)
        key, owner = Pubkey.from_string(told.address), Pubkey.from_string(told.owner)
        account = Account(told.lamports, told.data, owner, False, accounts.RENT_EPOCH)
    except (msgspec.DecodeError, ValueError, OverflowError) as error:
        return web.json_response({"error": str(error)}, status=400)
    node.chain.bank.put(key, account)
    node.save()
    return web.json_response({"address": str(key)})


async def tick(request: web.Request, node: Node) -> web.Response:
    """POST /localnet/tick {"slots": 1}"""
    body = await request.json() if request.can_read_body else {}
    slots = body.get("slots", 1) if isinstance(body, dict) else None
    if not isinstance(slots, int) or isinstance(slots, bool) or not 0 < slots <= TICKS_MAX:
        return web.json_response({"error": f"slots is 1 to {TICKS_MAX}"}, status=400)
    for _ in range(slots):
        node.tick()
    return web.json_response({"slot": node.chain.slot, "blockHeight": node.chain.height})


async def get_faults(request: web.Request, node: Node) -> web.Response:
    """GET /localnet/faults: what is left of them."""
    return web.json_response(msgspec.structs.asdict(node.faults.switches))


async def set_faults(request: web.Request, node: Node) -> web.Response:
    """POST /localnet/faults: replaces them all; `{}` is a good day."""
    try:
        node.faults.switches = msgspec.json.decode(await request.read(), type=Switches)
    except msgspec.DecodeError as error:
        return web.json_response({"error": str(error)}, status=400)
    return await get_faults(request, node)


async def state(request: web.Request, node: Node) -> web.Response:
    """GET /localnet/state"""
    chain = node.chain
    told = {"slot": chain.slot, "blockHeight": chain.height, "genesisHash": node.genesis, "seed": node.settings.seed}
    told |= {"slotMs": node.settings.slot_ms, "movedBy": node.settings.moved_by, "recording": _played(node)}
    told |= {"transactions": len(chain.records), "pools": len(chain.market.all())}
    return web.json_response(told)


def _played(node: Node) -> Json:
    """How far the recording is, in recorded slots; None without one."""
    if node.tape is None:
        return None
    return {"slots": len(node.tape.slots), "played": node.chain.progress.played, "rowsLeftOut": node.tape.rows_left_out}
