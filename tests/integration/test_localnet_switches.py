"""Each way in which a node, a vendor or a socket misbehaves: what its switch does, to the client that would meet it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientTimeout, WSMsgType
from solders.pubkey import Pubkey

from memesnipe.chain.programs import WRAPPED_SOL_MINT
from memesnipe.localnet.faults import Faults
from memesnipe.localnet.switches import TABLE, Chancy, Switches, rows
from memesnipe.localnet.testing import READ, SOL, Wallet, a_quiet_market, encoded

Json = Any
FRIEND = str(Pubkey.from_bytes(bytes([5]) * 32))
MINT = str(Pubkey.from_bytes(bytes([9]) * 32))
PAGE = Path(__file__).parents[2] / "docs/reference/localnet.md"


@pytest.fixture
async def wallet() -> AsyncIterator[Wallet]:
    async with a_quiet_market(MINT) as wallet:
        yield wallet


async def switch(wallet: Wallet, **switches: Json) -> None:
    assert "error" not in await wallet.post("/localnet/faults", switches)


async def paid(wallet: Wallet) -> str:
    """Send SOL to the friend and let it be confirmed; return the signature."""
    signature: str = (await wallet.send(await wallet.signed(wallet.pay(FRIEND, SOL))))["result"]
    await wallet.tick(2)
    return signature


async def status(wallet: Wallet, signature: str) -> Json:
    (found,) = (await wallet.result("getSignatureStatuses", [signature], {"searchTransactionHistory": True}))["value"]
    return found


def test_the_table_names_every_switch_in_the_order_of_the_fields() -> None:
    assert tuple(TABLE) == Switches.__struct_fields__


def test_the_page_holds_the_table() -> None:
    page = PAGE.read_text().splitlines()

    assert [row for row in rows() if row not in page] == []


async def test_a_rate_limit_may_name_no_pause_or_hide_inside_an_answer(wallet: Wallet) -> None:
    await switch(wallet, too_many_requests_bare=1, rate_limited_inside=1)

    async with wallet.session.post(wallet.base, json={"jsonrpc": "2.0", "id": 1, "method": "getHealth"}) as answer:
        bare = answer.status, answer.headers.get("Retry-After")
    inside = await wallet.rpc("getHealth")

    assert bare == (429, None)
    assert inside["error"]["code"] == -32429


async def test_a_node_that_is_behind_says_so_once(wallet: Wallet) -> None:
    await switch(wallet, node_behind=1)

    answers = [await wallet.rpc("getSlot") for _ in range(2)]

    assert answers[0]["error"]["code"] == -32005
    assert "result" in answers[1]


@pytest.mark.parametrize(("name", "lamports"), [("silent_before", 0), ("silent_after", SOL)])
async def test_a_silent_node_may_or_may_not_have_done_it(wallet: Wallet, name: str, lamports: int) -> None:
    params = [encoded(await wallet.signed(wallet.pay(FRIEND, SOL))), {"encoding": "base64"}]
    body = {"jsonrpc": "2.0", "id": 1, "method": "sendTransaction", "params": params}
    await switch(wallet, **{name: 1})

    with pytest.raises(asyncio.TimeoutError):
        await wallet.session.post(wallet.base, json=body, timeout=ClientTimeout(total=2.0))
    await wallet.tick()

    assert await wallet.balance(FRIEND) == lamports


async def test_a_slow_node_answers_late(wallet: Wallet) -> None:
    await switch(wallet, slow_ms=200)
    started_s = asyncio.get_running_loop().time()

    await wallet.rpc("getHealth")

    assert asyncio.get_running_loop().time() - started_s >= 0.2


async def test_a_reverted_swap_is_confirmed_with_an_error_and_costs_its_fee(wallet: Wallet) -> None:
    built = await wallet.quote(WRAPPED_SOL_MINT, MINT, SOL, slippageBps=1000)
    await switch(wallet, reverted_swaps=1)
    before = await wallet.balance()

    landed = await wallet.land(wallet.swap(built))

    assert landed["meta"]["err"]["InstructionError"][1] == {"Custom": 6001}
    assert await wallet.balance() == before - landed["meta"]["fee"]


async def test_a_landing_stays_hidden_for_as_long_as_it_is_told(wallet: Wallet) -> None:
    await switch(wallet, hidden_slots=10)
    signature = await paid(wallet)

    hidden = await status(wallet, signature), await wallet.result("getTransaction", signature, READ)
    await wallet.tick(10)
    seen = await status(wallet, signature), await wallet.result("getTransaction", signature, READ)

    assert hidden == (None, None)
    assert None not in seen
    assert await wallet.balance(FRIEND) == SOL


async def test_history_may_lag_behind_the_status(wallet: Wallet) -> None:
    await switch(wallet, history_lag_slots=10)
    signature = await paid(wallet)

    early = await status(wallet, signature), await wallet.result("getTransaction", signature, READ)
    await wallet.tick(10)

    assert early[0]["confirmationStatus"] == "confirmed"
    assert early[1] is None
    assert await wallet.result("getTransaction", signature, READ) is not None


async def test_an_answer_may_be_about_another_signature(wallet: Wallet) -> None:
    landed, never = await paid(wallet), str((await wallet.signed(wallet.pay(FRIEND, 2 * SOL))).signatures[0])
    await switch(wallet, wrong_statuses=1, wrong_transactions=1)

    wrong = await status(wallet, never), await wallet.result("getTransaction", never, READ)
    right = await status(wallet, never), await wallet.result("getTransaction", never, READ)

    assert wrong[0]["err"] is None
    assert wrong[1]["transaction"]["signatures"] == [landed]
    assert right == (None, None)


async def test_heights_and_expiries_may_be_lies(wallet: Wallet) -> None:
    height, blockhash = await wallet.result("getBlockHeight"), await wallet.result("getLatestBlockhash")
    await switch(wallet, height_lie_blocks=200, expiry_lie_blocks=-140)

    lied, shortened = await wallet.result("getBlockHeight"), await wallet.result("getLatestBlockhash")
    valid = await wallet.result("isBlockhashValid", shortened["value"]["blockhash"])

    assert lied == height + 200
    assert shortened["value"]["lastValidBlockHeight"] == blockhash["value"]["lastValidBlockHeight"] - 140
    assert valid["value"] is True


async def test_a_height_may_be_a_lie_now_and_then(wallet: Wallet) -> None:
    height = await wallet.result("getBlockHeight")
    await switch(wallet, height_lie_blocks=200, odds_per_mille={"height_lie_blocks": 500})

    told = {await wallet.result("getBlockHeight") for _ in range(40)}

    assert told == {height, height + 200}


async def test_long_logs_are_cut_and_inner_instructions_are_not(wallet: Wallet) -> None:
    await switch(wallet, log_lines_max=3)

    landed = await wallet.land(wallet.swap(await wallet.quote(WRAPPED_SOL_MINT, MINT, SOL, slippageBps=1000)))

    assert len(landed["meta"]["logMessages"]) == 4
    assert landed["meta"]["logMessages"][-1] == "Log truncated"
    assert any(group["instructions"] for group in landed["meta"]["innerInstructions"])


async def test_a_stale_quote_is_the_pool_s_of_before(wallet: Wallet) -> None:
    before = await wallet.quote(WRAPPED_SOL_MINT, MINT, SOL)
    await wallet.tick(3)
    await wallet.land(wallet.swap(await wallet.quote(WRAPPED_SOL_MINT, MINT, 5 * SOL, slippageBps=1000)))
    now = await wallet.quote(WRAPPED_SOL_MINT, MINT, SOL)
    await switch(wallet, stale_quote_slots=4)

    stale = await wallet.quote(WRAPPED_SOL_MINT, MINT, SOL)

    assert stale["outAmount"] == before["outAmount"] != now["outAmount"]


async def test_a_socket_is_closed_after_as_many_notices_as_it_is_told(wallet: Wallet) -> None:
    await switch(wallet, ws_drop_every=3)

    async with wallet.session.ws_connect(wallet.base) as socket:
        await socket.send_json({"jsonrpc": "2.0", "id": 1, "method": "slotSubscribe"})
        await socket.receive_json()
        await wallet.tick(5)
        heard = [message async for message in socket if message.type is WSMsgType.TEXT]

    assert len(heard) >= 3
    assert socket.close_code == 1011


async def test_a_repeated_notice_comes_twice_in_a_row(wallet: Wallet) -> None:
    await switch(wallet, ws_repeats=1)

    async with wallet.session.ws_connect(wallet.base) as socket:
        await socket.send_json({"jsonrpc": "2.0", "id": 1, "method": "slotSubscribe"})
        await socket.receive_json()
        await wallet.tick(2)
        slots = [json.loads((await socket.receive()).data)["params"]["result"]["slot"] for _ in range(3)]

    assert slots == [slots[0], slots[0], slots[0] + 1]


def drawn(seed: int) -> list[bool]:
    faults = Faults(seed)
    faults.switches = Switches(lost_sends=1_000, odds_per_mille={"lost_sends": 300})
    return [faults.take("lost_sends") for _ in range(1_000)]


def test_chance_is_the_seed_s() -> None:
    assert drawn(1) == drawn(1) != drawn(2)
    assert 240 < sum(drawn(1)) < 360


def test_one_switch_s_draws_do_not_shift_another_s() -> None:
    faults = Faults(1)
    odds: dict[Chancy, int] = {"lost_sends": 300, "unavailable": 500}
    faults.switches = Switches(lost_sends=1_000, unavailable=1_000, odds_per_mille=odds)

    beside = []
    for _ in range(1_000):
        faults.take("unavailable")
        beside.append(faults.take("lost_sends"))

    assert beside == drawn(1)
