"""The market moved by a recording: what is played, at which pace, across restarts, beside our own swaps, and what is refused."""

import asyncio
import base64
import contextlib
import itertools
import struct
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from aiohttp import ClientConnectionError, ClientSession
from solders.pubkey import Pubkey

from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import MARKET_STREAMS
from memesnipe.chain.programs import (
    PUMP_CREATE_EVENT,
    PUMP_PROGRAM,
    PUMP_TRADE_EVENT,
    PUMP_VIRTUAL_BASE_START_UNITS,
    PUMP_VIRTUAL_QUOTE_START_LAMPORTS,
    WRAPPED_SOL_MINT,
)
from memesnipe.consumers.service import serve
from memesnipe.consumers.settings import ConsumerSettings
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.health import Health
from memesnipe.kernel.ports import free_port
from memesnipe.kernel.service import Running
from memesnipe.localnet.__main__ import EXIT_CONFIG, settings_of
from memesnipe.localnet.settings import LocalnetSettings
from memesnipe.localnet.testing import SOL, Wallet, running
from memesnipe.market import recording
from memesnipe.messages.bounds import Side
from memesnipe.messages.market import Launch, MarketEvent, PriceTick, SocialPost

Json = Any
BORN, OLD, POOLED = (str(Pubkey.from_bytes(bytes([number]) * 32)) for number in (9, 8, 7))
NOW = 1_757_812_456 * 10**9
FIRST = 366_663_132
START = (PUMP_VIRTUAL_QUOTE_START_LAMPORTS, PUMP_VIRTUAL_BASE_START_UNITS)
SILENCE = 25


def launch(slot: int, mint: str = BORN) -> Launch:
    return Launch(f"launch-{mint}", NOW, slot, mint, mint, "pumpfun", "REC", "Recorded", 6, *START)


def trade(slot: int, lamports: int, units: int, after: tuple[int, int], mint: str = BORN, venue: str = "pumpfun") -> PriceTick:
    """A buy of `units`, or a sale where both amounts are negative."""
    side = Side.BUY if lamports > 0 else Side.SELL
    return PriceTick(f"{mint}-{slot}-{after}", NOW, slot, mint, venue, *after, 6, side, abs(lamports), abs(units), 125)


