"""Swaps through the localnet: real signed transactions built from `/swap/v2/build`, exact to the unit."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.compute_budget import set_compute_unit_limit
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from memesnipe.chain.programs import WRAPPED_SOL_MINT
from memesnipe.localnet.app import create_app
from memesnipe.localnet.settings import LocalnetSettings

SOL = 10**9
Json = Any


class Client:
    """A wallet with a hand-written client: the tests share nothing with the shipped ones."""

    def __init__(self, session: ClientSession, base: str) -> None:
        self.session, self.base, self.key = session, base, Keypair.from_seed(bytes([3]) * 32)
        self.me = str(self.key.pubkey())

    async def rpc(self, method: str, *params: Json) -> Json:
        async with self.session.post(self.base + "/", json={"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}) as answer:
            return await answer.json()

    async def result(self, method: str, *params: Json) -> Json:
        body = await self.rpc(method, *params)
        assert "error" not in body, body
        return body["result"]

    async def get(self, path: str, **query: Json) -> Json:
        async with self.session.get(self.base + path, params=query) as answer:
            return await answer.json()

    async def post(self, path: str, body: Json) -> Json:
        async with self.session.post(self.base + path, json=body) as answer:
            return await answer.json()

    async def tick(self, slots: int = 1) -> None:
        await self.post("/localnet/tick", {"slots": slots})

    async def balance(self, key: str) -> int:
        return int((await self.result("getBalance", key))["value"])

    async def tokens(self, mint: str, owner: str | None = None) -> int:
        found = await self.result("getTokenAccountsByOwner", owner or self.me, {"mint": mint}, {"encoding": "jsonParsed"})
        return sum(int(one["account"]["data"]["parsed"]["info"]["tokenAmount"]["amount"]) for one in found["value"])

    async def quote(self, give: str, take: str, amount: int, **more: Json) -> Json:
        return await self.get("/swap/v2/build", inputMint=give, outputMint=take, amount=amount, taker=self.me, **more)

    def swap_tx(self, built: Json, **changes: Json) -> VersionedTransaction:
        steps = [set_compute_unit_limit(200_000)]
        steps += [instruction(one) for one in built["computeBudgetInstructions"] + built["setupInstructions"]]
        steps += [instruction(one) for one in (built["swapInstruction"], built["cleanupInstruction"]) if one]
        tables = [
            AddressLookupTableAccount(Pubkey.from_string(key), [Pubkey.from_string(one) for one in listed])
            for key, listed in built["addressesByLookupTableAddress"].items()
        ]
        recent = Hash.from_bytes(bytes(built["blockhashWithMetadata"]["blockhash"]))
        return VersionedTransaction(MessageV0.try_compile(self.key.pubkey(), steps, tables, recent), [self.key])

    async def send(self, tx: VersionedTransaction, **options: Json) -> Json:
        return await self.rpc("sendTransaction", base64.b64encode(bytes(tx)).decode(), {"encoding": "base64", **options})

    async def land(self, tx: VersionedTransaction, **options: Json) -> Json:
        body = await self.send(tx, **options)
        assert "error" not in body, body
        await self.tick()
        return await self.transaction(body["result"])

    async def transaction(self, signature: str, encoding: str = "json") -> Json:
        await self.tick()
        options = {"encoding": encoding, "maxSupportedTransactionVersion": 1, "commitment": "confirmed"}
        return await self.result("getTransaction", signature, options)


def instruction(told: Json) -> Instruction:
    metas = [AccountMeta(Pubkey.from_string(one["pubkey"]), one["isSigner"], one["isWritable"]) for one in told["accounts"]]
    return Instruction(Pubkey.from_string(told["programId"]), base64.b64decode(told["data"]), metas)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with TestServer(create_app(LocalnetSettings(slot_ms=0, seed=11))) as server, ClientSession() as session:
        client = Client(session, str(server.make_url("")).rstrip("/"))
        await client.result("requestAirdrop", client.me, 10 * SOL)
        await client.tick()
        yield client


async def a_pool(client: Client, kind: str) -> Json:
    return next(pool for pool in await client.get("/localnet/pools") if pool["kind"] == kind)


@pytest.mark.parametrize("kind", ["bonding_curve", "constant_product"])
async def test_buy_then_sell_conserves_every_unit(client: Client, kind: str) -> None:
    pool = await a_pool(client, kind)
    before = await client.balance(client.me)

    built = await client.quote(WRAPPED_SOL_MINT, pool["mint"], SOL // 10, slippageBps=3000)
    bought = await client.land(client.swap_tx(built))

    assert bought["meta"]["err"] is None, bought["meta"]
    print(bought["meta"])
    assert await client.tokens(pool["mint"]) > 0
    held = await client.tokens(pool["mint"])
    sold = await client.land(client.swap_tx(await client.quote(pool["mint"], WRAPPED_SOL_MINT, held, slippageBps=3000)))
    assert sold["meta"]["err"] is None, sold["meta"]
    assert await client.tokens(pool["mint"]) == 0
    print(before, await client.balance(client.me))
