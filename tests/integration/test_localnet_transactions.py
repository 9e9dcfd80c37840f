"""What a validator refuses, charges and remembers: signatures, blockhashes, duplicates, fees, history, bundles and tips."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import Message, MessageV0, MessageV1, TransactionConfig
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from memesnipe.chain.programs import HELIUS_TIP_ACCOUNTS, JITO_TIP_ACCOUNTS, MAINNET_GENESIS
from memesnipe.localnet.settings import LocalnetSettings
from memesnipe.localnet.testing import READ, SOL, Wallet, encoded, running

TIP_ACCOUNT_LAMPORTS = 890_880
FRIEND = str(Pubkey.from_bytes(bytes([5]) * 32))


@pytest.fixture
async def wallet() -> AsyncIterator[Wallet]:
    async with running(LocalnetSettings(slot_ms=0, seed=5, moved_by="admin")) as base, ClientSession() as session:
        wallet = Wallet(session, base)
        await wallet.fund(10 * SOL)
        yield wallet


async def test_a_transfer_costs_its_amount_its_signature_and_its_priority_exactly(wallet: Wallet) -> None:
    steps = (set_compute_unit_limit(1_000), set_compute_unit_price(1_500_001), wallet.pay(FRIEND, SOL))

    landed = await wallet.land(await wallet.signed(*steps))

    fee = 5_000 + 1_501
    assert landed["meta"]["fee"] == fee
    assert (await wallet.balance(), await wallet.balance(FRIEND)) == (9 * SOL - fee, SOL)


async def test_meta_deltas_are_the_balance_deltas(wallet: Wallet) -> None:
    before = await wallet.balance()

    landed = await wallet.land(await wallet.signed(wallet.pay(FRIEND, SOL)))

    meta, keys = landed["meta"], landed["transaction"]["message"]["accountKeys"]
    moved = {key: post - pre for key, pre, post in zip(keys, meta["preBalances"], meta["postBalances"], strict=True)}
    assert moved[wallet.me] == await wallet.balance() - before
    assert moved[FRIEND] == SOL
    assert sum(moved.values()) == -meta["fee"]


async def test_a_wrong_signature_is_refused_and_never_lands(wallet: Wallet) -> None:
    tx = await wallet.signed(wallet.pay(FRIEND, SOL))
    forged = VersionedTransaction.populate(tx.message, [Keypair().sign_message(b"something else")])

    refused, skipped = await wallet.send(forged), await wallet.send(forged, skipPreflight=True)
    await wallet.tick(3)

    assert refused["error"]["code"] == -32003
    assert await wallet.result("getTransaction", skipped["result"], READ) is None
    assert await wallet.balance() == 10 * SOL


async def test_a_transaction_lands_at_its_last_valid_height_and_never_after(wallet: Wallet) -> None:
    value = (await wallet.result("getLatestBlockhash", {"commitment": "confirmed"}))["value"]
    timely, late = await wallet.signed(wallet.pay(FRIEND, SOL)), await wallet.signed(wallet.pay(FRIEND, SOL + 1))
    height = await wallet.result("getBlockHeight", {"commitment": "processed"})
    await wallet.tick(value["lastValidBlockHeight"] - height - 1)
    await wallet.send(timely)
    await wallet.tick()

    refused, skipped = await wallet.send(late), await wallet.send(late, skipPreflight=True)
    await wallet.tick(2)

    assert await wallet.balance(FRIEND) == SOL
    assert refused.get("error", {"data": {"err": "BlockhashNotFound"}})["data"]["err"] == "BlockhashNotFound"
    assert await wallet.result("getTransaction", skipped["result"], READ) is None
    expired = await wallet.send(await signed_with(wallet, str(late.message.recent_blockhash)))
    assert (expired["error"]["code"], expired["error"]["data"]["err"]) == (-32002, "BlockhashNotFound")
    assert (await wallet.result("isBlockhashValid", value["blockhash"], {"commitment": "processed"}))["value"] is False


async def signed_with(wallet: Wallet, blockhash: str) -> VersionedTransaction:
    message = MessageV0.try_compile(wallet.key.pubkey(), [wallet.pay(FRIEND, 7 * SOL)], [], Hash.from_string(blockhash))
    return VersionedTransaction(message, [wallet.key])


async def test_the_same_bytes_again_change_nothing(wallet: Wallet) -> None:
    tx = await wallet.signed(wallet.pay(FRIEND, SOL))
    await wallet.send(tx)
    again_while_pending = await wallet.send(tx)
    await wallet.tick()

    again = await wallet.send(tx)
    await wallet.tick(3)

    assert again["result"] == again_while_pending["result"] == str(tx.signatures[0])
    assert await wallet.balance(FRIEND) == SOL


async def test_more_than_is_there_is_refused_by_preflight_and_charged_without_it(wallet: Wallet) -> None:
    tx = await wallet.signed(wallet.pay(FRIEND, 100 * SOL))

    refused, landed = await wallet.send(tx), await wallet.land(tx, skipPreflight=True)

    assert refused["error"]["data"]["err"] == landed["meta"]["err"] == {"InstructionError": [0, {"Custom": 1}]}
    assert await wallet.balance() == 10 * SOL - 5_000


async def test_a_wallet_without_lamports_leaves_no_trace(wallet: Wallet) -> None:
    poor = Wallet(wallet.session, wallet.base, seed=77)

    landed = await poor.land(await poor.signed(poor.pay(FRIEND, 1)), skipPreflight=True)

    assert landed is None
    assert await poor.result("getSignaturesForAddress", poor.me, {"commitment": "confirmed"}) == []


async def test_legacy_and_v1_transactions_land_too(wallet: Wallet) -> None:
    legacy = Message.new_with_blockhash([wallet.pay(FRIEND, SOL)], wallet.key.pubkey(), await wallet.blockhash())
    config = TransactionConfig(priority_fee=777, compute_unit_limit=5_000)
    v1 = MessageV1.try_compile(wallet.key.pubkey(), [wallet.pay(FRIEND, SOL + 1)], await wallet.blockhash(), config)

    landed = [await wallet.land(VersionedTransaction(message, [wallet.key])) for message in (legacy, v1)]

    assert [(one["version"], one["meta"]["fee"]) for one in landed] == [("legacy", 5_000), (1, 5_777)]
    assert await wallet.balance() == 8 * SOL - 1 - 10_777


async def test_a_reader_that_cannot_read_v0_is_told_so(wallet: Wallet) -> None:
    landed = await wallet.land(await wallet.signed(wallet.pay(FRIEND, SOL)))

    answer = await wallet.rpc("getTransaction", landed["transaction"]["signatures"][0], {"commitment": "confirmed"})

    assert answer["error"]["code"] == -32015


async def test_statuses_settle_from_processed_to_finalized(wallet: Wallet) -> None:
    signature = (await wallet.send(await wallet.signed(wallet.pay(FRIEND, SOL))))["result"]
    seen = []
    for slots in (1, 1, 31):
        await wallet.tick(slots)
        seen.append((await wallet.result("getSignatureStatuses", [signature]))["value"][0]["confirmationStatus"])

    assert seen == ["processed", "confirmed", "finalized"]
    await wallet.tick(200)
    assert (await wallet.result("getSignatureStatuses", [signature]))["value"] == [None]
    found = await wallet.result("getSignatureStatuses", [signature], {"searchTransactionHistory": True})
    assert found["value"][0]["confirmations"] is None


async def test_history_is_full_newest_first_and_pages_by_signature(wallet: Wallet) -> None:
    airdrop = (await wallet.result("getSignaturesForAddress", wallet.me, {"commitment": "processed"}))[0]["signature"]
    sent = [(await wallet.land(await wallet.signed(wallet.pay(FRIEND, SOL + n))))["transaction"]["signatures"][0] for n in range(3)]

    async def page(**options: object) -> list[str]:
        listed = await wallet.result("getSignaturesForAddress", wallet.me, {"commitment": "confirmed", **options})
        return [one["signature"] for one in listed]

    assert await page() == [*reversed(sent), airdrop]
    assert await page(limit=2, before=sent[2]) == [sent[1], sent[0]]
    assert await page(until=sent[0]) == [sent[2], sent[1]]


async def test_errors_have_the_codes_of_a_node(wallet: Wallet) -> None:
    async def code(method: str, *params: object) -> int:
        return int((await wallet.rpc(method, *params))["error"]["code"])

    assert await code("noSuchMethod") == -32601
    assert await code("getBalance", "not an address") == -32602
    assert await code("sendTransaction", "AAAA", {"encoding": "base64"}) == -32602
    assert await code("getSignatureStatuses", ["x"] * 257) == -32602
    tx = encoded(await wallet.signed(wallet.pay(FRIEND, SOL)))
    assert await code("sendTransaction", tx + "AAAA", {"encoding": "base64"}) == -32602
    batch = [{"jsonrpc": "2.0", "id": n, "method": "getHealth"} for n in (1, 2)]
    assert [one["result"] for one in await wallet.post("/", batch)] == ["ok", "ok"]


async def test_the_genesis_follows_the_seed_and_is_no_public_clusters(wallet: Wallet) -> None:
    async with running(LocalnetSettings(slot_ms=0, seed=6)) as base:
        other = await Wallet(wallet.session, base).result("getGenesisHash")

    assert len({other, await wallet.result("getGenesisHash"), MAINNET_GENESIS}) == 3


async def test_a_bundle_lands_whole_and_pays_its_tip(wallet: Wallet) -> None:
    tip = JITO_TIP_ACCOUNTS[2]
    first = await wallet.signed(wallet.pay(FRIEND, SOL))
    second = await wallet.signed(wallet.pay(tip, 1_000_000))

    identity = await wallet.result("sendBundle", [encoded(first), encoded(second)], {"encoding": "base64"}, path="/api/v1/bundles")
    await wallet.tick()

    told = (await wallet.result("getInflightBundleStatuses", [identity], path="/api/v1/getInflightBundleStatuses"))["value"][0]
    status = (await wallet.result("getBundleStatuses", [identity], path="/api/v1/getBundleStatuses"))["value"][0]
    assert (told["status"], status["transactions"]) == ("Landed", [str(first.signatures[0]), str(second.signatures[0])])
    assert (await wallet.balance(FRIEND), await wallet.balance(tip)) == (SOL, TIP_ACCOUNT_LAMPORTS + 1_000_000)


async def test_a_bundle_with_one_failure_leaves_nothing_behind(wallet: Wallet) -> None:
    first = await wallet.signed(wallet.pay(FRIEND, SOL), wallet.pay(JITO_TIP_ACCOUNTS[0], 1_000_000))
    second = await wallet.signed(wallet.pay(FRIEND, 500 * SOL))

    identity = await wallet.result("sendBundle", [encoded(first), encoded(second)], {"encoding": "base64"}, path="/api/v1/bundles")
    await wallet.tick(2)

    told = (await wallet.result("getInflightBundleStatuses", [identity], path="/api/v1/getInflightBundleStatuses"))["value"][0]
    assert told["status"] == "Failed"
    assert (await wallet.balance(), await wallet.balance(FRIEND)) == (10 * SOL, 0)
    assert await wallet.result("getTransaction", str(first.signatures[0]), READ) is None


async def test_bundle_only_reverts_for_free(wallet: Wallet) -> None:
    tx = await wallet.signed(wallet.pay(JITO_TIP_ACCOUNTS[0], 1_000_000), wallet.pay(FRIEND, 500 * SOL))

    sent = await wallet.send(tx, path="/api/v1/transactions?bundleOnly=true")
    await wallet.tick(2)

    assert sent["result"] == str(tx.signatures[0])
    assert await wallet.balance() == 10 * SOL


async def test_sender_wants_a_tip_and_a_priority_fee(wallet: Wallet) -> None:
    bare = await wallet.signed(wallet.pay(FRIEND, SOL))
    paid = await wallet.signed(set_compute_unit_price(1_000_000), wallet.pay(HELIUS_TIP_ACCOUNTS[0], 1_000_000), wallet.pay(FRIEND, SOL))
    options = {"skipPreflight": True, "maxRetries": 0}

    refused, sent = await wallet.send(bare, path="/fast", **options), await wallet.send(paid, path="/fast", **options)
    await wallet.tick()

    assert refused["error"]["code"] == -32602
    assert sent["result"] == str(paid.signatures[0])
    assert await wallet.balance(HELIUS_TIP_ACCOUNTS[0]) == TIP_ACCOUNT_LAMPORTS + 1_000_000
