"""Processes die at any instant, ours and the server's: every intent is approved once, and none is lost."""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
import redis

from memesnipe.bus.api import Output, StaleState, State, Subscription
from memesnipe.bus.embedded import EmbeddedValkey
from memesnipe.bus.fence import Commit
from memesnipe.bus.redis_bus import RedisBus, connect
from memesnipe.bus.scripts import COMMIT
from memesnipe.bus.topology import APPROVED, INTENTS
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.settings import CommonSettings
from memesnipe.messages.codec import decode, encode
from memesnipe.messages.orders import ApprovedOrder
from memesnipe.testing.builders import an_approved, an_intent
from memesnipe.testing.buses import MakeBus
from memesnipe.testing.relay import STATE

MINE = INTENTS.of("momentum")
SUBSCRIPTION = Subscription(INTENTS, INTENTS.readers[0], ("momentum",))
MESSAGES = 6_000
SEED = 20_261_123


class Workers:
    """Relay processes that are killed and started again under their names."""

    def __init__(self, url: str, count: int, *, state: str) -> None:
        self._environment = {**os.environ, "MEMESNIPE_REDIS_URL": url, "MEMESNIPE_RELAY_STATE": state}
        self._running = {f"relay-{number}": self._start(f"relay-{number}") for number in range(count)}

    def _start(self, name: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "memesnipe.testing.relay"]
        return subprocess.Popen(command, env={**self._environment, "MEMESNIPE_RELAY_CONSUMER": name}, stderr=subprocess.DEVNULL)

    def kill_one(self, chance: random.Random) -> None:
        name = chance.choice(sorted(self._running))
        self._running[name].kill()
        self._running[name].wait()
        self._running[name] = self._start(name)

    def stop(self) -> None:
        for process in self._running.values():
            process.kill()
            process.wait()


@contextmanager
def workers(url: str, count: int, *, state: str) -> Iterator[Workers]:
    running = Workers(url, count, state=state)
    try:
        yield running
    finally:
        running.stop()


def publish_all(client: redis.Redis) -> set[str]:
    intents = [an_intent() for _ in range(MESSAGES)]
    with client.pipeline(transaction=False) as pipe:
        for intent in intents:
            pipe.xadd(MINE, {"m": encode(intent)})
        pipe.execute()
    return {intent.id for intent in intents}


def approved(client: redis.Redis) -> Counter[str]:
    entries = cast("list[Any]", client.xrange(APPROVED.name))
    return Counter(decode(ApprovedOrder, fields[b"m"]).intent.id for _, fields in entries)


def done(client: redis.Redis) -> int:
    try:
        return int(client.xlen(APPROVED.name))
    except redis.exceptions.ConnectionError:
        return 0


def strike_at_random(client: redis.Redis, strike: Callable[[], None], times: int, chance: random.Random) -> None:
    """Strike whenever the work passes one of `times` random amounts; return when all of it is done."""
    amounts = sorted(chance.sample(range(1, MESSAGES), times))
    deadline = time.monotonic() + 90.0
    while (reached := done(client)) < MESSAGES:
        assert time.monotonic() < deadline, f"the workers stopped at {reached}"
        if amounts and reached >= amounts[0]:
            del amounts[0]
            strike()
    assert len(amounts) < times / 2, "too few strikes fell while work was done"


@pytest.mark.parametrize("state", ["0", "1"], ids=["stateless", "with state"])
def test_workers_killed_at_random_neither_lose_nor_double_an_order(valkey_url: str, state: str) -> None:
    chance = random.Random(SEED)
    client = redis.Redis.from_url(valkey_url)
    wanted = publish_all(client)

    with workers(valkey_url, 3, state=state) as running:
        strike_at_random(client, lambda: running.kill_one(chance), 12, chance)

    found = approved(client)
    assert set(found) == wanted
    assert set(found.values()) == {1}
    assert state == "0" or client.hget(STATE, "d") == str(MESSAGES).encode()


