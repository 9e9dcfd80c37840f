"""The wallet's finalized chain history as position_manager adopts it: movements that no order of ours made become wallet transfers.

Deposits, withdrawals and opening balances are the other half of the ledger: without them no sum of rows is the wallet's balance.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from memesnipe.chain.clients import json_rpc, rpc_types
from memesnipe.chain.clients.limits import Lane, Rate
from memesnipe.chain.clients.transport import Transport, parsed, reading
from memesnipe.chain.programs import WRAPPED_SOL_MINT
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import BadInput
from memesnipe.ledger.write import Transfer
from memesnipe.messages.bounds import Pubkey, Slot

PAGE = 1_000
COMMITMENT = "finalized"
"""A movement adopted sooner might be of a fork that loses, and nothing would ever take it back. Deposits can wait 13 s."""
RATE = Rate(per_s=10.0, burst=20, reserved=0)


Signature = Annotated[str, Meta(min_length=64, max_length=88)]


class SignatureLine(msgspec.Struct, frozen=True):
    """One line of getSignaturesForAddress."""

    signature: Signature
    slot: Slot


class Message(msgspec.Struct, frozen=True, rename="camel"):
    """As much of a transaction's message as balances need."""

    account_keys: tuple[Pubkey, ...]


class Transaction(msgspec.Struct, frozen=True):
    """A transaction in JSON encoding."""

    message: Message
    signatures: Annotated[tuple[Signature, ...], Meta(min_length=1, max_length=64)]


class Landed(msgspec.Struct, frozen=True, rename="camel"):
    """getTransaction with encoding json."""

    slot: Slot
    transaction: Transaction
    meta: rpc_types.TransactionMeta
    block_time: Annotated[int, Meta(ge=0, le=2**40)] | None = None


class Held(msgspec.Struct, frozen=True):
    """getTokenAccountsByOwner with encoding jsonParsed."""

    value: Annotated[tuple[rpc_types.KeyedAccount, ...], Meta(max_length=PAGE)]


_LINES: "msgspec.json.Decoder[tuple[SignatureLine, ...]]" = msgspec.json.Decoder(
    Annotated[tuple[SignatureLine, ...], Meta(max_length=PAGE)]
)
_LANDED: "msgspec.json.Decoder[Landed | None]" = msgspec.json.Decoder(Landed | None)
_WHOLE: "msgspec.json.Decoder[rpc_types.Landed | None]" = msgspec.json.Decoder(rpc_types.Landed | None)
_NUMBER: "msgspec.json.Decoder[int]" = msgspec.json.Decoder(rpc_types.Height)
_HELD = msgspec.json.Decoder(Held)


