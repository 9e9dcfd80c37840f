"""For tests against a localnet: a server on a free port and a wallet with a client of its own.

The client is deliberately plain and shares nothing with the shipped ones: it is the second opinion on what the chain holds.
"""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, web
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.compute_budget import set_compute_unit_limit
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from memesnipe.localnet.app import NODE, create_app
from memesnipe.localnet.node import Node
from memesnipe.localnet.settings import LocalnetSettings

Json = Any
SOL = 1_000_000_000
READ = {"encoding": "json", "maxSupportedTransactionVersion": 1, "commitment": "confirmed"}


@asynccontextmanager
async def running(settings: LocalnetSettings) -> AsyncIterator[str]:
    """A localnet on a free port; yields its base URL. With `slot_ms=0` only `Wallet.tick` moves the clock."""
    async with open_to_view(settings) as (base, _):
        yield base


@asynccontextmanager
async def open_to_view(settings: LocalnetSettings) -> AsyncIterator[tuple[str, Node]]:
    """The same, with the node itself: what really happened, whatever it tells its clients."""
    app = create_app(settings)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}", app[NODE]
    finally:
        await runner.cleanup()


class Wallet:
    """A key and a plain client for one localnet."""

    def __init__(self, session: ClientSession, base: str, seed: int = 3) -> None:
        self.session, self.base, self.key = session, base, Keypair.from_seed(bytes([seed]) * 32)
        self.me = str(self.key.pubkey())

    async def post(self, path: str, body: Json) -> Json:
        """POST JSON, read JSON."""
        async with self.session.post(self.base + path, json=body) as answer:
            return await answer.json()

    async def get(self, path: str, **query: str | int) -> Json:
        """GET, read JSON."""
        async with self.session.get(self.base + path, params=query) as answer:
            return await answer.json()

    async def rpc(self, method: str, *params: Json, path: str = "/") -> Json:
        """The whole response of one RPC call."""
        return await self.post(path, {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})

    async def result(self, method: str, *params: Json, path: str = "/") -> Json:
        """The result of an RPC call that must succeed."""
        body = await self.rpc(method, *params, path=path)
        if "error" in body:
            raise AssertionError(body["error"])
        return body["result"]

    async def tick(self, slots: int = 1) -> None:
        """Move the clock."""
        await self.post("/localnet/tick", {"slots": slots})

    async def fund(self, lamports: int) -> str:
        """Airdrop and let it land."""
        signature: str = await self.result("requestAirdrop", self.me, lamports)
        await self.tick()
        return signature

    async def balance(self, address: str | None = None) -> int:
        """Lamports."""
        return int((await self.result("getBalance", address or self.me))["value"])

    async def tokens(self, mint: str) -> int:
        """Token units of a mint, over all of the wallet's accounts."""
        found = await self.result("getTokenAccountsByOwner", self.me, {"mint": mint}, {"encoding": "jsonParsed"})
        return sum(int(one["account"]["data"]["parsed"]["info"]["tokenAmount"]["amount"]) for one in found["value"])

    async def blockhash(self) -> Hash:
        """A fresh one."""
        return Hash.from_string((await self.result("getLatestBlockhash", {"commitment": "confirmed"}))["value"]["blockhash"])

    async def signed(self, *steps: Instruction) -> VersionedTransaction:
        """A v0 transaction of ours with a fresh blockhash."""
        return VersionedTransaction(MessageV0.try_compile(self.key.pubkey(), steps, [], await self.blockhash()), [self.key])

    def pay(self, to: str, lamports: int) -> Instruction:
        """A System transfer from us."""
        return transfer(TransferParams(from_pubkey=self.key.pubkey(), to_pubkey=Pubkey.from_string(to), lamports=lamports))

    async def quote(self, give: str, take: str, amount: int, **more: str | int) -> Json:
        """GET /swap/v2/build for us."""
        return await self.get("/swap/v2/build", inputMint=give, outputMint=take, amount=amount, taker=self.me, **more)

    def swap(self, built: Json, *more: Instruction) -> VersionedTransaction:
        """Sign what Jupiter built, with its lookup tables, and `more` at the end."""
        told = [*built["computeBudgetInstructions"], *built["setupInstructions"], built["swapInstruction"], built["cleanupInstruction"]]
        steps = [set_compute_unit_limit(200_000), *(read_instruction(one) for one in told if one), *more]
        tables = [
            AddressLookupTableAccount(Pubkey.from_string(key), [Pubkey.from_string(one) for one in listed])
            for key, listed in built["addressesByLookupTableAddress"].items()
        ]
        recent = Hash.from_bytes(bytes(built["blockhashWithMetadata"]["blockhash"]))
        return VersionedTransaction(MessageV0.try_compile(self.key.pubkey(), steps, tables, recent), [self.key])

    async def send(self, tx: VersionedTransaction, path: str = "/", **options: Json) -> Json:
        """The response of sendTransaction, base64."""
        return await self.rpc("sendTransaction", encoded(tx), {"encoding": "base64", **options}, path=path)

    async def land(self, tx: VersionedTransaction, **options: Json) -> Json:
        """Send, wait until confirmed, and read the transaction; None when it never landed."""
        body = await self.send(tx, **options)
        if "error" in body:
            raise AssertionError(body["error"])
        await self.tick(2)
        return await self.result("getTransaction", body["result"], READ)


def encoded(tx: VersionedTransaction) -> str:
    """Base64 of the wire bytes."""
    return base64.b64encode(bytes(tx)).decode()


def read_instruction(told: Json) -> Instruction:
    """An instruction from Jupiter's JSON."""
    metas = [AccountMeta(Pubkey.from_string(one["pubkey"]), one["isSigner"], one["isWritable"]) for one in told["accounts"]]
    return Instruction(Pubkey.from_string(told["programId"]), base64.b64decode(told["data"]), metas)


@asynccontextmanager
async def a_quiet_market(mint: str) -> AsyncIterator[Wallet]:
    """A localnet whose clock stands, with one pool that nobody else trades on; yields a wallet with 10 SOL."""
    async with running(LocalnetSettings(slot_ms=0, moved_by="admin")) as base, ClientSession() as session:
        wallet = Wallet(session, base)
        await wallet.fund(10 * SOL)
        await wallet.post("/localnet/pool", {"mint": mint})
        yield wallet
