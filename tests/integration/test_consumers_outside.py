"""Sources of the world outside, on a real server: drops, repeats, garbage and lies; nothing is lost and nothing is told twice."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import CURSOR_KEY, MARKET_STREAMS
from memesnipe.chain.clients.limits import Rate
from memesnipe.chain.clients.transport import Transport
from memesnipe.consumers.chain_reader import ChainReader
from memesnipe.consumers.service import serve
from memesnipe.consumers.settings import ConsumerSettings
from memesnipe.consumers.sources.chain import ChainFeed
from memesnipe.consumers.sources.sessions import Wire
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.health import Health
from memesnipe.kernel.ids import derive
from memesnipe.kernel.service import Running
from memesnipe.kernel.settings import load
from memesnipe.localnet.settings import LocalnetSettings
from memesnipe.localnet.testing import running as running_localnet
from memesnipe.messages.market import BridgeTransfer, Launch, MarketEvent, SocialPost
from memesnipe.testing.polling import until
from memesnipe.testing.social_servers import JetstreamHost, PumpPortalHost, WormholescanHost, a_creation, a_post, an_operation

MINT = "8gQkv453h8zzwBNDvJdtVo74DYX5kqAAog1tdHNypump"
NOWHERE = "127.0.0.1:9"
S = 1_000_000
"""Microseconds."""


def now_us() -> int:
    return SystemClock().now_ns() // 1_000


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"memesnipe_{name}_total", labels) or 0.0


async def published(bus: RedisBus, kind: str) -> list[MarketEvent]:
    return [event for entry in await bus.fold(MARKET_STREAMS[kind].name) for event in entry.message.events]


async def at_least(bus: RedisBus, kind: str, count: int) -> list[MarketEvent]:
    """Return a stream's events as soon as there are so many."""
    found: list[MarketEvent] = []

    async def there() -> bool:
        found[:] = await published(bus, kind)
        return len(found) >= count

    await until(there)
    return found


async def texts(bus: RedisBus, count: int) -> list[str]:
    return [event.text.split()[0] for event in await at_least(bus, "social", count) if isinstance(event, SocialPost)]


@contextlib.asynccontextmanager
async def consuming(redis_url: str, folder: Path, **settings: Any) -> AsyncIterator[None]:
    """The service without a chain, unless one is named, until the block ends; then it has stopped cleanly."""
    common: dict[str, Any] = {"rpc_url": f"http://{NOWHERE}", "ws_url": f"ws://{NOWHERE}", "token_checks": False, "record": False}
    common |= {"bridge_interval_s": 0.05, **settings}
    running = Running("data_consumers", SystemClock(), Health("data_consumers"), asyncio.Event())
    serving = asyncio.create_task(serve(running, ConsumerSettings(redis_url=redis_url, data_dir=str(folder), **common)))
    try:
        yield
    finally:
        running.stop.set()
        await asyncio.wait_for(serving, 60)


async def test_posts_come_through_drops_repeats_and_garbage_once_each_and_in_order(bus: RedisBus, valkey_url: str, tmp_path: Path) -> None:
    bad_before = counted("bad_input", source="jetstream", field="message")
    async with JetstreamHost() as host, consuming(valkey_url, tmp_path, jetstream_url=host.url):
        await host.listened_to()
        first, second, third = (a_post(f"p{n} {MINT}", now_us() + n) for n in range(3))
        await host.tell(first, first, "garbage", {"did": 5}, second)
        assert await texts(bus, 2) == ["p0", "p1"]
        await host.drop()
        host.history.append(json.dumps(third))  # told while nobody listened
        await host.listened_to(2)

        assert await texts(bus, 3) == ["p0", "p1", "p2"]

    assert int(host.queries[1]["cursor"][0]) == second["time_us"]
    assert counted("bad_input", source="jetstream", field="message") == bad_before + 1
    assert "garbage" not in (tmp_path / "recordings" / "rejected.jsonl").read_text()


