"""Live orders against a real localnet, a real signer process and a real Valkey: what the chain says is what the Fill says."""

import base64
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis
from aiohttp import ClientSession

from memesnipe.bus import topology
from memesnipe.bus.api import Bus
from memesnipe.kernel.ports import free_port
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.localnet.settings import LocalnetSettings
from memesnipe.localnet.testing import SOL, Wallet, running
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.market import MarketFrame
from memesnipe.messages.orders import ExitIntent, Fill, FillStatus, Intent, Outcome, Rejection
from memesnipe.testing import mints
from memesnipe.testing.builders import (
    MINT,
    a_halt,
    a_sale,
    a_tick,
    an_approved,
    an_exit,
    an_intent,
)
from memesnipe.testing.live_stage import FILLS, PlayedRoles
from memesnipe.testing.matrix_row import GUARD_FAILPOINTS
from memesnipe.testing.polling import answers, until
from memesnipe.testing.still_market import opened

SLOT_MS = 25
Json = Any


class Stage(PlayedRoles):
    """A localnet, a signer process, keys, a lease, and the guard as a process that can be killed."""

    def __init__(self, bus: Bus, redis_url: str, wallet: Wallet, folder: Path, airdrop: str) -> None:
        super().__init__(bus, redis_url, wallet, folder)
        self.airdrop = airdrop
        self.processes: list[subprocess.Popen[bytes]] = []
        self.signer_url = ""

    async def open(self) -> None:
        """Start the signer, apply a configuration, grant leases."""
        await self.prepare()
        await self.start_signer()
        await self.put_in_force()

    async def start_signer(self) -> None:
        port = free_port()
        self.signer_url = f"http://127.0.0.1:{port}"
        self.signer = self.start("memesnipe.signer.service", WALLET_FILE=str(self.wallet_file), SIGNER_PORT=str(port))
        await until(lambda: answers(self.signer_url + "/pubkey"))

    def start_guard(self, failpoint: str = "", **more: str) -> "subprocess.Popen[bytes]":
        """Start a guard that dies at `failpoint`, if one is given."""
        return self.start(
            "memesnipe.guard.service",
            **{"SIGNER_URL": self.signer_url, "RPC_URL": self.wallet.base, "JUPITER_URL": self.wallet.base, "FAILPOINT": failpoint}
            | {"POLL_MS": "20", "RESEND_MS": "100"}
            | more,
        )

    def start(self, module: str, **settings: str) -> "subprocess.Popen[bytes]":
        env = {f"MEMESNIPE_{name}": value for name, value in settings.items()}
        common = {"MEMESNIPE_REDIS_URL": self.redis_url, "MEMESNIPE_DATA_DIR": str(self.folder), "PAPER_TRADING_MODE": "false"}
        log = (self.folder / f"{module}.log").open("ab")
        code = f"import {module} as service; raise SystemExit(service.main())"
        process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, **common, **env}, stderr=log, stdout=log)
        self.processes.append(process)
        return process

    async def pool(self) -> Json:
        """Return the one pool as it is now; nobody else trades on it."""
        (pool,) = await self.wallet.get("/localnet/pools")
        return pool

    async def give_a_freezer(self) -> None:
        """Let somebody be able to freeze the pool's token."""
        data = base64.b64encode(mints.mint(freezer=mints.SOMEBODY)).decode()
        await self.wallet.post("/localnet/account", {"address": MINT, "owner": mints.TOKEN, "data": data})

    async def outcomes(self, intent: Intent, count: int = 1, timeout_s: float = 60.0) -> list[Outcome]:
        """Return an intent's outcomes once there are `count`."""

        async def enough() -> list[Outcome]:
            found = [entry.message for entry in await self.bus.fold(FILLS) if entry.message.intent_id == intent.id]
            return found if len(found) >= count else []

        found: list[Outcome] = await until(enough, timeout_s=timeout_s)
        return found

    async def signatures(self) -> list[Json]:
        """Return the wallet's transactions on chain, the airdrop left out."""
        found: list[Json] = await self.wallet.result("getSignaturesForAddress", self.wallet.me, {"limit": 1_000, "commitment": "confirmed"})
        return [one for one in found if one["signature"] != self.airdrop]

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()


