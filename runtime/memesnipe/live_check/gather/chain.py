"""What the RPC host says: which chain, whether it is well, whether it moves, and what the wallet holds."""

import asyncio
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from memesnipe.chain.clients.rpc_types import Height, KeyedAccount
from memesnipe.chain.programs import JUPITER_PROGRAM, TOKEN_2022_PROGRAM, TOKEN_PROGRAM, WRAPPED_SOL_MINT
from memesnipe.kernel.clock import NS_PER_MS, Clock
from memesnipe.live_check.facts import Blocks, Genesis, Health, Holding, Seen, Unseen, Unused
from memesnipe.live_check.gather.probe import Probe, Unanswered
from memesnipe.live_check.installation import Installation
from memesnipe.messages.bounds import Lamports, Pubkey

BLOCKS_APART_S = 2.0
"""Five slots of mainnet: a height that stays for so long is stuck."""
WALLET_UNKNOWN = "which wallet it is, is not known: see to `keys: wallet file`, or set MEMESNIPE_WALLET_PUBKEY (chart: wallet.pubkey)"
CONFIRMED = {"commitment": "confirmed"}
_TEXT = msgspec.json.Decoder(str)
_NUMBER: "msgspec.json.Decoder[int]" = msgspec.json.Decoder(Height)
_TIME: "msgspec.json.Decoder[int | None]" = msgspec.json.Decoder(Height | None)
_GENESIS: "msgspec.json.Decoder[str]" = msgspec.json.Decoder(Pubkey)


class _Accounts(msgspec.Struct, frozen=True):
    value: Annotated[tuple[KeyedAccount, ...], Meta(max_length=10_000)]


class _Balance(msgspec.Struct, frozen=True):
    value: Lamports


class _Fee(msgspec.Struct, frozen=True, rename="camel"):
    priority_fee_estimate: Annotated[float, Meta(ge=0, le=1e12)]


_ACCOUNTS = msgspec.json.Decoder(_Accounts)
_BALANCE = msgspec.json.Decoder(_Balance)
_FEE = msgspec.json.Decoder(_Fee)


async def genesis(place: Installation, probe: Probe) -> Genesis:
    """Which chain. Raises Unanswered."""
    return Genesis(*await probe.rpc(place.chain_url, "getGenesisHash", [], _GENESIS))


async def second_rpc(place: Installation, probe: Probe) -> Genesis | Unused:
    """The second opinion on expiry, where one is named. Raises Unanswered."""
    if not place.guard.rpc_check_url:
        return Unused()
    return Genesis(*await probe.rpc(place.guard.rpc_check_url, "getGenesisHash", [], _GENESIS))


async def health(place: Installation, probe: Probe) -> Health:
    """Whether the node is well; one that is behind says so as an error. Raises Unanswered."""
    try:
        said, latency_ms = await probe.rpc(place.chain_url, "getHealth", [], _TEXT)
    except Unanswered as error:
        if error.status == 200:  # it answered, with the JSON-RPC error of a node that is behind
            return Health(str(error), 0)
        raise
    return Health("" if said == "ok" else said[:160], latency_ms)


async def blocks(place: Installation, probe: Probe, clock: Clock) -> Blocks:
    """The height twice, and how old the newest block is. Raises Unanswered."""
    first, _ = await probe.rpc(place.chain_url, "getBlockHeight", [CONFIRMED], _NUMBER)
    started_ns = clock.now_ns()
    slot, _ = await probe.rpc(place.chain_url, "getSlot", [CONFIRMED], _NUMBER)
    age_ms = await _age_ms(place, probe, clock, slot)
    await asyncio.sleep(BLOCKS_APART_S)
    second, _ = await probe.rpc(place.chain_url, "getBlockHeight", [CONFIRMED], _NUMBER)
    return Blocks(first, second, (clock.now_ns() - started_ns) // NS_PER_MS, age_ms)


async def _age_ms(place: Installation, probe: Probe, clock: Clock, slot: int) -> float | None:
    """A slot may have no block, and some hosts keep no times: then the Date headers must do."""
    try:
        time_s, _ = await probe.rpc(place.chain_url, "getBlockTime", [slot], _TIME)
    except Unanswered:
        return None
    return None if time_s is None else clock.now_ns() / NS_PER_MS - time_s * 1_000


async def priority_fee(place: Installation, probe: Probe) -> int:
    """Helius' estimate for swaps by Jupiter (micro-lamports for a unit). Raises Unanswered."""
    params: list[Any] = [{"accountKeys": [JUPITER_PROGRAM], "options": {"priorityLevel": "High"}}]
    estimate, _ = await probe.rpc(place.chain_url, "getPriorityFeeEstimate", params, _FEE)
    return -int(-estimate.priority_fee_estimate // 1)


async def balance(place: Installation, probe: Probe) -> Seen[int]:
    """The wallet's lamports. Raises Unanswered."""
    if not place.wallet:
        return Unseen(WALLET_UNKNOWN)
    found, _ = await probe.rpc(place.chain_url, "getBalance", [place.wallet, CONFIRMED], _BALANCE)
    return found.value


async def holding(place: Installation, probe: Probe) -> Seen[Holding]:
    """The wallet's tokens, of both token programs. Raises Unanswered."""
    if not place.wallet:
        return Unseen(WALLET_UNKNOWN)
    units: dict[str, int] = {}
    for program in (TOKEN_PROGRAM, TOKEN_2022_PROGRAM):
        params: list[Any] = [place.wallet, {"programId": program}, {"encoding": "jsonParsed", **CONFIRMED}]
        found, _ = await probe.rpc(place.chain_url, "getTokenAccountsByOwner", params, _ACCOUNTS)
        for each in found.value:
            units[each.held.mint] = units.get(each.held.mint, 0) + int(each.held.token_amount.amount)
    wrapped = units.pop(WRAPPED_SOL_MINT, 0)
    return Holding({mint: amount for mint, amount in units.items() if amount}, wrapped)