async def test_a_restart_goes_on_from_the_cursor_and_tells_nothing_twice(bus: RedisBus, valkey_url: str, tmp_path: Path) -> None:
    async with JetstreamHost() as host:
        async with consuming(valkey_url, tmp_path, jetstream_url=host.url):
            await host.listened_to()
            await host.tell(a_post(f"p0 {MINT}", now_us()))
            await texts(bus, 1)
        await host.tell(a_post(f"p1 {MINT}", now_us()), a_post(f"p2 {MINT}", now_us() + 1))
        async with consuming(valkey_url, tmp_path, jetstream_url=host.url):
            assert await texts(bus, 3) == ["p0", "p1", "p2"]


@pytest.mark.parametrize("step", ["before_publish", "after_publish", "after_cursor"])
async def test_a_consumer_killed_at_any_step_loses_no_post_and_tells_none_twice(
    step: str, bus: RedisBus, valkey_url: str, tmp_path: Path
) -> None:
    async with JetstreamHost() as host:
        env = os.environ | {
            "MEMESNIPE_REDIS_URL": valkey_url,
            "MEMESNIPE_JETSTREAM_URL": host.url,
            "MEMESNIPE_RPC_URL": f"http://{NOWHERE}",
            "MEMESNIPE_WS_URL": f"ws://{NOWHERE}",
            "MEMESNIPE_DATA_DIR": str(tmp_path),
            "MEMESNIPE_DEPTH_INTERVAL_S": "3600",
            "MEMESNIPE_FAILPOINT": f"data_consumers.{step}:3",  # the first pass is the empty round of depth quotes
        }
        await bus.put(CURSOR_KEY.format(source="jetstream"), b'{"time_us":%d}' % now_us())
        doomed = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "memesnipe", "data_consumers", env=env, stderr=asyncio.subprocess.DEVNULL
        )
        await host.listened_to()
        await host.tell(a_post(f"p0 {MINT}", now_us()))
        await texts(bus, 1)
        await host.tell(a_post(f"p1 {MINT}", now_us()))
        assert await asyncio.wait_for(doomed.wait(), 60) == -signal.SIGKILL
        await host.tell(a_post(f"p2 {MINT}", now_us()))
        async with consuming(valkey_url, tmp_path, jetstream_url=host.url):
            assert await texts(bus, 3) == ["p0", "p1", "p2"]


async def test_an_absence_longer_than_the_backlog_is_a_counted_gap_and_old_posts_are_not_told(
    bus: RedisBus, valkey_url: str, tmp_path: Path
) -> None:
    gaps_before = counted("source_gaps", source="jetstream", outcome="unfilled")
    await bus.put(CURSOR_KEY.format(source="jetstream"), json.dumps({"time_us": now_us() - 3_600 * S}).encode())
    async with JetstreamHost() as host:
        await host.tell(a_post(f"old {MINT}", now_us() - 1_800 * S), a_post(f"new {MINT}", now_us()))
        async with consuming(valkey_url, tmp_path, jetstream_url=host.url):
            assert await texts(bus, 1) == ["new"]

    assert counted("source_gaps", source="jetstream", outcome="unfilled") == gaps_before + 1


async def test_a_post_from_the_future_is_refused_and_moves_no_cursor(bus: RedisBus, valkey_url: str, tmp_path: Path) -> None:
    async with JetstreamHost() as host, consuming(valkey_url, tmp_path, jetstream_url=host.url):
        await host.listened_to()
        await host.tell(a_post(f"lie {MINT}", now_us() + 3_600 * S), a_post(f"p0 {MINT}", now_us()))
        assert await texts(bus, 1) == ["p0"]
        await host.drop()
        await host.listened_to(2)

    assert int(host.queries[1]["cursor"][0]) <= now_us()
    assert '"time_ns"' in (tmp_path / "recordings" / "rejected.jsonl").read_text()


async def test_text_that_is_none_is_refused_and_does_not_end_the_connection(bus: RedisBus, valkey_url: str, tmp_path: Path) -> None:
    async with JetstreamHost() as host, consuming(valkey_url, tmp_path, jetstream_url=host.url):
        await host.listened_to()
        await host.tell(b'{"did": "\xff\xfe"}', a_post(f"p0 {MINT}", now_us()))
        assert await texts(bus, 1) == ["p0"]

        assert len(host.queries) == 1


