"""position_manager on a real Valkey and a real SQLite ledger."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis as Client
from sqlalchemy import text

from memesnipe.bus.api import Entry
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import CLOSE_REQUESTS, CONFIG, DECISIONS, EXITS, FILLS, HOLDINGS_KEY, KILL_SWITCH, POSITIONS, PRICE, REJECTED
from memesnipe.kernel.errors import Unavailable
from memesnipe.ledger import read
from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.codec import decode
from memesnipe.messages.control import CloseRequest, HeldAccount, Holdings
from memesnipe.messages.decisions import Decision, DecisionKind
from memesnipe.messages.orders import ExitCause, ExitIntent, Fill, Rejection
from memesnipe.positions.loop import Service
from memesnipe.positions.settings import PositionSettings
from memesnipe.positions.store import Store
from memesnipe.testing.builders import (
    MINT,
    SOL,
    START_NS,
    STRATEGY,
    a_config,
    a_decision,
    a_fill,
    a_frame,
    a_halt,
    a_rejection,
    a_sale,
    a_tick,
    an_exit,
    an_intent,
)
from memesnipe.testing.buses import MakeBus

CRASHED = 12 * SOL
"""Quote side of a tick at 40% of the builders' price: below any stop."""


class HandClock:
    """Moves by the test and by what is read, while the bus works as in trading: an EventClock would make it a replay."""

    def __init__(self) -> None:
        self._now_ns = START_NS

    def now_ns(self) -> int:
        return self._now_ns

    def observe(self, time_ns: int) -> None:
        self._now_ns = max(self._now_ns, time_ns)


class Stage:
    """A running service and what a test does to it."""

    def __init__(self, service: Service, store: Store, bus: RedisBus, clock: HandClock, data_dir: Path) -> None:
        self.service, self.store, self.bus, self.clock, self.data_dir = service, store, bus, clock, data_dir

    async def outcome(self, message: Fill | Rejection) -> None:
        await self.bus.publish(FILLS.of(STRATEGY), message, getattr(message, "signature", message.intent_id))

    async def price(self, quote_lamports: int) -> None:
        await self.bus.publish(PRICE.name, a_frame(a_tick(quote_lamports=quote_lamports, time_ns=self.clock.now_ns())))

    async def until(self, holds: Callable[[], Awaitable[Any]]) -> Any:
        for _ in range(100):
            await self.service.turn()
            if found := await holds():
                return found
        raise AssertionError("did not come to hold within 100 turns")

    async def turns(self, count: int = 3) -> None:
        for _ in range(count):
            await self.service.turn()

    async def all(self, stream: str) -> list[Any]:
        return [entry.message for entry in await self.entries(stream)]

    async def entries(self, stream: str) -> list[Entry]:
        return await self.bus.fold(stream)

    async def exits(self) -> list[ExitIntent]:
        return await self.all(EXITS.of(STRATEGY))

    async def fills(self) -> int:
        return await self.store.ask(read.fill_count)

    async def pending(self) -> bool:
        return bool(self.service.book.open)


@pytest.fixture
async def valkey(valkey_url: str) -> AsyncIterator[Client]:
    client = Client.from_url(valkey_url)
    yield client
    await client.aclose()


Start = Callable[[], Awaitable[Stage]]


@pytest.fixture
async def start(make_bus: MakeBus, tmp_path: Path) -> AsyncIterator[Start]:
    stores: list[Store] = []

    async def started() -> Stage:
        clock = HandClock()
        bus = await make_bus(service="position_manager", clock=clock)
        store = Store(ledger_url(str(tmp_path)))
        stores.append(store)
        await store.migrate()
        service = Service(bus, clock, store, PositionSettings(snapshot_every_s=0.0, ledger_retry_s=0.0, ledger_backlog_max=2))
        await service.restore()
        return Stage(service, store, await make_bus(), clock, tmp_path)

    yield started
    for store in stores:
        store.close()


@pytest.fixture
async def stage(start: Start) -> Stage:
    stage = await start()
    await stage.bus.publish(CONFIG.name, a_config())
    return stage


async def test_a_fill_becomes_a_row_a_position_and_an_update(stage: Stage) -> None:
    fill = a_fill()
    await stage.outcome(fill)

    updates = await stage.until(lambda: stage.all(POSITIONS.name))

    assert (updates[0].units, updates[0].cost_lamports) == (fill.token_delta_units, -fill.sol_delta_lamports)
    assert updates[0].stop_base_units == fill.token_delta_units
    assert await stage.fills() == 1


async def test_a_price_at_the_stop_sells_everything_that_is_held_once(stage: Stage) -> None:
    fill = a_fill()
    await stage.outcome(fill)
    await stage.until(stage.pending)

    await stage.price(CRASHED)
    await stage.price(CRASHED)
    (exit_intent,) = await stage.until(stage.exits)
    await stage.turns()

    assert (exit_intent.cause, exit_intent.size_units) == (ExitCause.STOP_LOSS, fill.token_delta_units)
    assert exit_intent.quote_lamports == CRASHED
    assert len(await stage.exits()) == 1


