"""What Redis itself refuses: one strategy's executor cannot touch another's streams, nor approve its own orders."""

import pytest
import redis

from memesnipe.bus.acl import executor_rules, replay_rules, service_rules, user_of
from memesnipe.bus.api import Output, State, Subscription
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import ALLOCATION, APPROVED, FILLS, INTENTS, KILL_SWITCH, PRICE, REJECTED, STATE_KEY, STRATEGY_STATE_KEY
from memesnipe.kernel.errors import ConfigError
from memesnipe.testing.builders import a_fill, a_frame, a_halt, a_rejection, an_allocation, an_approved, an_intent
from memesnipe.testing.buses import MakeBus

PASSWORD = "of-a-test"


def url_as(url: str, user: str, rules: list[str]) -> str:
    with redis.Redis.from_url(url) as admin:
        admin.execute_command("ACL", "SETUSER", user, "reset", "on", f">{PASSWORD}", *rules)
    return url.replace("redis://", f"redis://{user}:{PASSWORD}@")


@pytest.fixture
def executor_url(valkey_url: str) -> str:
    return url_as(valkey_url, user_of("momentum"), executor_rules("momentum"))


@pytest.fixture
def client(executor_url: str) -> redis.Redis:
    return redis.Redis.from_url(executor_url)


async def test_an_executor_does_all_its_work_under_its_own_user(make_bus: MakeBus, bus: RedisBus, executor_url: str) -> None:
    executor = await make_bus(service="executor", redis_url=executor_url)
    await executor.subscribe(
        [Subscription(stream, one, ("momentum",)) for stream in (PRICE, FILLS) for one in stream.readers if one.per_strategy]
    )
    await bus.publish(PRICE.name, a_frame())
    await bus.publish(FILLS.of("momentum"), a_fill())
    await bus.publish(ALLOCATION.of("momentum"), an_allocation())
    await bus.publish(KILL_SWITCH.name, a_halt())
    name = STRATEGY_STATE_KEY.format(strategy="momentum")
    intent = an_intent()

    batch = await executor.read(block_ms=2_000)
    assert batch is not None
    state = await executor.load(name)
    outputs = [[Output(INTENTS.of("momentum"), intent, intent.id)], *([[]] * (len(batch.entries) - 1))]
    version = await executor.commit(batch, outputs, State(name, state.version, b"snapshot"))

    assert version == 1
    assert len(await executor.fold(ALLOCATION.of("momentum"))) == 1
    assert len(await executor.fold(KILL_SWITCH.name)) == 1
    assert [entry.message for entry in await bus.fold(INTENTS.of("momentum"))] == [intent]


async def test_an_executor_cannot_write_approved_orders(make_bus: MakeBus, executor_url: str) -> None:
    executor = await make_bus(service="executor", redis_url=executor_url)

    with pytest.raises(ConfigError, match="refuses this user"):
        await executor.publish(APPROVED.name, an_approved())


FORBIDDEN: dict[str, tuple[str, ...]] = {
    "read another strategy's fills": ("XREAD", "STREAMS", "orders:fills:other", "0"),
    "read another strategy's fills in a group": ("XREADGROUP", "GROUP", "executor:other", "x", "STREAMS", "orders:fills:other", ">"),
    "write another strategy's intents": ("XADD", "orders:intents:other", "*", "m", "x"),
    "write approved orders": ("XADD", "orders:approved", "*", "m", "x"),
    "write its own fills": ("XADD", "orders:fills:momentum", "*", "m", "x"),
    "write prices": ("XADD", "events:price", "*", "m", "x"),
    "write its own allocation": ("XADD", "allocations:momentum", "*", "m", "x"),
    "lift a halt": ("XADD", "kill_switch_channel", "*", "m", "x"),
    "read a lease": ("GET", "lease:momentum"),
    "write a lease": ("SET", "lease:momentum", "x"),
    "read another strategy's state": ("HGET", "strategy:other:state", "d"),
    "fence off another strategy's order": ("SET", "fence:orders:intents:other:x", "1"),
    "delete prices": ("DEL", "events:price"),
    "trim prices": ("XTRIM", "events:price", "MAXLEN", "0"),
    "destroy a group": ("XGROUP", "DESTROY", "events:price", "risk_guardian"),
    "run a script of its own choice": ("EVAL", "return 1", "0"),
    "list keys": ("KEYS", "*"),
    "change users": ("ACL", "SETUSER", "momentum", "+@all"),
    "read the configuration": ("CONFIG", "GET", "*"),
}


@pytest.mark.parametrize("command", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_an_executor_may_not(client: redis.Redis, command: tuple[str, ...]) -> None:
    with pytest.raises(redis.exceptions.NoPermissionError):
        client.execute_command(*command)  # type: ignore[no-untyped-call]


def test_a_loaded_script_does_not_lend_an_executor_its_reach(client: redis.Redis) -> None:
    sha = client.script_load("return redis.call('XADD', 'orders:approved', '*', 'm', 'x')")

    with pytest.raises(redis.exceptions.ResponseError):
        client.evalsha(sha, 0)


async def test_risk_guardian_does_its_work_under_its_own_user(make_bus: MakeBus, bus: RedisBus, valkey_url: str) -> None:
    url = url_as(valkey_url, "risk_guardian", service_rules("risk_guardian"))
    risk = await make_bus(service="risk_guardian", redis_url=url)
    await risk.subscribe([Subscription(INTENTS, INTENTS.readers[0], ("momentum",))])
    passed, refused = an_intent(), an_intent()
    for intent in (passed, refused):
        await bus.publish(INTENTS.of("momentum"), intent)

    batch = await risk.read(block_ms=2_000)
    assert batch is not None
    no = a_rejection(refused)
    outputs = [
        [Output(APPROVED.name, an_approved(passed), passed.id)],
        [Output(REJECTED.name, no, no.intent_id), Output(FILLS.of("momentum"), no, no.intent_id)],
    ]
    version = await risk.commit(batch, outputs, State(STATE_KEY.format(stage="risk_guardian"), 0, b"book"))

    assert version == 1


async def test_a_replaying_executor_may_see_whose_turn_it_is(make_bus: MakeBus, valkey_url: str) -> None:
    url = url_as(valkey_url, user_of("momentum"), [*executor_rules("momentum"), *replay_rules()])
    executor = await make_bus(service="executor", redis_url=url)

    assert not await executor.settled()
