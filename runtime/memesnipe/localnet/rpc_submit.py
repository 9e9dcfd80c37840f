"""RPC that sends: preflight, simulation, airdrops, the fee of a message."""

import base64
import binascii
from collections.abc import Callable
from typing import Any

from aiohttp import web
from solders.message import from_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from memesnipe.chain import programs
from memesnipe.localnet import accounts, fees, message, rpc_accounts
from memesnipe.localnet.base58 import decode
from memesnipe.localnet.chain import Submission
from memesnipe.localnet.message import BadTransaction, LoadError, Resolved
from memesnipe.localnet.node import Node
from memesnipe.localnet.rpc_errors import (
    NODE_BEHIND,
    PREFLIGHT_FAILURE,
    SIGNATURE_FAILURE,
    RpcError,
    address,
    config,
    contextual,
    invalid,
    natural,
    text,
)

Json = Any
SENTENCES = {
    "AccountNotFound": "Attempt to debit an account but found no record of a prior credit.",
    "AlreadyProcessed": "This transaction has already been processed",
    "BlockhashNotFound": "Blockhash not found",
    "InsufficientFundsForFee": "Insufficient funds for fee",
    "InvalidProgramForExecution": "This program may not be used for executing instructions",
    "AddressLookupTableNotFound": "Transaction loads an address table account that doesn't exist",
}


def read(encoded: str, encoding: str) -> VersionedTransaction:
    """An encoded transaction, or the RPC error that says what is wrong with it."""
    try:
        raw = base64.b64decode(encoded, validate=True) if encoding == "base64" else decode(encoded)
    except (ValueError, binascii.Error) as error:
        raise invalid(f"invalid {encoding} encoding: {error}") from error
    try:
        return message.parse(raw)
    except BadTransaction as error:
        raise invalid(str(error)) from error


def encoding_of(options: dict[str, Json]) -> str:
    """base58 unless the caller says base64."""
    found = options.get("encoding", "base58")
    if found not in ("base58", "base64"):
        raise invalid(f"unsupported encoding: {found}. Supported encodings: base58, base64")
    return str(found)


def send(node: Node, tx: VersionedTransaction, skip_preflight: bool) -> str:
    """Queue a transaction; the same bytes again are answered with the same signature and change nothing."""
    signature = str(tx.signatures[0])
    if signature not in node.chain.records:
        if not skip_preflight:
            _preflight(node, tx)
        _queue(node, tx)
    return signature


def _queue(node: Node, tx: VersionedTransaction) -> None:
    if node.faults.take("lost_sends"):
        return
    if not node.chain.submit(Submission([tx], not_before=node.chain.slot + 1 + node.faults.switches.late_slots)):
        raise RpcError(NODE_BEHIND, "Node is behind: too many transactions are waiting")
    if node.faults.take("lost_answers"):
        raise web.HTTPServiceUnavailable


def _send(node: Node, params: list[Json]) -> str:
    options = config(params, 1)
    return send(node, read(text(params, 0, "transaction"), encoding_of(options)), bool(options.get("skipPreflight")))


def _preflight(node: Node, tx: VersionedTransaction) -> None:
    try:
        resolved = node.chain.check(tx)
    except LoadError as error:
        cause = str(error)
        if cause == "SignatureFailure":
            raise RpcError(SIGNATURE_FAILURE, "Transaction signature verification failure") from error
        raise _refusal(cause, [], 0) from error
    done, _ = node.chain.simulate(resolved)
    if done.err is not None:
        raise _refusal(done.err, done.meta["logMessages"], done.meta["computeUnitsConsumed"])


def _refusal(err: Json, logs: list[str], units: int) -> RpcError:
    data = {"err": err, "logs": logs, "accounts": None, "unitsConsumed": units, "returnData": None, "innerInstructions": None}
    return RpcError(PREFLIGHT_FAILURE, f"Transaction simulation failed: {sentence(err)}", data)