async def test_posts_without_a_token_move_the_cursor_too(bus: RedisBus, valkey_url: str, tmp_path: Path) -> None:
    start_us = now_us() - 10 * S
    async with JetstreamHost() as host, consuming(valkey_url, tmp_path, jetstream_url=host.url):
        await host.listened_to()
        await host.tell(*(a_post("gm", start_us + n * S) for n in range(5)))

        async def moved() -> bool:
            return await bus.get(CURSOR_KEY.format(source="jetstream")) == b'{"time_us":%d}' % (start_us + 4 * S)

        await until(moved)

    assert await published(bus, "social") == []


async def test_transfers_are_told_once_over_polls_errors_garbage_and_a_restart(bus: RedisBus, valkey_url: str, tmp_path: Path) -> None:
    async with WormholescanHost() as host:
        host.operations = [an_operation(1, now_us() - 60 * S)]
        async with consuming(valkey_url, tmp_path, wormholescan_url=host.url):
            await host.polled(2)
            host.operations += [an_operation(2, now_us()), "garbage", an_operation(3, now_us(), amount="1.5"), an_operation(4, now_us())]
            host.failures = [500, 429, 404]
            await at_least(bus, "bridge", 2)
            await host.polled(3)
        host.operations += [an_operation(5, now_us())]
        async with consuming(valkey_url, tmp_path, wormholescan_url=host.url):
            await at_least(bus, "bridge", 3)
            await host.polled(3)

    told = [event.event_id for event in await published(bus, "bridge") if isinstance(event, BridgeTransfer)]
    assert told == [derive("bridge", "wormhole", an_operation(n, 0)["id"]) for n in (2, 4, 5)]
    assert (tmp_path / "recordings" / "rejected.jsonl").read_text().count("is no whole number") == 2, "once in each life"


async def test_a_transfer_is_told_when_its_record_is_completed(bus: RedisBus, valkey_url: str, tmp_path: Path) -> None:
    whole = an_operation(2, now_us())
    async with WormholescanHost() as host, consuming(valkey_url, tmp_path, wormholescan_url=host.url):
        await host.polled(2)
        host.operations = [whole | {"content": None}]
        await host.polled(2)
        host.operations = [whole]

        assert len(await at_least(bus, "bridge", 1)) == 1


async def test_a_transfer_is_as_new_as_the_news_of_it_and_one_from_the_future_or_long_ago_is_not_told(
    bus: RedisBus, valkey_url: str, tmp_path: Path
) -> None:
    start_ns = SystemClock().now_ns()
    async with WormholescanHost() as host, consuming(valkey_url, tmp_path, wormholescan_url=host.url):
        await host.polled(2)
        times_us = [now_us() + 3_600 * S, now_us() - 7_200 * S, now_us() - 900 * S]
        host.operations = [an_operation(n, time_us) for n, time_us in enumerate(times_us)]
        (told,) = await at_least(bus, "bridge", 1)

    assert told.event_id == derive("bridge", "wormhole", an_operation(2, 0)["id"])
    assert told.time_ns >= start_ns
    assert "in the future" in (tmp_path / "recordings" / "rejected.jsonl").read_text()


async def test_more_news_than_a_poll_reads_is_a_counted_gap(bus: RedisBus, valkey_url: str, tmp_path: Path) -> None:
    gaps_before = counted("source_gaps", source="wormholescan", outcome="unfilled")
    async with WormholescanHost() as host, consuming(valkey_url, tmp_path, wormholescan_url=host.url):
        await host.polled(2)
        host.operations = [an_operation(n, now_us()) for n in range(1, 602)]
        await at_least(bus, "bridge", 500)

    assert counted("source_gaps", source="wormholescan", outcome="unfilled") == gaps_before + 1


async def a_launch_of(chain_url: str) -> tuple[str, str]:
    """Return (mint, signature) of a launch that the chain has: the first transaction of a mint is its launch."""
    reader = ChainReader(Transport("rpc", chain_url, rate=Rate(200.0)), "confirmed")
    deliveries = ChainFeed(Wire(chain_url.replace("http", "ws"), 30.0), reader, "confirmed", 10).deliveries(b"")
    async with asyncio.timeout(60):
        async for delivery in deliveries:
            for event in delivery.events:
                if isinstance(event, Launch):
                    return event.mint, await the_signature(chain_url, event.mint)
    raise AssertionError


