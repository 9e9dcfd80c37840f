"""RPC about the cluster and its blocks: slots, heights, blockhashes, fees of late."""

from collections.abc import Callable
from typing import Any

from memesnipe.chain import programs
from memesnipe.localnet import accounts, seeds
from memesnipe.localnet.chain import FIRST_SLOT, HEIGHT_LAG
from memesnipe.localnet.node import Node
from memesnipe.localnet.rpc_errors import API_VERSION, BLOCK_NOT_AVAILABLE, RpcError, commitment, config, contextual, natural, text
from memesnipe.localnet.transactions import told, version_allowed

Json = Any
SLOTS_PER_EPOCH = 432_000
LEVELS_MICRO_LAMPORTS = {"min": 0, "low": 1_000, "medium": 10_000, "high": 50_000, "veryHigh": 200_000, "unsafeMax": 2_000_000}
LEVEL_NAMES = {"Min": "min", "Low": "low", "Medium": "medium", "High": "high", "VeryHigh": "veryHigh", "UnsafeMax": "unsafeMax"}


def _latest_blockhash(node: Node, params: list[Json]) -> Json:
    blockhash, last_valid = node.chain.blockhash(commitment(config(params, 0)))
    told = last_valid + node.faults.switches.expiry_lie_blocks
    return contextual(node, {"blockhash": blockhash, "lastValidBlockHeight": max(0, told)})


def _is_valid(node: Node, params: list[Json]) -> Json:
    height = node.chain.blockhash_height(text(params, 0, "blockhash"))
    newest = node.chain.slot_at(commitment(config(params, 1))) - HEIGHT_LAG
    return contextual(node, height is not None and height <= newest <= height + programs.BLOCKHASH_LIFE_BLOCKS)


def _slot(node: Node, params: list[Json]) -> int:
    return node.chain.slot_at(commitment(config(params, 0)))


def _height(node: Node, params: list[Json]) -> int:
    return node.faults.height(_slot(node, params) - HEIGHT_LAG)


def _epoch(node: Node, params: list[Json]) -> Json:
    slot = _slot(node, params)
    epoch, index = divmod(slot, SLOTS_PER_EPOCH)
    told = {"absoluteSlot": slot, "blockHeight": _height(node, params), "epoch": epoch, "slotIndex": index}
    return {**told, "slotsInEpoch": SLOTS_PER_EPOCH, "transactionCount": len(node.chain.records)}


def _block(node: Node, params: list[Json]) -> Json:
    slot, options = natural(params, 0, "slot"), config(params, 1)
    block = node.chain.blocks.get(slot)
    if block is None or slot > node.chain.slot_at(commitment(options)):
        raise RpcError(BLOCK_NOT_AVAILABLE, f"Block not available for slot {slot}")
    head: dict[str, Json] = {"blockHeight": slot - HEIGHT_LAG, "blockTime": block.unix_s, "parentSlot": slot - 1}
    head |= {
        name: str(seeds.blockhash(node.settings.seed, slot - HEIGHT_LAG - back))
        for name, back in (("blockhash", 0), ("previousBlockhash", 1))
    }
    if options.get("transactionDetails") == "none":
        return head
    if options.get("transactionDetails") == "signatures":
        return {**head, "signatures": [record.signature for record in block.records]}
    for record in block.records:
        version_allowed(record, options)
    return {**head, "transactions": [told(record, str(options.get("encoding", "json"))) for record in block.records]}


def _blocks(node: Node, params: list[Json]) -> list[int]:
    first = natural(params, 0, "start slot")
    last = natural(params, 1, "end slot") if len(params) > 1 and isinstance(params[1], int) else node.chain.slot_at("finalized")
    return list(range(max(first, FIRST_SLOT), min(last, node.chain.slot_at("confirmed")) + 1))


def _recent_fees(node: Node, params: list[Json]) -> list[Json]:
    newest = node.chain.slot
    return [{"slot": slot, "prioritizationFee": _level(node, slot, "low")} for slot in range(max(FIRST_SLOT, newest - 149), newest + 1)]


def _fee_estimate(node: Node, params: list[Json]) -> Json:
    """Helius: floats, micro-lamports per compute unit."""
    options = config(params, 0).get("options") or {}
    levels = {name: float(_level(node, node.chain.slot, name)) for name in LEVELS_MICRO_LAMPORTS}
    if options.get("includeAllPriorityFeeLevels"):
        return {"priorityFeeLevels": levels}
    return {"priorityFeeEstimate": levels[LEVEL_NAMES.get(str(options.get("priorityLevel", "Medium")), "medium")]}


def _level(node: Node, slot: int, name: str) -> int:
    """Fees breathe with the seed, a few per cent from slot to slot."""
    return LEVELS_MICRO_LAMPORTS[name] * (900 + seeds.derive(node.settings.seed, "fee", slot // 4)[0]) // 1000


def _rent(node: Node, params: list[Json]) -> int:
    return accounts.rent_lamports(natural(params, 0, "size"))


METHODS: dict[str, Callable[[Node, list[Json]], Json]] = {
    "getHealth": lambda node, params: "ok",
    "getVersion": lambda node, params: {"solana-core": API_VERSION, "feature-set": 0},
    "getGenesisHash": lambda node, params: node.genesis,
    "getSlot": _slot,
    "getBlockHeight": _height,
    "getLatestBlockhash": _latest_blockhash,
    "isBlockhashValid": _is_valid,
    "getEpochInfo": _epoch,
    "getBlock": _block,
    "getBlocks": _blocks,
    "getBlockTime": lambda node, params: _block(
        node, [natural(params, 0, "slot"), {"transactionDetails": "none", "commitment": "processed"}]
    )["blockTime"],
    "getFirstAvailableBlock": lambda node, params: FIRST_SLOT,
    "getMinimumBalanceForRentExemption": _rent,
    "getRecentPrioritizationFees": _recent_fees,
    "getPriorityFeeEstimate": _fee_estimate,
}