def trades(steps: Sequence[tuple[int, int]]) -> list[PriceTick]:
    """Trades of BORN from the curve's start, each (slot, lamports in): the curve's own product, rounded down."""
    (quote, base), made = START, []
    for slot, lamports in steps:
        after = (quote + lamports, quote * base // (quote + lamports))
        made.append(trade(slot, lamports, base - after[1], after))
        quote, base = after
    return made


STEPS = [(FIRST, SOL), (FIRST, 2 * SOL), (FIRST + 1, -SOL), (FIRST + 11, 3 * SOL), (FIRST + 5_011, -2 * SOL), (FIRST + 5_012, SOL)]
TRADES = trades(STEPS)
EVENTS: list[MarketEvent] = [TRADES[0], launch(FIRST), *TRADES[1:]]
"""Launch second: a recorder writes it once the token is checked, after the trades of its first slots."""


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    return written(tmp_path, EVENTS)


def written(folder: Path, events: Sequence[MarketEvent], name: str = "tape.parquet") -> Path:
    recording.write(folder / name, events)
    return folder / name


def settings(path: Path, **more: Any) -> LocalnetSettings:
    return LocalnetSettings(**{"slot_ms": 0, "seed": 3, "moved_by": "recording", "recording": path, **more})


@contextlib.asynccontextmanager
async def market(path: Path, **more: Any) -> AsyncIterator[Wallet]:
    async with running(settings(path, **more)) as base, ClientSession() as session:
        yield Wallet(session, base)


async def played(wallet: Wallet) -> int:
    return int((await wallet.get("/localnet/state"))["recording"]["played"])


async def tick_until_played(wallet: Wallet, count: int) -> int:
    """Return how many slots it took."""
    for slots in itertools.count():
        if await played(wallet) >= count:
            return slots
        assert slots < 500
        await wallet.tick()
    raise AssertionError


async def pool_of(wallet: Wallet, mint: str) -> Json:
    return next(pool for pool in await wallet.get("/localnet/pools") if pool["mint"] == mint)


def reserves(pool: Json) -> tuple[int, int]:
    return pool["virtual_quote_lamports"], pool["virtual_base_units"]


def state_after(trade: PriceTick) -> tuple[int, int]:
    return trade.quote_lamports, trade.base_units


async def heard(path: Path, slots: int) -> list[bytes]:
    """pump.fun's events that a subscriber is told while the recording plays."""
    async with market(path) as wallet, wallet.session.ws_connect(wallet.base) as told:
        options = {"commitment": "processed", "encoding": "base64", "transactionDetails": "full", "maxSupportedTransactionVersion": 1}
        params = [{"accountInclude": [PUMP_PROGRAM], "vote": False, "failed": False}, options]
        await told.send_json({"jsonrpc": "2.0", "id": 1, "method": "transactionSubscribe", "params": params})
        await told.receive_json()
        await wallet.tick(slots)
        await told.send_json({"jsonrpc": "2.0", "id": 2, "method": "getSlot"})
        return [event_of(body) async for body in until_answered(told)]


async def until_answered(told: Any) -> AsyncIterator[Json]:
    while (body := await told.receive_json()).get("id") != 2:
        yield body


def event_of(notification: Json) -> bytes:
    lines = notification["params"]["result"]["transaction"]["meta"]["logMessages"]
    return base64.b64decode(next(line for line in lines if line.startswith("Program data: ")).removeprefix("Program data: "))


async def test_subscribers_hear_the_launch_and_every_trade_as_recorded(tape: Path) -> None:
    told = await heard(tape, 200)

    assert [event[:8] for event in told] == [PUMP_CREATE_EVENT, *[PUMP_TRADE_EVENT] * len(TRADES)]
    amounts = [struct.unpack_from("<QQ?", event, 40) for event in told[1:]]
    assert amounts == [(one.trade_lamports, one.trade_units, one.trade_side is Side.BUY) for one in TRADES]
    assert [struct.unpack_from("<QQ", event, 97) for event in told[1:]] == [state_after(one) for one in TRADES]


async def test_one_recording_is_one_market(tape: Path) -> None:
    assert await heard(tape, 200) == await heard(tape, 200)


async def test_what_the_chain_holds_is_the_recorded_state(tape: Path) -> None:
    async with market(tape) as wallet:
        await tick_until_played(wallet, 1)

        pool = await pool_of(wallet, BORN)
        vault = await wallet.result("getTokenAccountBalance", pool["quote_vault"])

    assert reserves(pool) == state_after(TRADES[1])
    assert int(vault["value"]["amount"]) == pool["real_quote_lamports"] == 3 * SOL


async def test_each_recorded_slot_has_a_slot_of_its_own_and_long_silences_are_cut(tape: Path) -> None:
    async with market(tape) as wallet:
        waits = [await tick_until_played(wallet, count) for count in range(1, 6)]

    assert waits == [SILENCE - 1, 1, 10, SILENCE, 1]  # the localnet's own first slot is over when it answers


async def test_speed_shortens_silences_and_never_joins_two_slots(tape: Path) -> None:
    async with market(tape, recording_speed=4, recording_silence_slots=5) as wallet:
        waits = [await tick_until_played(wallet, count) for count in range(1, 6)]

    assert waits == [4, 1, 3, 5, 1]


async def test_at_the_end_the_pools_stand_still(tape: Path) -> None:
    async with market(tape) as wallet:
        await wallet.tick(200)

        state = (await wallet.get("/localnet/state"))["recording"]
        pool = await pool_of(wallet, BORN)

    assert state == {"slots": 5, "played": 5, "rowsLeftOut": 0}
    assert reserves(pool) == state_after(TRADES[-1])


async def test_a_token_first_seen_in_mid_life_trades_and_was_not_launched(tmp_path: Path) -> None:
    path = written(tmp_path, [trade(FIRST, SOL, 10**13, (50 * SOL, 6 * 10**14), OLD)])

    assert [event[:8] for event in await heard(path, 60)] == [PUMP_TRADE_EVENT]


async def test_a_mint_keeps_the_venue_it_came_with_and_other_rows_are_counted(tmp_path: Path) -> None:
    pooled = trade(FIRST, SOL, 10**12, (80 * SOL, 3 * 10**14), POOLED, "raydium")
    elsewhere = [trade(FIRST + 1, SOL, 10**12, (90 * SOL, 3 * 10**14), POOLED), trade(FIRST, SOL, SOL, (SOL, SOL), WRAPPED_SOL_MINT)]
    path = written(tmp_path, [SocialPost("s", NOW, "bluesky", "someone", "buy", (POOLED,)), pooled, *elsewhere])
    async with market(path) as wallet:
        await wallet.tick(60)

        pools = await wallet.get("/localnet/pools")
        state = (await wallet.get("/localnet/state"))["recording"]

    assert [(pool["kind"], *reserves(pool)) for pool in pools] == [("constant_product", *state_after(pooled))]
    assert state == {"slots": 1, "played": 1, "rowsLeftOut": 2}


async def test_our_swap_settles_on_the_recorded_state_and_the_next_one_replaces_it(tape: Path) -> None:
    async with market(tape) as wallet:
        await wallet.fund(5 * SOL)
        await tick_until_played(wallet, 3)  # ten slots of silence came before, 25 follow
        quote = await wallet.quote(WRAPPED_SOL_MINT, BORN, SOL)
        landed = await wallet.land(wallet.swap(quote))
        moved, held = reserves(await pool_of(wallet, BORN)), await wallet.tokens(BORN)
        await tick_until_played(wallet, 4)
        after = await pool_of(wallet, BORN)

        assert landed["meta"]["err"] is None
        assert held == int(quote["outAmount"]) == state_after(TRADES[3])[1] - moved[1]
        assert reserves(after) == state_after(TRADES[4])
        assert await wallet.tokens(BORN) == held


async def test_a_restart_goes_on_with_the_next_recorded_slot(tape: Path, tmp_path: Path) -> None:
    async with market(tape) as wallet:
        await wallet.tick(120)
        whole = await wallet.get("/localnet/pools")
    for slots in (30, 20, 68):  # and one at each of the two later starts
        async with market(tape, data_dir=tmp_path / "chain") as wallet:
            await wallet.tick(slots)
            resumed = await wallet.get("/localnet/pools")

    assert resumed == whole


async def test_a_kill_leaves_the_position_and_the_pools_of_one_slot(tmp_path: Path) -> None:
    made = trades([(FIRST + number, SOL // 100) for number in range(2_000)])
    path = written(tmp_path, [launch(FIRST), *made])
    async with ClientSession() as session:
        process, wallet = await started(session, path, tmp_path / "chain")
        async with asyncio.timeout(60):
            while (before := await played(wallet)) < 20:
                continue
        process.kill()
        await process.wait()

    async with market(path, data_dir=tmp_path / "chain") as wallet:
        count, pool = await played(wallet), await pool_of(wallet, BORN)

    assert count > before
    assert reserves(pool) == state_after(made[count - 1])


async def started(session: ClientSession, path: Path, folder: Path) -> tuple[asyncio.subprocess.Process, Wallet]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(*command(path, "--seed", "3", "--port", str(port), "--data-dir", str(folder)))
    wallet = Wallet(session, f"http://127.0.0.1:{port}")
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(ClientConnectionError):
                await played(wallet)
                return process, wallet
            await asyncio.sleep(0.05)


def command(path: Path, *more: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "memesnipe.localnet", "--slot-ms", "5", "--recording", str(path), *more)


async def test_data_consumers_publish_the_recorded_market(bus: RedisBus, valkey_url: str, tape: Path, tmp_path: Path) -> None:
    """On the wall's clock, because the consumer is."""
    async with running(settings(tape, slot_ms=40)) as url:
        consumer = ConsumerSettings(redis_url=valkey_url, rpc_url=url, ws_url=url.replace("http", "ws"), data_dir=str(tmp_path / "data"))
        edge = Running("data_consumers", SystemClock(), Health("data_consumers"), asyncio.Event())
        serving = asyncio.create_task(serve(edge, consumer))
        try:
            prices = await published(bus, "price", len(TRADES))
            launches = await published(bus, "launch", 1)
        finally:
            edge.stop.set()
            await asyncio.wait_for(serving, 60)

    assert [facts(event) for event in prices] == [facts(event) for event in TRADES]
    assert [(one.mint, one.quote_lamports, one.base_units) for one in launches if isinstance(one, Launch)] == [(BORN, *START)]


async def published(bus: RedisBus, kind: str, count: int) -> list[MarketEvent]:
    async with asyncio.timeout(60):
        while True:
            found = [event for entry in await bus.fold(MARKET_STREAMS[kind].name) for event in entry.message.events]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.05)


def facts(event: MarketEvent) -> Json:
    assert isinstance(event, PriceTick)
    state = (event.mint, event.venue, event.quote_lamports, event.base_units, event.decimals)
    return (*state, event.trade_side, event.trade_lamports, event.trade_units, event.fee_bps)


async def test_a_folder_stays_with_its_recording(tape: Path, tmp_path: Path) -> None:
    folder = tmp_path / "chain"
    async with market(tape, data_dir=folder):
        pass
    other = written(tmp_path, EVENTS[:3], "other.parquet")

    with pytest.raises(ConfigError, match=r"--data-dir: .*not by this one"):
        async with market(other, data_dir=folder):
            pass
    with pytest.raises(ConfigError, match=r"--data-dir: .*moved by a recording"):
        async with running(LocalnetSettings(slot_ms=0, seed=3, data_dir=folder)):
            pass


async def test_a_chain_of_agents_is_not_played_upon(tape: Path, tmp_path: Path) -> None:
    async with running(LocalnetSettings(slot_ms=0, seed=3, data_dir=tmp_path / "chain")):
        pass

    with pytest.raises(ConfigError, match=r"--data-dir: .*not moved by a recording"):
        async with market(tape, data_dir=tmp_path / "chain"):
            pass


async def refusal(path: Path) -> str:
    with pytest.raises(ConfigError, match="--recording: ") as caught:
        async with running(settings(path)):
            pass
    assert str(path) in str(caught.value)
    return str(caught.value)


async def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    assert "No such file" in await refusal(tmp_path / "absent.parquet")
    assert "Is a directory" in await refusal(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not parquet at all", b"PAR1" + b"\0" * 100 + b"PAR1"])
async def test_a_file_that_is_not_parquet_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.parquet").write_bytes(content)

    await refusal(tmp_path / "x.parquet")


async def test_a_torn_or_damaged_recording_is_named_and_never_half_played(tape: Path, tmp_path: Path) -> None:
    raw, page = tape.read_bytes(), tmp_path / "damaged.parquet"
    damage = [raw[: len(raw) // 2], raw[:40] + bytes(200) + raw[240:]]

    for bad in damage:
        page.write_bytes(bad)
        await refusal(page)


def table_of(events: Sequence[MarketEvent]) -> Any:
    return pa.Table.from_batches([recording.batch_of(events, recording.schema())])


async def test_parquet_of_another_kind_or_a_newer_version_is_refused(tmp_path: Path) -> None:
    table, path = table_of(EVENTS), tmp_path / "x.parquet"
    wrong = {
        "version nothing": table.replace_schema_metadata({}),
        "version 9": table.replace_schema_metadata({recording.VERSION_KEY: b"9"}),
        "column base_units is missing": table.drop_columns(["base_units"]),
        "column slot is double": table.set_column(3, "slot", table["slot"].cast(pa.float64())),
        "no launch and no price": table_of([SocialPost("s", NOW, "bluesky", "someone", "buy", (BORN,))]),
    }

    for reason, content in wrong.items():
        pq.write_table(content, path)
        assert reason in await refusal(path)


async def test_a_row_that_cannot_be_played_is_named(tmp_path: Path) -> None:
    wrong: dict[str, dict[str, Any]] = {
        "$.quote_lamports": {"quote_lamports": 0},
        "$.base_units": {"base_units": -1},
        "$.slot": {"slot": -5},
        "$.decimals": {"decimals": 99},
        "$.fee_bps": {"fee_bps": 20_000},
        "mint shrimp is no address": {"mint": "shrimp"},
    }

    for reason, fields in wrong.items():
        told = await refusal(written(tmp_path, [*EVENTS, msgspec.structs.replace(TRADES[0], **fields)]))
        assert "row 8: " in told
        assert reason in told


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["--recording", "x", "--moved-by", "agents"], "--recording"),
        (["--moved-by", "recording"], "--recording"),
        (["--recording", "x", "--recording-speed", "0"], "--recording-speed"),
        (["--recording", "x", "--recording-silence-slots", "0"], "--recording-silence-slots"),
    ],
)
def test_options_that_contradict_are_refused(arguments: list[str], option: str) -> None:
    with pytest.raises(ConfigError, match=f"{option}: "):
        settings_of(arguments)


def test_a_recording_alone_says_who_moves_the_pools() -> None:
    assert [settings_of(given).moved_by for given in (["--recording", "x"], [], ["--moved-by", "admin"])] == [
        "recording",
        "agents",
        "admin",
    ]


async def test_the_process_ends_with_one_line_about_a_bad_file(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *command(tmp_path / "absent.parquet", "--port", "0"), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )

    told = (await process.communicate())[0].decode().splitlines()

    assert process.returncode == EXIT_CONFIG
    assert len(told) == 1
    assert "absent.parquet" in told[0]
