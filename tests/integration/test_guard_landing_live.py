"""Landing against real hosts: what several ways in are worth, what a place in a block costs, and what one lying node cannot do."""

import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from memesnipe.bus.api import Bus
from memesnipe.chain.costs import SIGNATURE_FEE_LAMPORTS
from memesnipe.localnet.settings import LocalnetSettings
from memesnipe.localnet.testing import Wallet, running
from memesnipe.messages.market import MarketFrame
from memesnipe.messages.orders import ExitIntent, Fill, Intent, Outcome, Rejection
from memesnipe.testing import forked
from memesnipe.testing.builders import a_tick, an_approved, an_exit, an_intent
from memesnipe.testing.live_stage import GUARD, SIGNER, Stage
from memesnipe.testing.lying_node import LyingNode, hiding, lying_node
from memesnipe.testing.polling import until
from memesnipe.testing.still_market import opened

SLOT_MS = 25
PROCESSES = forked.warm((GUARD, SIGNER))


@pytest.fixture
async def stage(bus: Bus, valkey_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with running(LocalnetSettings(slot_ms=SLOT_MS, seed=11, moved_by="admin")) as base, ClientSession() as session:
        wallet = Wallet(session, base)
        await opened(wallet)
        stage = Stage(bus, valkey_url, wallet, tmp_path, PROCESSES)
        try:
            await stage.open()
            yield stage
        finally:
            stage.close()


@pytest.fixture
async def liar(stage: Stage) -> AsyncIterator[LyingNode]:
    """A second RPC host in front of the same chain, honest until it is told to lie."""
    async with lying_node(stage.wallet.base) as node:
        yield node


async def priced(stage: Stage, intent: Intent) -> Any:
    (pool,) = await stage.wallet.get("/localnet/pools")
    return await stage.priced(intent, pool)


async def ordered(stage: Stage, intent: Intent) -> Intent:
    return await stage.order(await priced(stage, intent))


async def outcome(stage: Stage, intent: Intent) -> Outcome:
    async def said() -> list[Outcome]:
        return [one for one in await stage.said() if one.intent_id == intent.id]

    found: list[Outcome] = await until(said, timeout_s=60)
    return found[-1]


async def landed(stage: Stage) -> list[str]:
    """Return the signatures of our swaps on chain, whoever hides them."""
    found = await stage.wallet.result("getSignaturesForAddress", stage.wallet.me, {"limit": 1_000, "commitment": "confirmed"})
    return [one["signature"] for one in found][:-1]  # the oldest is the airdrop


def attempts(stage: Stage) -> list[tuple[int, str]]:
    """Return (number, status) of each attempt on the guard's disk."""
    path = stage.folder / "guard.db"
    with contextlib.suppress(sqlite3.OperationalError), contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return db.execute("SELECT attempt, status FROM attempts ORDER BY attempt").fetchall()
    return []


async def fee_of(stage: Stage, fill: Fill) -> tuple[int, int]:
    """Return the compute-unit price that the bytes on chain name, and the tip they paid."""
    options = {"encoding": "jsonParsed", "maxSupportedTransactionVersion": 1, "commitment": "confirmed"}
    told = await stage.wallet.result("getTransaction", fill.signature, options)
    return int(told["meta"]["fee"]) - SIGNATURE_FEE_LAMPORTS, fill.tip_lamports


async def test_an_order_lands_by_jito_while_the_rpc_host_loses_every_send(stage: Stage) -> None:
    stage.start_guard(JITO_URL=stage.wallet.base, TIP_FLOOR_URL=stage.wallet.base)
    await stage.wallet.post("/localnet/faults", {"lost_sends": 1_000_000})

    fill = await outcome(stage, await ordered(stage, an_intent()))

    assert isinstance(fill, Fill), fill
    assert await landed(stage) == [fill.signature]


async def test_a_bundle_that_vanishes_is_sent_again_while_its_blockhash_lives(stage: Stage, liar: LyingNode) -> None:
    stage.start_guard(JITO_URL=liar.base, TIP_FLOOR_URL="off")
    await stage.wallet.post("/localnet/faults", {"lost_sends": 1_000_000})
    liar.swallows = {"sendBundle": 2}

    fill = await outcome(stage, await ordered(stage, an_intent()))

    assert isinstance(fill, Fill), fill
    assert fill.attempt == 1
    assert liar.swallows == {"sendBundle": 0}
    assert await _log(stage, "bundle_id_differs")


async def test_what_jito_says_of_a_bundle_that_never_landed_is_told_and_not_believed(stage: Stage, liar: LyingNode) -> None:
    stage.start_guard(JITO_URL=liar.base, TIP_FLOOR_URL="off")
    await stage.wallet.post("/localnet/faults", {"lost_sends": 1_000_000})
    liar.swallows = {"sendBundle": 1_000_000}
    landed_there = {"bundle_id": "b", "slot": 7, "confirmation_status": "confirmed", "transactions": [], "err": {"Ok": None}}
    liar.lies = {"getBundleStatuses": lambda told: {"context": told["context"], "value": [landed_there]}}
    intent = await ordered(stage, an_intent())
    await until(lambda: _signed(stage))

    await stage.wallet.tick(400)
    await until(lambda: _log(stage, "never_landed"))
    await stage.wallet.post("/localnet/faults", {})
    fill = await outcome(stage, intent)

    assert isinstance(fill, Fill), fill
    assert fill.attempt == 2
    assert await _log(stage, "Landed in 7, confirmed")
    assert await landed(stage) == [fill.signature]


async def test_an_order_lands_by_sender_with_the_tip_it_asks_for(stage: Stage) -> None:
    stage.start_guard(SENDER_URL=f"{stage.wallet.base}?swqos_only=true", TIP_FLOOR_URL="off", TIP_LAMPORTS="1")

    fill = await outcome(stage, await ordered(stage, an_intent()))

    assert isinstance(fill, Fill), fill
    assert fill.tip_lamports == 5_000


async def test_several_ways_in_make_one_transaction(stage: Stage) -> None:
    stage.start_guard(JITO_URL=stage.wallet.base, TIP_FLOOR_URL=stage.wallet.base, RESEND_MS="50")
    await stage.wallet.post("/localnet/faults", {"late_slots": 20})

    fill = await outcome(stage, await ordered(stage, an_intent()))

    assert isinstance(fill, Fill), fill
    assert await landed(stage) == [fill.signature]


async def test_an_exit_offers_more_than_a_buy_and_both_what_others_pay(stage: Stage) -> None:
    stage.start_guard(JITO_URL=stage.wallet.base, TIP_FLOOR_URL=stage.wallet.base)
    bought = await outcome(stage, await ordered(stage, an_intent()))
    assert isinstance(bought, Fill), bought

    leave: ExitIntent = await priced(stage, an_exit(size_units=bought.token_delta_units // 2))
    sold = await outcome(stage, await stage.order(leave))
    hurry: ExitIntent = await priced(stage, an_exit(size_units=bought.token_delta_units // 2, urgency=2))
    hurried = await outcome(stage, await stage.order(hurry))
    assert isinstance(sold, Fill), sold
    assert isinstance(hurried, Fill), hurried

    assert (bought.tip_lamports, sold.tip_lamports) == (10_000, 36_000)  # the localnet's median and 75th percentile
    assert hurried.tip_lamports == 4 * 36_000
    (buy_fee, _), (exit_fee, _) = await fee_of(stage, bought), await fee_of(stage, sold)
    assert 0 < buy_fee < exit_fee


async def test_paper_pays_for_its_place_in_a_block_what_live_would_offer(stage: Stage) -> None:
    urls = {"JITO_URL": stage.wallet.base, "TIP_FLOOR_URL": stage.wallet.base, "SIGNER_URL": ""}
    stage.start_guard(
        PAPER_QUOTES="jupiter", WALLET=stage.wallet.me, PAPER_SLOTS_MAX="0", PAPER_FAILURE_BPS="0", FEE_PERCENTILE="75", **urls
    )
    intent = await priced(stage, an_intent())
    ratio = {"quote_lamports": intent.quote_lamports, "base_units": intent.base_units}
    await stage.bus.publish("events:price", MarketFrame((a_tick(venue="raydium", **ratio),)))

    await stage.bus.publish("orders:approved", an_approved(intent), intent.id)
    fill = await outcome(stage, intent)

    assert isinstance(fill, Fill), fill
    assert fill.tip_lamports == 36_000
    assert 18_000 <= fill.fee_lamports - SIGNATURE_FEE_LAMPORTS <= 25_000  # 400,000 units at some 50,000 micro-lamports


async def test_a_node_that_hides_what_landed_cannot_make_us_buy_twice(stage: Stage, liar: LyingNode) -> None:
    liar.lies = hiding() | {"getBlockHeight": lambda height: height}
    stage.start_guard(RPC_URL=liar.base, RPC_CHECK_URL=stage.wallet.base)
    intent = await ordered(stage, an_intent())
    await until(lambda: landed(stage))

    liar.lies = hiding()
    await stage.wallet.tick(400)
    await until(lambda: _contradicted(stage))
    while_hidden = attempts(stage)
    liar.lies = {}
    fill = await outcome(stage, intent)

    assert while_hidden == [(1, "signed")]
    assert isinstance(fill, Fill), fill
    assert await landed(stage) == [fill.signature]


async def test_an_attempt_is_not_dead_while_the_second_host_is_away(stage: Stage, liar: LyingNode) -> None:
    stage.start_guard(RPC_CHECK_URL=liar.base)
    await stage.wallet.post("/localnet/faults", {"lost_sends": 1_000_000})
    intent = await ordered(stage, an_intent())
    await until(lambda: _signed(stage))

    liar.silent = True
    await stage.wallet.tick(400)
    await until(lambda: _log(stage, "landing_unknown"))
    while_away = attempts(stage)
    await stage.wallet.post("/localnet/faults", {})
    liar.silent = False
    fill = await outcome(stage, intent)

    assert while_away == [(1, "signed")]
    assert isinstance(fill, Fill), fill
    assert fill.attempt == 2


@pytest.mark.parametrize("lie", [-100, -10_000, 10_000])
async def test_a_blockhash_whose_life_is_a_lie_is_not_built_on(stage: Stage, lie: int) -> None:
    stage.start_guard()
    await stage.wallet.post("/localnet/faults", {"expiry_lie_blocks": lie})

    refused = await outcome(stage, await ordered(stage, an_intent()))

    assert isinstance(refused, Rejection), refused
    assert "lastValidBlockHeight" in refused.detail
    assert attempts(stage) == []


async def test_a_height_far_ahead_does_not_end_an_attempt_that_is_late(stage: Stage) -> None:
    stage.start_guard()
    await stage.wallet.post("/localnet/faults", {"late_slots": 60})
    intent = await ordered(stage, an_intent())
    await until(lambda: _signed(stage))

    await stage.wallet.post("/localnet/faults", {"late_slots": 60, "height_lie_blocks": 10_000})
    fill = await outcome(stage, intent)

    assert isinstance(fill, Fill), fill
    assert fill.attempt == 1
    assert await landed(stage) == [fill.signature]


async def test_bytes_that_waited_for_the_signer_are_built_anew(stage: Stage) -> None:
    stage.start_guard()
    assert isinstance(await outcome(stage, await ordered(stage, an_intent())), Fill)
    stage.stop_signer()
    intent = await ordered(stage, an_intent())
    await until(lambda: _built(stage, 2))

    await stage.wallet.tick(400)  # the blockhash dies twice over, and the guard goes on waiting
    back_ns = time.time_ns()
    await stage.start_signer()
    fill = await outcome(stage, intent)

    assert isinstance(fill, Fill), fill
    assert fill.attempt == 1
    assert fill.way is not None
    assert fill.way.taken_ns < back_ns < fill.way.quoted_ns, "held against the quote that nobody signed"
    assert len(await landed(stage)) == 2
    assert await _log(stage, "bytes_are_old")


async def test_bytes_that_the_signer_may_have_signed_are_never_built_anew(stage: Stage) -> None:
    stage.stop_signer()
    await stage.start_signer("signer.after_persist")
    stage.start_guard()
    intent = await ordered(stage, an_intent())
    await until(lambda: _built(stage, 1))
    await until(lambda: _log(stage, "signer_unknown"))

    await stage.wallet.tick(100)
    await stage.start_signer()
    said = await outcome(stage, intent)

    assert isinstance(said, Fill), said
    assert said.attempt == 1


async def _signed(stage: Stage) -> bool:
    return any(status == "signed" for _, status in attempts(stage))


async def _built(stage: Stage, count: int) -> bool:
    """Whether the store holds that many attempts, over all orders, and the last is without a signature."""
    return sum(1 for _ in attempts(stage)) >= count and any(status == "built" for _, status in attempts(stage))


async def _log(stage: Stage, event: str) -> bool:
    return event in (stage.folder / f"{GUARD}.log").read_text(encoding="utf-8")


async def _contradicted(stage: Stage) -> bool:
    return await _log(stage, "height_contradicted") or await _log(stage, "history_contradicted")
