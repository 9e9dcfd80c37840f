"""The service itself, against a localnet that trades: prices, launches with their checks, and depth, within seconds."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from prometheus_client import REGISTRY

from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import MARKET_STREAMS
from memesnipe.chain.clients.limits import Rate
from memesnipe.chain.clients.transport import Transport
from memesnipe.consumers.chain_reader import ChainReader
from memesnipe.consumers.service import serve
from memesnipe.consumers.settings import ConsumerSettings
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.health import Health
from memesnipe.kernel.ids import derive
from memesnipe.kernel.service import Running
from memesnipe.localnet.settings import LocalnetSettings
from memesnipe.localnet.testing import running as running_localnet
from memesnipe.market import recording
from memesnipe.market.pumpfun_events import TradeSeen
from memesnipe.market.transactions import PUMP_PROGRAM, events_in
from memesnipe.messages.market import DepthQuote, Launch, MarketEvent, PriceTick


async def published(bus: RedisBus, kind: str) -> list[MarketEvent]:
    return [event for entry in await bus.fold(MARKET_STREAMS[kind].name) for event in entry.message.events]


async def at_least(bus: RedisBus, kind: str, count: int) -> list[MarketEvent]:
    """Return a stream's events as soon as there are so many."""
    async with asyncio.timeout(60):
        while True:
            if len(found := await published(bus, kind)) >= count:
                return found
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def consuming(redis_url: str, chain_url: str, folder: Path) -> AsyncIterator[None]:
    """The service, until the block ends; then it has stopped cleanly."""
    settings = ConsumerSettings(
        redis_url=redis_url, rpc_url=chain_url, ws_url=chain_url.replace("http", "ws"), data_dir=str(folder), depth_interval_s=1
    )
    running = Running("data_consumers", SystemClock(), Health("data_consumers"), asyncio.Event())
    serving = asyncio.create_task(serve(running, settings))
    try:
        yield
    finally:
        running.stop.set()
        await asyncio.wait_for(serving, 60)


@pytest.fixture
async def chain_url() -> AsyncIterator[str]:
    async with running_localnet(LocalnetSettings(port=0, seed=7, slot_ms=40)) as url:
        yield url


async def test_a_trading_market_reaches_every_stream_and_the_recording(
    bus: RedisBus, valkey_url: str, chain_url: str, tmp_path: Path
) -> None:
    async with consuming(valkey_url, chain_url, tmp_path):
        prices = await at_least(bus, "price", 20)
        (launch, *_) = await at_least(bus, "launch", 1)
        depth = await at_least(bus, "depth", 6)

    assert all(isinstance(event, PriceTick) and event.fee_bps > 0 for event in prices)
    assert isinstance(launch, Launch)
    assert launch.mint_authority_revoked is not None
    assert launch.sell_route_ok is not None
    assert {event.venue for event in depth if isinstance(event, DepthQuote)} == {"pumpfun", "jupiter"}
    recorded = {event.event_id for event in recording.read(tmp_path / "recordings")}
    assert {event.event_id for event in (*prices, launch, *depth)} <= recorded


async def test_a_restart_fills_what_it_missed_and_repeats_nothing(bus: RedisBus, valkey_url: str, chain_url: str, tmp_path: Path) -> None:
    async with consuming(valkey_url, chain_url, tmp_path):
        await at_least(bus, "price", 5)
    before = len(await published(bus, "price"))
    await asyncio.sleep(1)  # not for a condition: this IS the absence, 25 slots of a market that goes on without us
    async with consuming(valkey_url, chain_url, tmp_path):
        await at_least(bus, "price", before + 20)

    ids = [event.event_id for event in await published(bus, "price")]
    assert len(ids) == len(set(ids))
    slots = [event.slot for event in await published(bus, "price") if isinstance(event, PriceTick)]
    assert max(later - earlier for earlier, later in itertools.pairwise(slots)) < 25


async def trades_of(chain_url: str) -> dict[str, int]:
    """Return the trades that the chain's own history holds, by event id, with their slots."""
    reader = ChainReader(Transport("rpc", chain_url, rate=Rate(10_000.0, 1_000)), "confirmed")
    found: dict[str, int] = {}
    for line in (await reader.since(PUMP_PROGRAM, "", 0, 10_000)).lines:
        landed = await reader.transaction(line.signature) if line.err is None else None
        seen = events_in(landed.transaction, landed.meta).seen if landed else ()
        found |= {derive("trade", line.signature, n): line.slot for n, event in enumerate(seen) if isinstance(event, TradeSeen)}
    await reader.close()
    return found


async def test_a_socket_that_drops_and_repeats_costs_no_trade_and_doubles_none(
    bus: RedisBus, valkey_url: str, chain_url: str, tmp_path: Path
) -> None:
    names = ("source_reconnects", "market_duplicates")
    before = [REGISTRY.get_sample_value(f"memesnipe_{name}_total", {"source": "chain"}) or 0.0 for name in names]
    async with httpx.AsyncClient(base_url=chain_url) as client:
        assert (await client.post("/localnet/faults", json={"ws_drop_every": 7, "ws_repeats": 10_000})).is_success
    async with consuming(valkey_url, chain_url, tmp_path):
        await at_least(bus, "price", 60)

    told = [event for event in await published(bus, "price") if isinstance(event, PriceTick) and event.venue == "pumpfun"]
    first, last = told[0].slot, told[-1].slot
    happened = {event_id for event_id, slot in (await trades_of(chain_url)).items() if first < slot < last}
    assert len(happened) > 20
    assert happened == {event.event_id for event in told if first < event.slot < last}
    assert len({event.event_id for event in told}) == len(told)
    after = [REGISTRY.get_sample_value(f"memesnipe_{name}_total", {"source": "chain"}) or 0.0 for name in names]
    assert all(then < now for then, now in zip(before, after, strict=True)), "it did drop and repeat"


async def test_a_recording_without_the_replay_clock_is_refused(valkey_url: str, tmp_path: Path) -> None:
    running = Running("data_consumers", SystemClock(), Health("data_consumers"), asyncio.Event())

    with pytest.raises(ConfigError, match="MEMESNIPE_SOURCE"):
        await serve(running, ConsumerSettings(redis_url=valkey_url, source="recording", recording="x", data_dir=str(tmp_path)))