async def test_a_token_that_turned_bad_is_sold_once_whatever_its_price(stage: Stage) -> None:
    await stage.outcome(a_fill())
    await stage.until(stage.pending)

    stage.service.worse_tokens = {MINT: "somebody new can mint or freeze it"}
    (intent,) = await stage.until(stage.exits)
    await stage.turns()

    assert intent.cause is ExitCause.TOKEN
    assert len(await stage.exits()) == 1


async def test_a_token_that_turned_bad_is_still_known_for_it_after_a_restart(start: Start, stage: Stage) -> None:
    await stage.outcome(a_fill())
    await stage.until(stage.pending)
    stage.service.worse_tokens = {MINT: "the mint is gone"}
    await stage.until(stage.exits)

    again = await start()

    assert [one.watch.token_worse for one in again.service.book.open.values()] == ["the mint is gone"]


async def test_a_refused_exit_is_asked_for_again_with_more_slippage_under_another_id(stage: Stage) -> None:
    await stage.outcome(a_fill())
    await stage.until(stage.pending)
    await stage.price(CRASHED)
    (first,) = await stage.until(stage.exits)

    rejection = a_rejection(an_exit(id=first.id))
    await stage.bus.publish(REJECTED.name, rejection, first.id)
    await stage.outcome(rejection)
    await stage.turns()
    stage.clock.observe(stage.clock.now_ns() + 60 * SOL)
    await stage.turns()
    first, second = await stage.exits()

    assert second.slippage_bps_max == 2 * first.slippage_bps_max
    assert second.id != first.id


async def test_exits_work_in_halted_and_wait_in_frozen(stage: Stage) -> None:
    await stage.outcome(a_fill())
    await stage.until(stage.pending)
    await stage.bus.publish(KILL_SWITCH.name, a_halt(HaltState.FROZEN))
    await stage.price(CRASHED)
    await stage.turns()
    frozen = await stage.exits()

    await stage.bus.publish(KILL_SWITCH.name, a_halt(HaltState.HALTED))
    halted = await stage.until(stage.exits)

    assert (len(frozen), len(halted)) == (0, 1)


async def test_a_person_closes_a_position_without_any_price(stage: Stage) -> None:
    await stage.outcome(a_fill())
    await stage.until(stage.pending)

    await stage.bus.publish(CLOSE_REQUESTS.name, CloseRequest("close-1", STRATEGY, MINT, "test", START_NS))
    (exit_intent,) = await stage.until(stage.exits)

    assert exit_intent.cause is ExitCause.PERSON


async def test_a_position_too_old_is_sold_when_time_passes_without_a_message(stage: Stage) -> None:
    await stage.outcome(a_fill())
    await stage.until(stage.pending)

    stage.clock.observe(stage.clock.now_ns() + 601 * SOL)
    (exit_intent,) = await stage.until(stage.exits)

    assert exit_intent.cause is ExitCause.TIME_STOP


async def test_a_restart_keeps_positions_and_exits_in_flight(stage: Stage, start: Start) -> None:
    await stage.outcome(a_fill())
    await stage.until(stage.pending)
    await stage.price(CRASHED)
    await stage.until(stage.exits)

    again = await start()
    restored = again.service.book.open
    await again.price(CRASHED)
    await again.turns()

    assert restored == stage.service.book.open
    assert len(await again.exits()) == 1