def test_a_killed_server_with_its_append_only_file_loses_and_doubles_nothing(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    server = EmbeddedValkey(tmp_path)
    client = redis.Redis.from_url(server.start())
    wanted = publish_all(client)

    def restart() -> None:
        server.kill()
        server.start()

    with workers(server.url, 2, state="1"):
        strike_at_random(client, restart, 6, chance)
    found = approved(client)
    server.stop()

    assert set(found) == wanted
    assert set(found.values()) == {1}


async def test_what_a_dead_consumer_held_is_adopted(make_bus: MakeBus) -> None:
    dead = await make_bus(consumer="dead")
    await dead.subscribe([SUBSCRIPTION])
    intent = an_intent()
    await dead.publish(MINE, intent)
    await dead.read(block_ms=1_000)
    await dead.close()

    heir = await make_bus(consumer="heir", adopt_idle_ms=0)
    await heir.subscribe([SUBSCRIPTION])
    batch = await heir.read(block_ms=1_000)

    assert batch is not None
    assert [entry.message for entry in batch.entries] == [intent]


async def test_what_a_living_consumer_holds_is_left_to_it(make_bus: MakeBus) -> None:
    living = await make_bus(consumer="living")
    await living.subscribe([SUBSCRIPTION])
    await living.publish(MINE, an_intent())
    await living.read(block_ms=1_000)

    other = await make_bus(consumer="other", adopt_idle_ms=60_000)
    await other.subscribe([SUBSCRIPTION])

    assert await other.read(block_ms=50) is None


async def test_two_instances_with_one_state_never_both_act_on_an_order(make_bus: MakeBus) -> None:
    first, second = await make_bus(consumer="first"), await make_bus(consumer="second", adopt_idle_ms=0)
    await first.subscribe([SUBSCRIPTION])
    intent = an_intent()
    await first.publish(MINE, intent)
    held = await first.read(block_ms=1_000)
    await second.subscribe([SUBSCRIPTION])
    adopted = await second.read(block_ms=1_000)
    assert held is not None
    assert adopted is not None
    outputs = [[Output(APPROVED.name, an_approved(intent), intent.id)]]

    await second.commit(adopted, outputs, State(STATE, 0, b"second"))
    with pytest.raises(StaleState):
        await first.commit(held, outputs, State(STATE, 0, b"first"))

    assert len(await first.fold(APPROVED.name)) == 1
    assert (await first.load(STATE)).data == b"second"


async def test_a_commit_whose_answer_was_lost_is_not_made_twice(bus: RedisBus, valkey_url: str) -> None:
    await bus.subscribe([SUBSCRIPTION])
    intent = an_intent()
    await bus.publish(MINE, intent)
    batch = await bus.read(block_ms=1_000)
    assert batch is not None
    outputs = [[Output(APPROVED.name, an_approved(intent), intent.id)]]
    state = State(STATE, 0, b"book")
    commit = Commit("", batch, outputs, state)
    arguments = commit.arguments("risk_guardian", bus._intake.consumer, state, "the same token", {})

    answers = [await bus._commands.run(COMMIT, commit.keys, arguments) for _ in range(2)]

    assert [answer[:2] for answer in answers] == [[b"ok", b"1"], [b"ok", b"1"]]
    assert len(await bus.fold(APPROVED.name)) == 1


async def test_reading_goes_on_after_the_server_was_away(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    url = server.start()
    bus = await connect(CommonSettings(redis_url=url), SystemClock(), service="test")
    await bus.subscribe([SUBSCRIPTION])
    await bus.publish(MINE, first := an_intent())
    held = await bus.read(block_ms=1_000)

    server.kill()
    await asyncio.to_thread(server.start)
    again = await bus.read(block_ms=5_000)
    await bus.close()
    server.stop()

    assert held is not None
    assert again is not None
    assert [entry.message for entry in again.entries] == [first]


async def test_a_server_that_lost_everything_gets_its_groups_again(bus: RedisBus, valkey_url: str) -> None:
    await bus.subscribe([SUBSCRIPTION])
    await bus.read(block_ms=10)
    redis.Redis.from_url(valkey_url).flushall()
    await bus.publish(MINE, intent := an_intent())

    batch = await bus.read(block_ms=3_000)

    assert batch is not None
    assert [entry.message for entry in batch.entries] == [intent]
