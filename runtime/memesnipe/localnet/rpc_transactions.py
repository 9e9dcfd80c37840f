"""RPC that reads history: statuses, transactions, signatures of an address."""

from collections.abc import Callable
from typing import Any

from memesnipe.localnet.chain import BLOCKS_KEPT, Record
from memesnipe.localnet.node import Node
from memesnipe.localnet.rpc_errors import address, commitment, config, contextual, invalid, text
from memesnipe.localnet.transactions import status_of, told, version_allowed

Json = Any
STATUSES_MAX = 256
SIGNATURES_MAX = 1_000
RECENT_SLOTS = 150


def _statuses(node: Node, params: list[Json]) -> Json:
    asked = params[0] if params and isinstance(params[0], list) else None
    if asked is None or not all(isinstance(one, str) for one in asked):
        raise invalid("Invalid params: signatures must be an array of strings")
    if len(asked) > STATUSES_MAX:
        raise invalid(f"Too many inputs provided; max {STATUSES_MAX}")
    oldest = 0 if config(params, 1).get("searchTransactionHistory") else node.chain.slot - RECENT_SLOTS
    found = [_wrongly(node, one) if node.faults.take("wrong_statuses") else known(node, one) for one in asked]
    return contextual(node, [status_of(one, node.chain) if one and one.slot >= oldest else None for one in found])


def known(node: Node, signature: str, lag_slots: int = 0) -> Record | None:
    """A record as far as this node's index knows it by now: with its lag, it knows a user's later than it landed."""
    record = node.chain.records.get(signature)
    lag = max(lag_slots, node.faults.switches.hidden_slots)
    return None if record is None or (not record.synthetic and node.chain.slot - record.slot < lag) else record


def _wrongly(node: Node, signature: str) -> Record | None:
    """The newest user's transaction that is not the one asked for."""
    others = (one for one in reversed(node.chain.records.values()) if not one.synthetic and one.signature != signature)
    return next(others, None)


def _transaction(node: Node, params: list[Json]) -> Json:
    signature = text(params, 0, "signature")
    options = {"encoding": params[1]} if len(params) > 1 and isinstance(params[1], str) else config(params, 1)
    record = known(node, signature, node.faults.switches.history_lag_slots)
    if node.faults.take("wrong_transactions"):
        record = _wrongly(node, signature) or record
    if record is None or record.slot > node.chain.slot_at(commitment(options)):
        return None
    version_allowed(record, options)
    return {"slot": record.slot, "blockTime": record.block_time, **told(record, str(options.get("encoding", "json")))}


def _signatures(node: Node, params: list[Json]) -> list[Json]:
    """Newest first; `before` and `until` are exclusive."""
    key, options = str(address(params)), config(params, 1)
    limit = options.get("limit", SIGNATURES_MAX)
    if not isinstance(limit, int) or isinstance(limit, bool) or not 0 < limit <= SIGNATURES_MAX:
        raise invalid(f"Invalid limit; max {SIGNATURES_MAX}")
    newest = node.chain.slot_at(commitment(options))
    listed = [record for signature in reversed(node.chain.by_address.get(key, {})) if (record := known(node, signature))]
    listed = _between([record for record in listed if record.slot <= newest], options)
    return [_signature_line(record, node) for record in listed[:limit]]


def _between(listed: list[Record], options: dict[str, Json]) -> list[Record]:
    names = [record.signature for record in listed]
    start = names.index(options["before"]) + 1 if options.get("before") in names else 0
    end = names.index(options["until"]) if options.get("until") in names else len(names)
    return listed[start:end]


def _signature_line(record: Record, node: Node) -> Json:
    head = {"signature": record.signature, "slot": record.slot, "err": record.meta["err"], "memo": None}
    return {**head, "blockTime": record.block_time, "confirmationStatus": node.chain.commitment_of(record.slot)}


METHODS: dict[str, Callable[[Node, list[Json]], Json]] = {
    "getSignatureStatuses": _statuses,
    "getTransaction": _transaction,
    "getSignaturesForAddress": _signatures,
    "getTransactionCount": lambda node, params: len(node.chain.records),
    "minimumLedgerSlot": lambda node, params: max(0, node.chain.slot - BLOCKS_KEPT),
}