@pytest.fixture
async def stage(bus: Bus, valkey_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with running(LocalnetSettings(slot_ms=SLOT_MS, seed=11, moved_by="admin")) as base, ClientSession() as session:
        wallet = Wallet(session, base)
        airdrop = await opened(wallet)
        stage = Stage(bus, valkey_url, wallet, tmp_path, airdrop)
        try:
            await stage.open()
            yield stage
        finally:
            stage.close()


async def test_a_live_buy_and_sell_land_and_the_fills_equal_the_wallet_s_balance_changes(stage: Stage) -> None:
    stage.start_guard()
    pool, start = await stage.pool(), await stage.wallet.balance()

    (bought,) = await stage.outcomes(await stage.order(await stage.priced(an_intent(size_sol=0.1), pool)))
    held, after_buy = await stage.wallet.tokens(pool["mint"]), await stage.wallet.balance()
    assert isinstance(bought, Fill), bought
    sale = a_sale(size_units=held, slippage_bps_max=1_000)
    (sold,) = await stage.outcomes(await stage.order(await stage.priced(sale, await stage.pool())))
    after_sale = await stage.wallet.balance()

    assert isinstance(sold, Fill), sold
    assert (bought.status, sold.status) == (FillStatus.FILLED, FillStatus.FILLED)
    assert bought.sol_delta_lamports == after_buy - start
    assert bought.sol_delta_lamports == -(SOL // 10 + bought.fee_lamports + bought.tip_lamports + bought.rent_lamports)
    assert (bought.rent_lamports, bought.tip_lamports) == (2_039_280, 10_000)
    assert (bought.token_delta_units, sold.token_delta_units) == (held, -held)
    assert sold.sol_delta_lamports == after_sale - after_buy
    for fill in (bought, sold):
        assert fill.way is not None
        steps = [fill.way.approved_ns, fill.way.taken_ns, fill.way.quoted_ns, fill.way.signed_ns, fill.way.sent_ns, fill.time_ns]
        assert steps == sorted(steps)
        assert fill.way.approved_ns >= fill.way.event_ns > 0
    assert await stage.wallet.tokens(pool["mint"]) == 0


async def test_a_swap_that_slips_on_chain_costs_its_fee_and_is_rejected(stage: Stage) -> None:
    stage.start_guard()
    pool, start = await stage.pool(), await stage.wallet.balance()
    await stage.wallet.post("/localnet/faults", {"late_slots": 30})

    intent = await stage.order(await stage.priced(an_intent(size_sol=0.1, slippage_bps_max=50), pool))
    await until(lambda: _sent(stage))
    moved = {"virtual_base_units": pool["virtual_base_units"] * 9 // 10, "real_base_units": pool["real_base_units"] * 9 // 10}
    await stage.wallet.post("/localnet/pool", {"mint": pool["mint"], "kind": pool["kind"], **moved})
    fill, rejection = await stage.outcomes(intent, 2)

    assert isinstance(fill, Fill)
    assert isinstance(rejection, Rejection)
    assert (fill.status, fill.token_delta_units, fill.tip_lamports, fill.rent_lamports) == (FillStatus.FAILED, 0, 0, 0)
    assert fill.sol_delta_lamports == -fill.fee_lamports == await stage.wallet.balance() - start
    assert rejection.reason is ReasonCode.CHAIN_FAILED


async def test_sends_that_get_lost_are_sent_again_as_the_same_bytes(stage: Stage) -> None:
    stage.start_guard()
    await stage.wallet.post("/localnet/faults", {"lost_sends": 3})

    (fill,) = await stage.outcomes(await stage.order(await stage.priced(an_intent(), await stage.pool())))

    assert isinstance(fill, Fill), fill
    assert fill.attempt == 1
    assert len(await stage.signatures()) == 1


async def test_an_ambiguous_send_is_not_taken_for_a_refusal(stage: Stage) -> None:
    stage.start_guard()
    await stage.wallet.post("/localnet/faults", {"lost_answers": 2})

    (fill,) = await stage.outcomes(await stage.order(await stage.priced(an_intent(), await stage.pool())))

    assert isinstance(fill, Fill), fill
    assert len(await stage.signatures()) == 1


async def test_a_dead_attempt_is_followed_by_one_with_a_fresh_quote(stage: Stage) -> None:
    stage.start_guard()
    await stage.wallet.post("/localnet/faults", {"lost_sends": 10_000})
    intent = await stage.order(await stage.priced(an_intent(), await stage.pool()))
    await until(lambda: _sent(stage))
    sent_first_ns = time.time_ns()

    await stage.wallet.tick(200)
    await stage.wallet.post("/localnet/faults", {})
    (fill,) = await stage.outcomes(intent)

    assert isinstance(fill, Fill), fill
    assert fill.attempt >= 2
    assert fill.way is not None
    assert fill.way.taken_ns < sent_first_ns < fill.way.quoted_ns <= fill.way.signed_ns <= fill.way.sent_ns <= fill.time_ns
    assert len(await stage.signatures()) == 1


@pytest.mark.parametrize("poison", ["destination", "extra_transfer", "min_out_zero", "approve"])
async def test_a_poisoned_swap_is_never_signed(stage: Stage, poison: str) -> None:
    stage.start_guard()
    await stage.wallet.post("/localnet/faults", {"poison": poison})

    (rejection,) = await stage.outcomes(await stage.order(await stage.priced(an_intent(), await stage.pool())))

    assert isinstance(rejection, Rejection), rejection
    assert rejection.reason.value.startswith(("tx_", "quote_missing"))
    assert await stage.signatures() == []


async def test_an_exit_lands_while_everything_is_halted(stage: Stage) -> None:
    stage.start_guard()
    pool = await stage.pool()
    (bought,) = await stage.outcomes(await stage.order(await stage.priced(an_intent(), pool)))
    assert isinstance(bought, Fill), bought
    await stage.bus.publish(topology.KILL_SWITCH.name, a_halt(state=HaltState.HALTED))
    stage.epoch = 1
    await stage.grant(exits_only=True)

    stop_loss: ExitIntent = await stage.priced(an_exit(size_units=bought.token_delta_units), await stage.pool())
    (sold,) = await stage.outcomes(await stage.order(stop_loss))
    (refused,) = await stage.outcomes(await stage.order(await stage.priced(an_intent(), pool)))

    assert isinstance(sold, Fill), sold
    assert isinstance(refused, Rejection)
    # Which of the two says no depends on whether the guard folded the halt before the order or found its lease's epoch behind.
    assert refused.reason in (ReasonCode.HALTED, ReasonCode.HALT_EPOCH)


async def test_an_exit_lands_under_a_lease_from_before_the_halt_when_control_is_dead(stage: Stage) -> None:
    stage.start_guard()
    (bought,) = await stage.outcomes(await stage.order(await stage.priced(an_intent(), await stage.pool())))
    assert isinstance(bought, Fill), bought
    await stage.bus.publish(topology.KILL_SWITCH.name, a_halt(state=HaltState.HALTED))
    stage.epoch = 1  # risk knows the halt; nobody renews the lease

    stop_loss: ExitIntent = await stage.priced(an_exit(size_units=bought.token_delta_units), await stage.pool())
    (sold,) = await stage.outcomes(await stage.order(stop_loss))

    assert isinstance(sold, Fill), sold


@pytest.mark.parametrize(("poison", "kind"), [("", Fill), ("destination", Rejection)])
async def test_paper_by_quotes_goes_to_the_signer_s_door_and_no_further(stage: Stage, poison: str, kind: type) -> None:
    stage.start_guard(PAPER_QUOTES="jupiter", WALLET=stage.wallet.me, PAPER_SLOTS_MAX="0", PAPER_FAILURE_BPS="0", SIGNER_URL="")
    await stage.wallet.post("/localnet/faults", {"poison": poison})
    pool = await stage.pool()
    ratio = {"quote_lamports": pool["virtual_quote_lamports"], "base_units": pool["virtual_base_units"]}
    await stage.bus.publish(topology.PRICE.name, MarketFrame((a_tick(venue="raydium", **ratio),)))
    intent = await stage.priced(an_intent(), pool)

    await stage.bus.publish(topology.APPROVED.name, an_approved(intent), intent.id)
    (outcome,) = await stage.outcomes(intent)

    assert type(outcome) is kind, outcome
    assert await stage.signatures() == []


async def test_a_token_that_went_bad_is_bought_no_more_and_still_sold(stage: Stage) -> None:
    stage.start_guard(TOKEN_REMEMBER_MS="0")
    (bought,) = await stage.outcomes(await stage.order(await stage.priced(an_intent(), await stage.pool())))
    assert isinstance(bought, Fill), bought
    await stage.give_a_freezer()

    more = await stage.priced(an_intent(), await stage.pool())
    (refused,) = await stage.outcomes(await stage.order(more))
    stop_loss: ExitIntent = await stage.priced(an_exit(size_units=bought.token_delta_units), await stage.pool())
    (sold,) = await stage.outcomes(await stage.order(stop_loss))

    assert isinstance(refused, Rejection), refused
    assert refused.reason is ReasonCode.TOKEN_AUTHORITY
    assert isinstance(sold, Fill), sold
    assert len(await stage.signatures()) == 2


async def test_paper_by_quotes_refuses_the_tokens_that_live_would(stage: Stage) -> None:
    stage.start_guard(PAPER_QUOTES="jupiter", WALLET=stage.wallet.me, SIGNER_URL="")
    await stage.give_a_freezer()
    intent = await stage.priced(an_intent(), await stage.pool())

    await stage.bus.publish(topology.APPROVED.name, an_approved(intent), intent.id)
    (refused,) = await stage.outcomes(intent)

    assert isinstance(refused, Rejection), refused
    assert refused.reason is ReasonCode.TOKEN_AUTHORITY


async def test_an_order_without_a_lease_is_refused(stage: Stage) -> None:
    stage.start_guard()
    await stage.grant(exits_only=True)

    (rejection,) = await stage.outcomes(await stage.order(await stage.priced(an_intent(), await stage.pool())))

    assert isinstance(rejection, Rejection)
    assert rejection.reason is ReasonCode.LEASE_MISSING


async def test_a_signer_that_comes_back_signs_what_was_waiting(stage: Stage) -> None:
    stage.signer.kill()
    stage.signer.wait()
    stage.start_guard()
    intent = await stage.order(await stage.priced(an_intent(), await stage.pool()))
    path, port = str(stage.folder / "wallet.json"), stage.signer_url.rpartition(":")[2]

    stage.start("memesnipe.signer.service", WALLET_FILE=path, SIGNER_PORT=port)
    (fill,) = await stage.outcomes(intent)

    assert isinstance(fill, Fill), fill


@pytest.mark.parametrize("failpoint", GUARD_FAILPOINTS)
async def test_a_guard_killed_at_any_step_leaves_one_transaction_and_one_outcome(stage: Stage, failpoint: str) -> None:
    dying = stage.start_guard(failpoint)
    intent = await stage.order(await stage.priced(an_intent(), await stage.pool()))
    await until(lambda: _died(dying))

    stage.start_guard()
    outcomes = await stage.outcomes(intent)
    await until(lambda: _acknowledged(stage))

    assert [type(one) for one in outcomes] == [Fill], outcomes
    assert len(await stage.outcomes(intent)) == 1
    assert [one["err"] for one in await stage.signatures()] == [None]


async def test_a_guard_without_memory_takes_up_what_landed_under_the_one_before(stage: Stage) -> None:
    start = await stage.wallet.balance()
    intent = await _lost_by_a_guard(stage, "guard.after_broadcast")

    stage.start_guard()
    (fill,) = await stage.outcomes(intent)

    assert isinstance(fill, Fill), fill
    assert fill.attempt == 1
    assert fill.sol_delta_lamports == await stage.wallet.balance() - start
    assert [one["signature"] for one in await stage.signatures()] == [fill.signature]


async def test_a_guard_without_memory_waits_for_the_end_of_what_was_signed_before(stage: Stage) -> None:
    intent = await _lost_by_a_guard(stage, "guard.before_broadcast")

    stage.start_guard()
    await until(lambda: _sent(stage))
    waiting = await stage.bus.fold(FILLS)
    await stage.wallet.tick(200)
    (fill,) = await stage.outcomes(intent)

    assert waiting == []
    assert isinstance(fill, Fill), fill
    assert fill.attempt == 2
    assert [one["signature"] for one in await stage.signatures()] == [fill.signature]


async def _lost_by_a_guard(stage: Stage, failpoint: str) -> Intent:
    """Return the intent of an order under whose signature a guard died, with its disk."""
    dying = stage.start_guard(failpoint)
    intent = await stage.order(await stage.priced(an_intent(), await stage.pool()))
    await until(lambda: _died(dying))
    for file in stage.folder.glob("guard.db*"):
        file.unlink()
    return intent


async def _sent(stage: Stage) -> bool:
    """Whether the guard has a signed attempt on disk."""
    with contextlib.suppress(sqlite3.OperationalError), contextlib.closing(_read_only(stage.folder / "guard.db")) as database:
        return bool(database.execute("SELECT 1 FROM attempts WHERE status = 'signed'").fetchall())
    return False


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)


async def _died(process: "subprocess.Popen[bytes]") -> bool:
    return process.poll() == -signal.SIGKILL


async def _acknowledged(stage: Stage) -> bool:
    with redis.Redis.from_url(stage.redis_url) as client:
        pending: Any = client.xpending(topology.APPROVED.name, "wallet_guard")
        return bool(pending["pending"] == 0)