async def test_closed_trades_make_history_and_sharpe(stage: Stage, valkey: Client) -> None:
    for number, proceeds in enumerate((SOL // 5, SOL // 20)):
        buy = a_fill(an_intent(slot=10 * number + 1))
        sale = a_fill(a_sale(size_units=buy.token_delta_units, slot=10 * number + 5), sol_delta_lamports=proceeds)
        await stage.outcome(buy)
        await stage.outcome(sale)

    async def both() -> bool:
        return await stage.fills() == 4 and not await stage.pending()

    await stage.until(both)
    raw = await stage.bus.get(f"perf:{STRATEGY}:sharpe")
    history = [json.loads(item) for item in await valkey.lrange(f"perf:{STRATEGY}:pnl_history", 0, -1)]

    assert [entry["net_lamports"] for entry in history] == [SOL // 5 - SOL // 10 - 5_000, SOL // 20 - SOL // 10 - 5_000]
    assert raw is not None
    assert -1 < float(raw) < 1


async def test_while_the_ledger_is_away_exits_go_on_and_nothing_is_lost(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("ledger", "test")

    with monkeypatch.context() as broken:
        broken.setattr(stage.store, "record", away)
        await stage.outcome(a_fill())
        await stage.until(stage.pending)
        await stage.price(CRASHED)
        during = await stage.until(stage.exits)
        updates_during = await stage.all(POSITIONS.name)
        rows_during = await stage.fills()

    async def written() -> bool:
        return await stage.fills() == 1

    await stage.until(written)
    await stage.turns()

    assert (len(during), rows_during) == (1, 0)
    assert len(await stage.exits()) == 1
    assert len(updates_during) < len(await stage.all(POSITIONS.name))


async def test_a_decision_is_kept_with_its_inputs_even_where_the_ledger_was_away_when_it_came(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("ledger", "test")

    async def kept() -> Decision | None:
        return await stage.store.ask(lambda asked: read.decision_with_inputs(asked, DecisionKind.ALLOCATION))

    with monkeypatch.context() as broken:
        broken.setattr(stage.store, "decided", away)
        await stage.bus.publish(DECISIONS.name, a_decision(), "1:ab")
        await stage.turns()
        during = await kept()

    assert (during, await stage.until(kept)) == (None, a_decision())


async def test_new_risk_stops_when_too_much_waits_for_the_ledger(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("ledger", "test")

    monkeypatch.setattr(stage.store, "record", away)
    for _ in range(4):
        await stage.outcome(a_fill())

    (command,) = await stage.until(lambda: stage.all(KILL_SWITCH.name))
    await stage.turns()

    assert command.state is HaltState.REDUCE_ONLY
    assert len(await stage.all(KILL_SWITCH.name)) == 1


@pytest.mark.parametrize(
    "step",
    [
        "positions.before_ledger",
        "positions.after_ledger",
        "positions.before_commit",
        "bus.before_commit",
        "bus.after_commit",
        "positions.after_commit",
    ],
)
async def test_a_kill_at_any_durable_step_leaves_one_row_and_one_position(
    step: str, stage: Stage, valkey: Client, valkey_url: str, tmp_path: Path
) -> None:
    fill = a_fill()
    await stage.outcome(fill)
    env = {**os.environ, "MEMESNIPE_REDIS_URL": valkey_url, "MEMESNIPE_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-c", "from memesnipe.positions.service import main; raise SystemExit(main())"]

    doomed = await asyncio.create_subprocess_exec(*command, env={**env, "MEMESNIPE_FAILPOINT": step}, stderr=asyncio.subprocess.DEVNULL)
    killed = await asyncio.wait_for(doomed.wait(), 60)
    process = await asyncio.create_subprocess_exec(*command, env=env, stderr=asyncio.subprocess.DEVNULL)
    try:
        await eventually(lambda: settled(stage, valkey))
    finally:
        process.terminate()
        await process.wait()

    engine = open_engine(ledger_url(str(tmp_path)))
    with engine.connect() as connection:
        (position,) = read.open_positions(connection)
        rows = connection.execute(text("SELECT COUNT(*) FROM fills")).scalar_one()
    engine.dispose()
    assert killed == -signal.SIGKILL
    assert (rows, position.units, position.fills) == (1, fill.token_delta_units, 1)
    assert len([update for update in await stage.all(POSITIONS.name) if update.time_ns == fill.time_ns]) == 1


async def settled(stage: Stage, valkey: Client) -> bool:
    """The fill is acknowledged, and its update written."""
    held = await valkey.xpending(FILLS.of(STRATEGY), "position_manager")
    return held["pending"] == 0 and await stage.fills() == 1 and bool(await stage.all(POSITIONS.name))


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(1_600):
        if await holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("did not come to hold in 80 s")


async def test_it_says_at_start_that_nothing_is_held(start: Start) -> None:
    stage = await start()

    assert await held(stage) == ()


async def test_what_the_ledger_holds_is_said_at_start_with_the_fills_that_are_in_it(stage: Stage, start: Start, valkey: Client) -> None:
    fill = a_fill()
    await stage.outcome(fill)
    await stage.until(lambda: stage.all(POSITIONS.name))
    await valkey.flushall()

    again = await start()

    (account,) = await held(again)
    assert [(one.mint, one.units, one.cost_lamports) for one in account.holdings] == [
        (MINT, fill.token_delta_units, -fill.sol_delta_lamports)
    ]
    assert account.settled == (fill.settled_key,)


async def test_a_running_one_says_what_is_held_again_after_everything_was_lost(stage: Stage, valkey: Client) -> None:
    await stage.outcome(a_fill())
    await stage.until(lambda: stage.all(POSITIONS.name))

    await valkey.flushall()
    await stage.turns()

    assert [len(account.holdings) for account in await held(stage)] == [1]


async def test_a_persons_close_outlives_the_loss_of_everything(stage: Stage, valkey: Client) -> None:
    await stage.bus.publish(KILL_SWITCH.name, a_halt(HaltState.FROZEN))
    await stage.outcome(a_fill())
    await stage.until(lambda: stage.all(POSITIONS.name))
    await stage.bus.publish(CLOSE_REQUESTS.name, CloseRequest("close-1", STRATEGY, MINT, "test", START_NS))
    await stage.until(close_is_known(stage))

    await valkey.flushall()
    await stage.bus.publish(KILL_SWITCH.name, a_halt(HaltState.ACTIVE))
    await stage.price(30 * SOL)
    exits = await stage.until(stage.exits)

    assert [exit_intent.cause for exit_intent in exits] == [ExitCause.PERSON]


def close_is_known(stage: Stage) -> Callable[[], Awaitable[bool]]:
    async def known() -> bool:
        return any(one.watch.close_request for one in stage.service.book.open.values())

    return known


async def held(stage: Stage) -> tuple[HeldAccount, ...]:
    raw = await stage.bus.get(HOLDINGS_KEY)
    assert raw is not None
    return decode(Holdings, raw).accounts
