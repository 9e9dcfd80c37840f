"""Solana JSON-RPC (and Helius' additions to it) as typed calls.

Reads are asked again when the host does not answer; `send` never is: its caller resends the same bytes by its own plan.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from solana.rpc.commitment import Commitment, Confirmed, Finalized, Processed

from memesnipe.chain.clients import json_rpc
from memesnipe.chain.clients import rpc_types as types
from memesnipe.chain.clients.limits import Lane, Rate
from memesnipe.chain.clients.transport import Transport, bad_input, parsed, reading
from memesnipe.kernel.errors import Refused

T = TypeVar("T")
SEND = "sendTransaction"
SIGNATURES_MAX = 256
ACCOUNTS_MAX = 100
DEFAULT_RATE = Rate(per_s=10.0, burst=20, reserved=4)
_TEXT = msgspec.json.Decoder(str)
_NUMBER: "msgspec.json.Decoder[int]" = msgspec.json.Decoder(types.Height)
_BLOCKHASH = msgspec.json.Decoder(types.LatestBlockhash)
_VALID = msgspec.json.Decoder(types.Valid)
_BALANCE = msgspec.json.Decoder(types.Balance)
_ACCOUNTS = msgspec.json.Decoder(types.Accounts)
_LARGEST = msgspec.json.Decoder(types.LargestAccounts)
_MATCHING: "msgspec.json.Decoder[tuple[types.Matching, ...]]" = msgspec.json.Decoder(tuple[types.Matching, ...])
_STATUSES = msgspec.json.Decoder(types.SignatureStatuses)
_LANDED: "msgspec.json.Decoder[types.Landed | None]" = msgspec.json.Decoder(types.Landed | None)
_SIMULATION = msgspec.json.Decoder(types.Simulation)
_PRIORITY_FEES = msgspec.json.Decoder(types.PriorityFees)
_ALREADY_PROCESSED = "already"


class SolanaRpc:
    """One RPC host. Commitment `confirmed` unless a call says otherwise."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @classmethod
    def at(cls, url: str, rate: Rate = DEFAULT_RATE, timeout_s: float = 5.0, sends: Rate | None = None) -> "SolanaRpc":
        """Return a client of the host at `url` (an API key may be in its query). `sends`: where the host counts sends by themselves."""
        return cls(Transport("rpc", url, rate=rate, timeout_s=timeout_s, apart={SEND: sends} if sends else {}))

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def genesis(self) -> str:
        """Return the cluster's genesis hash: which chain this is."""
        return await self._read("getGenesisHash", [], _TEXT)

    async def block_height(self, commitment: Commitment = Finalized, lane: Lane = Lane.NORMAL) -> int:
        """Return the block height (not the slot): the number a blockhash's life is counted in."""
        return await self._read("getBlockHeight", [{"commitment": commitment}], _NUMBER, lane)

    async def slot(self, commitment: Commitment = Confirmed) -> int:
        """Return the current slot."""
        return await self._read("getSlot", [{"commitment": commitment}], _NUMBER)

    async def latest_blockhash(self, commitment: Commitment = Confirmed, lane: Lane = Lane.NORMAL) -> types.Blockhash:
        """Return a fresh blockhash and the last height it is valid at."""
        return (await self._read("getLatestBlockhash", [{"commitment": commitment}], _BLOCKHASH, lane)).value

    async def blockhash_valid(self, blockhash: str, lane: Lane = Lane.NORMAL) -> bool:
        """Return whether the newest block the host has processed could still take a transaction with this blockhash."""
        return (await self._read("isBlockhashValid", [blockhash, {"commitment": Processed}], _VALID, lane)).value

    async def balance(self, wallet: str, commitment: Commitment = Confirmed) -> int:
        """Return a wallet's lamports."""
        return (await self._read("getBalance", [wallet, {"commitment": commitment}], _BALANCE)).value

    async def accounts(self, keys: Sequence[str], lane: Lane = Lane.NORMAL) -> tuple[types.Account | None, ...]:
        """Return accounts in the order asked. Raises BadInput when the host answers for another number of keys."""
        options = {"commitment": Confirmed, "encoding": "base64"}
        answer = await self._read("getMultipleAccounts", [list(keys[:ACCOUNTS_MAX]), options], _ACCOUNTS, lane)
        return self._as_many(answer.value, len(keys))

    async def statuses(self, signatures: Sequence[str], lane: Lane = Lane.NORMAL) -> tuple[types.SignatureStatus | None, ...]:
        """Return what is known of at most 256 signatures, the history included."""
        params = [list(signatures[:SIGNATURES_MAX]), {"searchTransactionHistory": True}]
        answer = await self._read("getSignatureStatuses", params, _STATUSES, lane)
        return self._as_many(answer.value, len(signatures))

    async def transaction(self, signature: str, commitment: Commitment = Confirmed, lane: Lane = Lane.NORMAL) -> types.Landed | None:
        """Return a landed transaction with its effects, None while the host does not have it."""
        options = {"commitment": commitment, "encoding": "base64", "maxSupportedTransactionVersion": 1}
        return await self._read("getTransaction", [signature, options], _LANDED, lane)

    async def largest_accounts(self, mint: str, lane: Lane = Lane.NORMAL) -> tuple[types.LargestAccount, ...]:
        """Return a token's largest accounts (at most 20). Raises Refused where the host does not take it for a mint."""
        return (await self._read("getTokenLargestAccounts", [mint, {"commitment": Confirmed}], _LARGEST, lane)).value

    async def matching_accounts(self, program: str, offsets: Mapping[int, str], lane: Lane = Lane.NORMAL) -> int:
        """Return how many of a program's accounts hold these bytes (base58) at these offsets. No data is asked for; may be slow."""
        filters = [{"memcmp": {"offset": offset, "bytes": value}} for offset, value in offsets.items()]
        options = {"commitment": Confirmed, "encoding": "base64", "dataSlice": {"offset": 0, "length": 0}, "filters": filters}
        found = await self._read("getProgramAccounts", [program, options], _MATCHING, lane)
        return len(found)

    async def simulate(self, transaction: bytes, lane: Lane = Lane.NORMAL) -> types.SimulationValue:
        """Return what the chain would do with an unsigned transaction now. Advice only: the state moves on."""
        options = {"encoding": "base64", "sigVerify": False, "replaceRecentBlockhash": False, "commitment": Confirmed}
        params = [base64.b64encode(transaction).decode(), options]
        return (await self._read("simulateTransaction", params, _SIMULATION, lane)).value

    async def priority_fees(self, accounts: Sequence[str], lane: Lane = Lane.NORMAL) -> types.PriorityFeeLevels:
        """Return what others paid lately to write these accounts (Helius). Asked once: by its second answer it would be too late.

        The estimate is good for writable accounts only. Raises Unavailable, BadInput, Refused (a host without this method).
        """
        params = [{"accountKeys": list(accounts[:ACCOUNTS_MAX]), "options": {"includeAllPriorityFeeLevels": True}}]
        return (await self._call("getPriorityFeeEstimate", params, _PRIORITY_FEES, lane)).priority_fee_levels

    async def send(self, transaction: bytes, lane: Lane = Lane.NORMAL) -> None:
        """Hand a signed transaction to the host, once. Returning means no more than that it was taken.

        Raises Unavailable (unknown: it may land) and Refused(CHAIN_FAILED) when the host would not forward it, which is not
        proof either: the caller judges by signature, never by this answer.
        """
        options = {"encoding": "base64", "skipPreflight": True, "maxRetries": 0}
        try:
            await self._call(SEND, [base64.b64encode(transaction).decode(), options], _TEXT, lane)
        except Refused as error:
            if _ALREADY_PROCESSED not in error.detail.lower():
                raise  # "already processed" is what a resend is for

    async def _read(self, method: str, params: list[Any], decoder: "msgspec.json.Decoder[T]", lane: Lane = Lane.NORMAL) -> T:
        return await reading(lambda: self._call(method, params, decoder, lane))

    async def _call(self, method: str, params: list[Any], decoder: "msgspec.json.Decoder[T]", lane: Lane) -> T:
        envelope = await json_rpc.ask(self._transport, "/", method, params, lane)
        return parsed(f"rpc.{method}", json_rpc.result_of("rpc", method, envelope), decoder)

    def _as_many(self, values: tuple[T, ...], count: int) -> tuple[T, ...]:
        if len(values) != count:
            raise bad_input("rpc", "value", f"{len(values)} answers for {count} questions")
        return values
