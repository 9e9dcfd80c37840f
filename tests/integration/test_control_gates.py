"""Control beside a chain that answers for mainnet, answers nonsense or never answers: nothing goes live, and the status says why."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from memesnipe.approvals import leases
from memesnipe.approvals.keys import TrustedKeys
from memesnipe.bus import topology
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.chain.programs import MAINNET_GENESIS
from memesnipe.control.service import Control, genesis_of
from memesnipe.control.settings import ControlSettings
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.health import Health
from memesnipe.kernel.service import Running
from memesnipe.messages.bounds import Mode
from memesnipe.testing.manifests import PORTFOLIO, a_strategy

LIVE = "strategy: momentum, mode: live"

DEVNET = "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextlib.asynccontextmanager
async def a_chain(handler: Handler) -> AsyncIterator[str]:
    """Serve a chain that knows one call; its URL."""
    app = web.Application()
    app.router.add_post("/", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}/"
    finally:
        await runner.cleanup()


def answering(result: Any) -> Handler:
    """Return a chain whose genesis hash is `result`."""

    async def answer(request: web.Request) -> web.Response:
        assert (await request.json())["method"] == "getGenesisHash"
        return web.json_response({"jsonrpc": "2.0", "id": 1, "result": result})

    return answer


async def silent(request: web.Request) -> web.Response:
    """Take the question and never answer."""
    await asyncio.Event().wait()
    raise AssertionError("never reached")


async def trickling(request: web.Request) -> web.StreamResponse:
    """Send a byte now and then, so that no single read ever times out."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.05)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memesnipe.control.service.GENESIS_S_MAX", 0.5)


def a_control(bus: RedisBus, folder: Path, rpc_url: str, *strategies: str) -> Control:
    """Return a control that may go live, over these strategies' manifests."""
    write(folder, *(strategies or ("momentum",)))
    settings = ControlSettings(data_dir=str(folder), manifests=str(folder / "manifests"), rpc_url=rpc_url, paper_trading_mode=False)
    return Control(settings, Running("control", SystemClock(), Health("control"), asyncio.Event()), bus)


def write(folder: Path, *strategies: str) -> None:
    (folder / "manifests").mkdir(exist_ok=True)
    (folder / "manifests" / "all.yaml").write_text("---".join([PORTFOLIO, *(f"\n{a_strategy(name, LIVE)}" for name in strategies)]))


def failing(folder: Path) -> dict[str, str]:
    """Return the gates that the status names as unmet, with their reasons."""
    (strategy,) = json.loads((folder / "run" / "status.json").read_bytes())["strategies"]
    return {one["type"]: one["reason"] for one in strategy["conditions"] if one["status"] == "False"}


async def mode_in_force(bus: RedisBus) -> Mode:
    mode: Mode = (await bus.fold(topology.CONFIG.name))[-1].message.strategies[0].mode
    return mode


async def test_a_mainnet_without_evidence_stays_on_paper_and_the_status_names_the_gates(bus: RedisBus, tmp_path: Path) -> None:
    async with a_chain(answering(MAINNET_GENESIS)) as url:
        await a_control(bus, tmp_path, url).turn()

    assert await mode_in_force(bus) is Mode.PAPER
    assert failing(tmp_path) == {"EvidencePassed": "NoEvidence", "PaperProven": "PaperTradesUnknown"}
    assert await bus.get(topology.LEASE_KEY.format(strategy="momentum")) is None


async def test_a_devnet_goes_live_through_the_same_gates(bus: RedisBus, tmp_path: Path) -> None:
    async with a_chain(answering(DEVNET)) as url:
        await a_control(bus, tmp_path, url).turn()

    assert await mode_in_force(bus) is Mode.LIVE
    assert failing(tmp_path) == {}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("chain", [silent, trickling, answering(None), answering("not a hash!"), answering(7), answering("1" * 400)])
async def test_a_chain_that_cannot_be_named_keeps_everything_on_paper(bus: RedisBus, tmp_path: Path, chain: Handler) -> None:
    async with a_chain(chain) as url, asyncio.timeout(30):
        await a_control(bus, tmp_path, url).turn()

    assert await mode_in_force(bus) is Mode.PAPER
    assert failing(tmp_path)["ChainKnown"] == "NoGenesis"
    assert await bus.get(topology.EXIT_LEASE_KEY.format(strategy="momentum")) is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "no-url", "http://[::bad", ""])
async def test_a_wrong_address_is_a_chain_that_does_not_answer(url: str) -> None:
    assert await genesis_of(url) == ""


async def test_a_strategy_whose_manifest_is_gone_keeps_its_exit_lease_and_nothing_else(bus: RedisBus, tmp_path: Path) -> None:
    async with a_chain(answering(DEVNET)) as url:
        control = a_control(bus, tmp_path, url, "momentum", "second")
        await control.turn()
        write(tmp_path, "momentum")

        await control.turn()

    trusted = TrustedKeys.load(tmp_path / "keys" / "trusted.json")
    envelope = await bus.get(topology.EXIT_LEASE_KEY.format(strategy="second"))
    lease = leases.check(envelope or b"", trusted, SystemClock().now_ns())
    assert (lease.strategy, lease.reduce_only) == ("second", True)
    assert lease.expires_ns - SystemClock().now_ns() > 0
    assert await bus.get(topology.LEASE_KEY.format(strategy="second")) is None


async def test_a_restart_of_control_still_knows_whose_manifest_is_gone(bus: RedisBus, tmp_path: Path) -> None:
    async with a_chain(answering(DEVNET)) as url:
        await a_control(bus, tmp_path, url, "momentum", "second").turn()
        key = topology.EXIT_LEASE_KEY.format(strategy="second")
        await bus.drop(key)

        await a_control(bus, tmp_path, url, "momentum").turn()

    assert await bus.get(key) is not None
