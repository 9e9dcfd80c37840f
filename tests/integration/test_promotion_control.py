"""Control beside the allocator's word: a demotion sends a live strategy to paper at the next turn, and no loss of Redis gives it back."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from memesnipe.bus import topology
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.control.applied import hash_of
from memesnipe.control.service import Control
from memesnipe.control.settings import ControlSettings
from memesnipe.evidence.record import to_json
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.health import Health
from memesnipe.kernel.service import Running
from memesnipe.messages.bounds import Mode
from memesnipe.messages.codec import encode
from memesnipe.messages.control import HeldAccount, Holdings, StrategyConfig, StrategyRegistered
from memesnipe.messages.promotion import PromotionStage, PromotionStep
from memesnipe.testing.builders import START_NS
from memesnipe.testing.chains import MAINNET_GENESIS, a_chain
from memesnipe.testing.evidence import a_record_for
from memesnipe.testing.manifests import PORTFOLIO, a_strategy

CODE = "c" * 64
SPEC = hash_of("momentum", {})
LEASE, EXIT_LEASE = (key.format(strategy="momentum") for key in (topology.LEASE_KEY, topology.EXIT_LEASE_KEY))
LATER_NS = START_NS + 3_600 * 10**9


def a_word(after: PromotionStage, number: int = 1, **changes: Any) -> PromotionStep:
    word = PromotionStep(
        f"word-{number}", "momentum", number, PromotionStage.CANARY, after, 0, 3, 0, "live drawdown of 2500 bps", "f" * 32, SPEC,
        START_NS + number, LATER_NS if after in (PromotionStage.DEMOTED, PromotionStage.COOL_DOWN) else 0,
    )  # fmt: skip
    return msgspec.structs.replace(word, **changes)


class Host:
    """A control whose one strategy passes every gate of mainnet."""

    def __init__(self, bus: RedisBus, folder: Path, rpc_url: str) -> None:
        self.bus, self.folder, self._rpc_url = bus, folder, rpc_url
        (folder / "manifests").mkdir()
        (folder / "evidence").mkdir()
        (folder / "evidence" / "momentum.evidence.json").write_bytes(to_json(a_record_for(SPEC, CODE)))
        self.asks("mode: live")
        self.restart()

    def asks(self, mode: str) -> None:
        spec = f"strategy: momentum, {mode}" if mode else "strategy: momentum"
        (self.folder / "manifests" / "all.yaml").write_text(f"{PORTFOLIO}---\n{a_strategy(spec=spec)}")

    def restart(self, **settings: Any) -> None:
        made = ControlSettings(
            data_dir=str(self.folder), manifests=str(self.folder / "manifests"), evidence=str(self.folder / "evidence"),
            rpc_url=self._rpc_url, paper_trading_mode=False, **settings,
        )  # fmt: skip
        self.control = Control(made, Running("control", SystemClock(), Health("control"), asyncio.Event()), self.bus)

    async def prove(self) -> None:
        registered = StrategyRegistered("momentum", "1", CODE, ("price",), b"{}", b"{}", START_NS)
        await self.bus.publish(topology.REGISTRY.name, registered)
        held = Holdings((HeldAccount("momentum", Mode.PAPER, 0, (), (), 100),))
        await self.bus.put(topology.HOLDINGS_KEY, encode(held))

    async def say(self, word: PromotionStep) -> None:
        await self.bus.publish(topology.PROMOTIONS.name, word, word.id)

    async def turn(self) -> StrategyConfig:
        """Take a turn; the strategy as the newest configuration has it."""
        await self.control.turn()
        (strategy,) = (await self.bus.fold(topology.CONFIG.name))[-1].message.strategies
        assert isinstance(strategy, StrategyConfig)
        return strategy

    def status(self) -> dict[str, Any]:
        (strategy,) = json.loads((self.folder / "run" / "status.json").read_bytes())["strategies"]
        return dict(strategy)


@pytest.fixture(scope="module")
def mainnet() -> Iterator[str]:
    with a_chain(MAINNET_GENESIS) as url:
        yield url


@pytest.fixture
async def host(bus: RedisBus, tmp_path: Path, mainnet: str) -> Host:
    made = Host(bus, tmp_path, mainnet)
    await made.prove()
    return made


async def test_a_demotion_takes_the_strategy_to_paper_at_the_next_turn_and_leaves_it_its_exits(host: Host) -> None:
    assert (await host.turn()).mode is Mode.LIVE

    await host.say(a_word(PromotionStage.DEMOTED))
    strategy = await host.turn()

    assert (strategy.mode, strategy.cooling_until_ns) == (Mode.PAPER, LATER_NS)
    assert (await host.bus.get(LEASE), await host.bus.get(EXIT_LEASE) is not None) == (None, True)
    shut = {one["type"]: one["message"] for one in host.status()["conditions"] if one["status"] == "False"}
    assert list(shut) == ["NotDemoted"]
    assert shut["NotDemoted"].startswith("live drawdown of 2500 bps; on paper until 2025-10-09 09:53:20Z")
    assert host.status()["promotion"]["stage"] == "demoted"


async def test_the_end_of_a_cool_down_gives_it_back_only_by_the_allocators_word(host: Host) -> None:
    await host.say(a_word(PromotionStage.COOL_DOWN))
    assert (await host.turn()).mode is Mode.PAPER  # although its end is long over by this clock

    await host.say(a_word(PromotionStage.PAPER, 2))

    assert (await host.turn()).mode is Mode.LIVE


@pytest.mark.parametrize("runs_on", [True, False], ids=["running", "restarted"])
async def test_a_demotion_outlives_the_loss_of_everything(host: Host, valkey_url: str, runs_on: bool) -> None:
    await host.say(a_word(PromotionStage.DEMOTED))
    await host.turn()

    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
    await host.prove()
    if not runs_on:
        host.restart()

    assert (await host.turn()).mode is Mode.PAPER
    assert (await host.turn()).cooling_until_ns == LATER_NS


async def test_an_older_copy_of_the_stream_does_not_take_a_demotion_back(host: Host, valkey_url: str) -> None:
    await host.say(a_word(PromotionStage.FULL))
    await host.say(a_word(PromotionStage.DEMOTED, 2))
    await host.turn()

    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
    await host.prove()
    await host.say(a_word(PromotionStage.FULL))

    assert (await host.turn()).mode is Mode.PAPER


async def test_the_services_are_told_which_code_is_registered(host: Host) -> None:
    await host.bus.publish(topology.REGISTRY.name, StrategyRegistered("momentum", "2", "d" * 64, ("price",), b"{}", b"{}", START_NS))

    strategy = await host.turn()

    assert (strategy.code_hash, strategy.mode, strategy.unmet) == ("d" * 64, Mode.PAPER, ("EvidencePassed",))
    assert host.status()["code_hash"] == "d" * 64


async def test_the_services_are_told_who_asks_and_which_gates_are_shut(host: Host) -> None:
    (host.folder / "evidence" / "momentum.evidence.json").unlink()

    shut = await host.turn()
    host.asks("mode: paper")
    withdrawn = await host.turn()

    assert (shut.asked, shut.unmet) == (True, ("EvidencePassed",))
    assert (withdrawn.asked, withdrawn.unmet) == (False, ("EvidencePassed",))


async def test_proposals_are_carried_out_only_where_that_is_set_and_no_mode_is_written(host: Host) -> None:
    await host.say(a_word(PromotionStage.PROPOSED))
    host.restart(promotion_golive=True)
    host.asks("mode: paper")
    written = await host.turn()
    host.asks("")
    carried_out = await host.turn()

    await host.say(a_word(PromotionStage.DEMOTED, 2))
    demoted = await host.turn()
    await host.say(a_word(PromotionStage.PAPER, 3))
    cold = await host.turn()

    assert [one.mode for one in (written, carried_out, demoted, cold)] == [Mode.PAPER, Mode.LIVE, Mode.PAPER, Mode.PAPER]
    assert not demoted.asked