@pytest.fixture
async def chain_url() -> AsyncIterator[str]:
    async with running_localnet(LocalnetSettings(port=0, seed=7, slot_ms=40)) as url:
        yield url


async def test_a_claimed_launch_goes_out_as_the_chain_has_it_and_a_false_one_does_not(
    bus: RedisBus, valkey_url: str, chain_url: str, tmp_path: Path
) -> None:
    mint, signature = await a_launch_of(chain_url)
    async with (
        PumpPortalHost() as host,
        consuming(valkey_url, tmp_path, rpc_url=chain_url, pumpportal_url=host.url, launch_confirm_s_max=0.5),
    ):
        await host.listened_to()
        await host.tell(a_creation(MINT, "5" * 88), a_creation(MINT[::-1], signature), "garbage")
        await host.tell(a_creation(mint, signature, symbol="FAKE", vSolInBondingCurve=1_000_000.0))
        (launch,) = await at_least(bus, "launch", 1)

    assert isinstance(launch, Launch)
    assert (launch.mint, launch.event_id) == (mint, derive("launch", mint))
    assert launch.slot > 0
    assert launch.quote_lamports < 1_000 * 10**9
    assert launch.symbol != "FAKE"


async def test_a_launch_that_two_sources_tell_of_goes_out_once(bus: RedisBus, valkey_url: str, chain_url: str, tmp_path: Path) -> None:
    before = counted("market_duplicates", source="pumpportal")
    ws_url = chain_url.replace("http", "ws")
    async with (
        PumpPortalHost() as host,
        consuming(valkey_url, tmp_path, rpc_url=chain_url, ws_url=ws_url, pumpportal_url=host.url, token_checks=True),
    ):
        await host.listened_to()
        (launch, *_) = await at_least(bus, "launch", 1)
        assert isinstance(launch, Launch)
        signature = await the_signature(chain_url, launch.mint)
        await host.tell(a_creation(launch.mint, signature))

        async def dropped() -> bool:
            return counted("market_duplicates", source="pumpportal") > before

        await until(dropped)

    assert [event.mint for event in await published(bus, "launch") if isinstance(event, Launch)].count(launch.mint) == 1


async def the_signature(chain_url: str, mint: str) -> str:
    async with httpx.AsyncClient(base_url=chain_url) as client:
        body = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "getSignaturesForAddress",
            "params": [mint, {"limit": 1000, "commitment": "confirmed"}],
        }
        return str((await client.post("/", json=body)).json()["result"][-1]["signature"])


async def test_on_a_localnet_no_host_outside_is_contacted(bus: RedisBus, valkey_url: str, chain_url: str, tmp_path: Path) -> None:
    hosts = {
        "jetstream_url": "wss://jetstream.invalid/subscribe",
        "pumpportal_url": "wss://pumpportal.invalid/api/data",
        "wormholescan_url": "https://wormholescan.invalid",
    }
    names = ("jetstream", "pumpportal", "wormholescan")
    before = [counted("source_reconnects", source=name) for name in names]

    async def all_off() -> bool:
        return all(counted("source_skipped", source=name, reason="not_mainnet") for name in names)

    async with consuming(valkey_url, tmp_path, rpc_url=chain_url, **hosts):
        await until(all_off)

    assert [counted("source_reconnects", source=name) for name in names] == before


@pytest.mark.parametrize(
    ("variable", "value"),
    [("MEMESNIPE_JETSTREAM_URL", "jetstream"), ("MEMESNIPE_WORMHOLESCAN_URL", "wss://x"), ("MEMESNIPE_SOCIAL_BACKLOG_S_MAX", "86400")],
)
def test_an_address_that_is_none_is_a_config_error_that_names_the_variable(variable: str, value: str) -> None:
    with pytest.raises(ConfigError, match=variable):
        load(ConsumerSettings, {variable: value})
