"""Jito's block engine and the Helius Sender: bundles that land whole or not at all, single sends that must pay a tip.

Bundles default to base58; their id is the SHA-256 of the signatures joined by commas. A bundle is judged at the next slot.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from solders.system_program import decode_transfer
from solders.transaction import VersionedTransaction

from memesnipe.chain import programs
from memesnipe.localnet import fees, message, rpc, rpc_submit
from memesnipe.localnet.chain import BundleState, Submission
from memesnipe.localnet.message import LoadError, Resolved
from memesnipe.localnet.node import Node
from memesnipe.localnet.rpc_errors import config, contextual, invalid, text

Json = Any
BUNDLE_MAX = 5
IDS_MAX = 5
TIP_FLOOR_SOL = {"25th": 1e-6, "50th": 1e-5, "75th": 3.6e-5, "95th": 0.0014, "99th": 0.01}


def tip_lamports(resolved: Resolved, tip_accounts: tuple[str, ...]) -> int:
    """What the transaction's own System transfers pay to tip accounts."""
    paid = 0
    for ix in resolved.instructions:
        if str(ix.program_id) == programs.SYSTEM_PROGRAM and ix.data[:4] == b"\x02\0\0\0" and str(ix.accounts[1].pubkey) in tip_accounts:
            paid += decode_transfer(ix)["lamports"]
    return paid


def _bundle(node: Node, params: list[Json]) -> str:
    listed, encoding = params[0] if params else None, rpc_submit.encoding_of(config(params, 1))
    if not isinstance(listed, list) or not 0 < len(listed) <= BUNDLE_MAX or not all(isinstance(one, str) for one in listed):
        raise invalid(f"a bundle holds 1 to {BUNDLE_MAX} transactions")
    return submit_bundle(node, [rpc_submit.read(one, encoding) for one in listed])


def submit_bundle(node: Node, transactions: list[VersionedTransaction]) -> str:
    """Queue a bundle under its id; the same bundle again changes nothing."""
    signatures = [str(tx.signatures[0]) for tx in transactions]
    identity = hashlib.sha256(",".join(signatures).encode()).hexdigest()
    if not any(_tip(node, tx) >= programs.JITO_TIP_LAMPORTS_MIN for tx in transactions):
        raise invalid("Bundles must write lock at least one tip account and pay it")
    known = node.chain.bundles.get(identity)
    if known is None or known.status == "Failed":
        node.chain.bundles[identity] = BundleState(signatures)
        node.chain.submit(Submission(transactions, identity))
    return identity


def _tip(node: Node, tx: VersionedTransaction) -> int:
    try:
        return tip_lamports(message.resolve(tx, node.chain.bank), programs.JITO_TIP_ACCOUNTS)
    except LoadError:
        return 0


def _ids(params: list[Json]) -> list[str]:
    listed = params[0] if params else None
    if not isinstance(listed, list) or len(listed) > IDS_MAX:
        raise invalid(f"at most {IDS_MAX} bundle ids")
    return [str(one) for one in listed]


def _statuses(node: Node, params: list[Json]) -> Json:
    out: list[Json] = []
    for identity in _ids(params):
        state = node.chain.bundles.get(identity)
        if state is None or state.slot is None:
            out.append(None)
            continue
        told = {"bundle_id": identity, "transactions": state.signatures, "slot": state.slot}
        out.append({**told, "confirmation_status": node.chain.commitment_of(state.slot), "err": {"Ok": None}})
    return contextual(node, out)


def _inflight(node: Node, params: list[Json]) -> Json:
    out = []
    for identity in _ids(params):
        state = node.chain.bundles.get(identity) or BundleState([], "Invalid")
        out.append({"bundle_id": identity, "status": state.status, "landed_slot": state.slot})
    return contextual(node, out)


METHODS: dict[str, Callable[[Node, list[Json]], Json]] = {
    "sendBundle": _bundle,
    "getBundleStatuses": _statuses,
    "getInflightBundleStatuses": _inflight,
    "getTipAccounts": lambda node, params: list(programs.JITO_TIP_ACCOUNTS),
}


async def transactions(request: web.Request, node: Node) -> web.Response:
    """POST /api/v1/transactions: preflight is skipped; `?bundleOnly=true` lands it as a bundle of one, or not at all."""
    only = request.query.get("bundleOnly") == "true"
    identities: list[str] = []

    def send(on: Node, params: list[Json]) -> str:
        tx = rpc_submit.read(text(params, 0, "transaction"), rpc_submit.encoding_of(config(params, 1)))
        if only:
            identities.append(submit_bundle(on, [tx]))
            return str(tx.signatures[0])
        return rpc_submit.send(on, tx, skip_preflight=True)

    response = await rpc.handle(request, node, {"sendTransaction": send})
    if identities:
        response.headers["x-bundle-id"] = identities[-1]
    return response


async def tip_floor(request: web.Request, node: Node) -> web.Response:
    """GET /api/v1/bundles/tip_floor, in SOL."""
    told: dict[str, Json] = {f"landed_tips_{name}_percentile": sol for name, sol in TIP_FLOOR_SOL.items()}
    at = datetime.fromtimestamp(node.chain.unix_s, UTC).isoformat()
    return web.json_response([{"time": at, **told, "ema_landed_tips_50th_percentile": TIP_FLOOR_SOL["50th"]}])


async def sender(request: web.Request, node: Node) -> web.Response:
    """POST /fast: skipPreflight, maxRetries 0, a tip to a Helius tip account and a priority fee, or nothing is sent."""
    swqos = request.query.get("swqos_only") == "true"
    least = programs.HELIUS_SWQOS_TIP_LAMPORTS_MIN if swqos else programs.HELIUS_TIP_LAMPORTS_MIN

    def send(on: Node, params: list[Json]) -> str:
        options = config(params, 1)
        if options.get("skipPreflight") is not True or options.get("maxRetries") != 0:
            raise invalid("Sender requires skipPreflight: true and maxRetries: 0")
        tx = rpc_submit.read(text(params, 0, "transaction"), rpc_submit.encoding_of(options))
        _pays(on, tx, least)
        return rpc_submit.send(on, tx, skip_preflight=True)

    return await rpc.handle(request, node, {"sendTransaction": send})


def _pays(node: Node, tx: VersionedTransaction, least: int) -> None:
    try:
        resolved = message.resolve(tx, node.chain.bank)
    except LoadError as error:
        raise invalid(f"transaction cannot be loaded: {error}") from error
    if tip_lamports(resolved, programs.HELIUS_TIP_ACCOUNTS) < least:
        raise invalid(f"transaction must send a tip of at least {least} lamports to a tip account")
    if fees.budget(resolved).priority_lamports <= 0:
        raise invalid("transaction must set a priority fee")
