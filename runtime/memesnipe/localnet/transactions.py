"""A landed transaction as RPC tells it, in each encoding."""

import base64
from typing import Any

from solders.message import MessageV0
from solders.transaction import VersionedTransaction

from memesnipe.localnet.base58 import encode as base58
from memesnipe.localnet.chain import Chain, Record
from memesnipe.localnet.message import is_writable
from memesnipe.localnet.rpc_errors import UNSUPPORTED_VERSION, RpcError, invalid

Json = Any


def version_allowed(record: Record, options: dict[str, Json]) -> None:
    """A reader that does not say it can read a version gets an error instead of the transaction."""
    limit = options.get("maxSupportedTransactionVersion")
    if record.version == "legacy" or (isinstance(limit, int) and int(record.version) <= limit):
        return
    hint = f'configuration parameter: "maxSupportedTransactionVersion": {record.version}'
    problem = f"Transaction version ({record.version}) is not supported by the requesting client."
    message = f"{problem} Please try the request again with the following {hint}"
    raise RpcError(UNSUPPORTED_VERSION, message)


def told(record: Record, encoding: str) -> dict[str, Json]:
    """`transaction`, `meta` and `version` of a record."""
    return {"transaction": _body(record, encoding), "meta": _meta(record, encoding), "version": record.version}


def status_of(record: Record, chain: Chain) -> dict[str, Json]:
    """One entry of getSignatureStatuses."""
    settled = chain.commitment_of(record.slot)
    confirmations = None if settled == "finalized" else chain.slot - record.slot
    head = {"slot": record.slot, "confirmations": confirmations, "err": record.meta["err"]}
    return {**head, "status": record.meta["status"], "confirmationStatus": settled}


def _body(record: Record, encoding: str) -> Json:
    if encoding == "base64":
        return [base64.b64encode(record.raw).decode(), "base64"]
    if encoding == "base58":
        return [base58(record.raw), "base58"]
    if encoding not in ("json", "jsonParsed"):
        raise invalid(f"Invalid params: unknown encoding {encoding}")
    tx = VersionedTransaction.from_bytes(record.raw)
    signatures = [str(signature) for signature in tx.signatures]
    return {"signatures": signatures, "message": _message(tx, record) if encoding == "json" else _parsed_message(tx, record)}


def _message(tx: VersionedTransaction, record: Record) -> Json:
    message, header = tx.message, tx.message.header
    body = {
        "header": {
            "numRequiredSignatures": header.num_required_signatures,
            "numReadonlySignedAccounts": header.num_readonly_signed_accounts,
            "numReadonlyUnsignedAccounts": header.num_readonly_unsigned_accounts,
        },
        "accountKeys": [str(key) for key in message.account_keys],
        "recentBlockhash": str(message.recent_blockhash),
        "instructions": [
            {"programIdIndex": ix.program_id_index, "accounts": list(ix.accounts), "data": base58(ix.data), "stackHeight": 1}
            for ix in message.instructions
        ],
    }
    return {**body, "addressTableLookups": _lookups(message)} if isinstance(message, MessageV0) else body


def _lookups(message: MessageV0) -> Json:
    return [
        {"accountKey": str(one.account_key), "writableIndexes": list(one.writable_indexes), "readonlyIndexes": list(one.readonly_indexes)}
        for one in message.address_table_lookups
    ]


def _parsed_message(tx: VersionedTransaction, record: Record) -> Json:
    """jsonParsed with every instruction partially decoded: the shape a node gives for a program it has no parser for."""
    message, static = tx.message, len(tx.message.account_keys)
    loaded_writable = len(record.meta["loadedAddresses"]["writable"])
    keys = [
        {
            "pubkey": key,
            "signer": at < message.header.num_required_signatures,
            "writable": is_writable(message, at) if at < static else at < static + loaded_writable,
            "source": "transaction" if at < static else "lookupTable",
        }
        for at, key in enumerate(record.keys)
    ]
    steps = [_partial(ix.program_id_index, list(ix.accounts), base58(ix.data), 1, record) for ix in message.instructions]
    return {"accountKeys": keys, "recentBlockhash": str(message.recent_blockhash), "instructions": steps}


def _partial(program: int, accounts: list[int], data: str, height: int, record: Record) -> Json:
    return {"programId": record.keys[program], "accounts": [record.keys[at] for at in accounts], "data": data, "stackHeight": height}


def _meta(record: Record, encoding: str) -> Json:
    if encoding != "jsonParsed":
        return record.meta
    inner = [
        {"index": group["index"], "instructions": [_partial(*_fields(step), record) for step in group["instructions"]]}
        for group in record.meta["innerInstructions"]
    ]
    return {**{name: value for name, value in record.meta.items() if name != "loadedAddresses"}, "innerInstructions": inner}


def _fields(step: Json) -> tuple[int, list[int], str, int]:
    return step["programIdIndex"], step["accounts"], step["data"], step["stackHeight"]