def sentence(err: Json) -> str:
    """A TransactionError in words, as a node says it."""
    if isinstance(err, dict) and "InstructionError" in err:
        at, cause = err["InstructionError"]
        custom = f"custom program error: {cause['Custom']:#x}" if isinstance(cause, dict) and "Custom" in cause else str(cause)
        return f"Error processing Instruction {at}: {custom}"
    return SENTENCES.get(err, str(err)) if isinstance(err, str) else "Transaction results in an account with insufficient funds for rent"


def _simulate(node: Node, params: list[Json]) -> Json:
    options = config(params, 1)
    tx = read(text(params, 0, "transaction"), encoding_of(options))
    if options.get("sigVerify") and options.get("replaceRecentBlockhash"):
        raise invalid("sigVerify may not be used with replaceRecentBlockhash")
    if options.get("sigVerify") and not all(tx.verify_with_results()):
        raise RpcError(SIGNATURE_FAILURE, "Transaction signature verification failure")
    known = node.chain.blockhash_height(str(tx.message.recent_blockhash)) is not None
    if not known and not options.get("replaceRecentBlockhash"):
        return contextual(node, _simulated("BlockhashNotFound", None))
    try:
        resolved = message.resolve(tx, node.chain.bank)
    except LoadError as error:
        return contextual(node, _simulated(str(error), None))
    value = _told(node, resolved, options)
    if options.get("replaceRecentBlockhash"):
        blockhash, last_valid = node.chain.blockhash("confirmed")
        value["replacementBlockhash"] = {"blockhash": blockhash, "lastValidBlockHeight": last_valid}
    return contextual(node, value)


def _told(node: Node, resolved: Resolved, options: dict[str, Json]) -> dict[str, Json]:
    done, after = node.chain.simulate(resolved)
    wanted = options.get("accounts") or {}
    asked = [Pubkey.from_string(key) for key in wanted.get("addresses", [])]
    listed = [rpc_accounts.told(after.get(key, node.chain.bank.get(key)), node.chain.bank, wanted) for key in asked] if wanted else None
    value = _simulated(done.err, listed)
    meta = done.meta
    value |= {"logs": meta["logMessages"], "unitsConsumed": meta["computeUnitsConsumed"], "fee": meta["fee"]}
    value |= {name: meta[name] for name in ("preBalances", "postBalances", "preTokenBalances", "postTokenBalances", "loadedAddresses")}
    if options.get("innerInstructions"):
        value["innerInstructions"] = meta["innerInstructions"]
    return value


def _simulated(err: Json, listed: Json) -> dict[str, Json]:
    return {"err": err, "logs": [], "accounts": listed, "unitsConsumed": 0, "returnData": None, "innerInstructions": None}


def _fee(node: Node, params: list[Json]) -> Json:
    try:
        parsed = from_bytes_versioned(base64.b64decode(text(params, 0, "message"), validate=True))
    except Exception as error:  # the binding raises types of its own
        raise invalid(f"failed to deserialize message: {error}") from error
    if node.chain.blockhash_height(str(parsed.recent_blockhash)) is None:
        return contextual(node, None)
    tx = VersionedTransaction.populate(parsed, [Signature.default()] * parsed.header.num_required_signatures)
    try:
        return contextual(node, fees.total_lamports(message.resolve(tx, node.chain.bank)))
    except LoadError:
        return contextual(node, None)


def _airdrop(node: Node, params: list[Json]) -> str:
    to, lamports = address(params), natural(params, 1, "lamports")
    if node.chain.bank.lamports(to) + lamports < accounts.rent_lamports(0) or lamports > 1_000_000 * programs.LAMPORTS_PER_SOL:
        raise invalid("Invalid params: airdrop outside what the faucet gives")
    return node.faucet.give(to, lamports)


METHODS: dict[str, Callable[[Node, list[Json]], Json]] = {
    "sendTransaction": _send,
    "simulateTransaction": _simulate,
    "getFeeForMessage": _fee,
    "requestAirdrop": _airdrop,
}