class WalletHistory:
    """Reads one wallet's history from one RPC host. Raises Unavailable, BadInput, Refused."""

    def __init__(self, transport: Transport, wallet: str) -> None:
        self._transport, self._wallet = transport, wallet

    @property
    def wallet(self) -> str:
        """Whose history it is."""
        return self._wallet

    @classmethod
    def at(cls, rpc_url: str, wallet: str) -> "WalletHistory":
        """Return the history of a wallet on the host at `rpc_url`."""
        return cls(Transport("rpc", rpc_url, rate=RATE, timeout_s=10.0), wallet)

    async def since(self, until: str) -> list[str]:
        """Return the signatures after `until` (all of them if it is empty), oldest first."""
        found: list[str] = []
        while True:
            options = {"limit": PAGE, "commitment": COMMITMENT}
            options |= {name: value for name, value in (("until", until), ("before", found[-1] if found else "")) if value}
            page = await self._call("getSignaturesForAddress", [self._wallet, options], _LINES)
            found += [line.signature for line in page]
            if len(page) < PAGE:
                return found[::-1]

    async def transfers(self, signature: str) -> list[Transfer]:
        """Return what a transaction moved in the wallet. Raises BadInput when the host lists it but does not have it."""
        options = {"encoding": "json", "maxSupportedTransactionVersion": 1, "commitment": COMMITMENT}
        landed = await self._call("getTransaction", [signature, options], _LANDED)
        if landed is None:
            raise BadInput("rpc.getTransaction", f"no transaction {signature}")
        if landed.transaction.signatures[0] != signature:
            raise BadInput("rpc.getTransaction", f"another transaction than {signature}")
        return transfers_of(signature, landed, self._wallet)

    async def whole(self, signature: str) -> rpc_types.Landed | None:
        """Return a transaction of the finalized chain, None where the host knows none."""
        options = {"encoding": "base64", "maxSupportedTransactionVersion": 1, "commitment": COMMITMENT}
        landed: rpc_types.Landed | None = await self._call("getTransaction", [signature, options], _WHOLE)
        return landed

    async def reached(self) -> tuple[int, int]:
        """Return the newest finalized slot and, read after it, the finalized block height."""
        options = [{"commitment": COMMITMENT}]
        slot: int = await self._call("getSlot", options, _NUMBER)
        height: int = await self._call("getBlockHeight", options, _NUMBER)
        return slot, height

    async def units(self, mint: str) -> int:
        """Return how much of a token the wallet holds, over all of its accounts."""
        held = await self._held({"mint": mint})
        return sum(int(one.held.token_amount.amount) for one in held.value)

    async def tokens(self, programs: Sequence[str]) -> dict[str, int]:
        """Return how much the wallet holds of each token of these programs; of what it holds nothing any more there is no word."""
        found: dict[str, int] = {}
        for program in programs:
            for one in (await self._held({"programId": program})).value:
                found[one.held.mint] = found.get(one.held.mint, 0) + int(one.held.token_amount.amount)
        return {mint: units for mint, units in found.items() if units}

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def _held(self, which: dict[str, str]) -> Held:
        held: Held = await self._call(
            "getTokenAccountsByOwner", [self._wallet, which, {"encoding": "jsonParsed", "commitment": COMMITMENT}], _HELD
        )
        return held

    async def _call(self, method: str, params: list[Any], decoder: "msgspec.json.Decoder[Any]") -> Any:
        async def once() -> bytes:
            envelope = await json_rpc.ask(self._transport, "/", method, params, Lane.NORMAL)
            return json_rpc.result_of("rpc", method, envelope)

        return parsed(f"rpc.{method}", await reading(once), decoder)


def transfers_of(signature: str, landed: Landed, wallet: str) -> list[Transfer]:
    """Return a transaction's movements in a wallet: one for SOL (wrapped SOL included), one for each token."""
    meta, loaded = landed.meta, landed.meta.loaded_addresses or rpc_types.LoadedAddresses()
    keys = (*landed.transaction.message.account_keys, *loaded.writable, *loaded.readonly)
    deltas = token_deltas(meta.pre_token_balances or (), meta.post_token_balances or (), wallet)
    native = sum(after - before for key, before, after in zip(keys, meta.pre_balances, meta.post_balances, strict=True) if key == wallet)
    deltas[""] = native + deltas.pop(WRAPPED_SOL_MINT, 0)
    fee = meta.fee if keys[0] == wallet else 0
    time_ns = (landed.block_time or 0) * NS_PER_S
    return [
        Transfer(
            signature=signature,
            mint=mint,
            slot=landed.slot,
            time_ns=time_ns,
            delta=delta,
            fee_lamports=0 if mint else fee,
            note="failed" if meta.err is not None else "",
        )
        for mint, delta in sorted(deltas.items())
        if delta
    ]


def token_deltas(before: Sequence[rpc_types.TokenBalance], after: Sequence[rpc_types.TokenBalance], wallet: str) -> dict[str, int]:
    """Return the change of a wallet's token units by mint."""
    deltas: dict[str, int] = {}
    for sign, balances in ((-1, before), (1, after)):
        for one in balances:
            if one.owner == wallet:
                deltas[one.mint] = deltas.get(one.mint, 0) + sign * int(one.ui_token_amount.amount)
    return deltas
