"""The allocator weighs by results on a real server: at a new configuration, in every review period, and at a restart."""

import asyncio
import json

import msgspec
import numpy as np
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from memesnipe.allocator import review as reviewing
from memesnipe.allocator.adaptive import Question, decided
from memesnipe.allocator.review import Review
from memesnipe.allocator.service import Allocator
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import ALLOCATIONS, CONFIG, PNL_HISTORY_KEY
from memesnipe.kernel.clock import NS_PER_S, EventClock
from memesnipe.kernel.health import Health
from memesnipe.kernel.service import Running
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import AllocationDecision, ConfigApplied, Weighing
from memesnipe.testing.builders import SOL, START_NS, a_config, a_strategy
from memesnipe.testing.buses import MakeBus

MINUTE_NS = 60 * NS_PER_S
WEIGHING = Weighing(60, 60, 200, 2_500, 100)
CONFIG_OF_TWO: ConfigApplied = msgspec.structs.replace(a_config(a_strategy("alpha"), a_strategy("beta")), weighing=WEIGHING)


@pytest.fixture
async def bus(make_bus: MakeBus) -> RedisBus:
    return await make_bus(service="autonomous_allocator")


@pytest.fixture
async def teller(make_bus: MakeBus) -> RedisBus:
    return await make_bus(service="position_manager")


async def earned(teller: RedisBus, strategy: str, mean: float) -> None:
    """Let a strategy close a trade in each of 60 minutes."""
    nets = (mean + 0.01 * np.random.default_rng(1).standard_normal(60)) * SOL
    values = [
        json.dumps({"time_ns": START_NS + minute * MINUTE_NS + 1, "net_lamports": round(net), "intent_id": "i"}).encode()
        for minute, net in enumerate(nets)
    ]
    await teller.replace(PNL_HISTORY_KEY.format(strategy=strategy), values)


async def begun(bus: RedisBus) -> tuple[EventClock, Review, AllocationDecision]:
    """Return a review that has made its first decision, which is in force."""
    clock = EventClock(START_NS)
    review = Review(bus, clock, replays=False)
    first = await reviewed(review, None)
    assert first is not None
    review.remember(first)
    return clock, review, first


async def reviewed(review: Review, last: AllocationDecision | None) -> AllocationDecision | None:
    made = await review.due(last, CONFIG_OF_TWO)
    return made.decision if made is not None else None


async def test_results_move_capital_at_the_next_review_and_not_before(bus: RedisBus, teller: RedisBus) -> None:
    clock, review, first = await begun(bus)
    await earned(teller, "alpha", 0.01)
    await earned(teller, "beta", -0.01)
    clock.observe(START_NS + MINUTE_NS // 2)
    assert await reviewed(review, first) is None

    clock.observe(START_NS + 60 * MINUTE_NS)
    later = await reviewed(review, first)

    assert later is not None
    weights = {share.strategy: share.weight_bps for share in later.shares}
    assert (later.method, later.version) == ("adaptive", 2)
    assert weights["alpha"] > 3 * weights["beta"] > 0


async def test_in_a_replay_capital_stays_as_it_was_given(bus: RedisBus) -> None:
    clock = EventClock(START_NS)
    review = Review(bus, clock, replays=True)
    first = await reviewed(review, None)
    clock.observe(START_NS + 60 * MINUTE_NS)

    assert await reviewed(review, first) is None


async def test_a_history_that_cannot_be_read_leaves_its_strategy_at_the_floor(bus: RedisBus, teller: RedisBus) -> None:
    clock, review, first = await begun(bus)
    await earned(teller, "alpha", 0.01)
    await teller.replace(PNL_HISTORY_KEY.format(strategy="beta"), [b"not json"])
    clock.observe(START_NS + 60 * MINUTE_NS)

    found = await reviewed(review, first)

    assert found is not None
    assert (found.method, found.shares[1].weight_bps) == ("adaptive", 200)


async def test_the_service_publishes_a_review_once(bus: RedisBus) -> None:
    await bus.publish(CONFIG.name, CONFIG_OF_TWO)
    allocator = await started(bus)

    for _ in range(3):
        await allocator.turn()

    (entry,) = await bus.fold(ALLOCATIONS.name)
    assert entry.message.method == "equal_weight"
    assert "equal weight for 2 strategies" in entry.message.reason


async def test_what_was_earned_on_paper_is_forgotten_in_the_moment_of_going_live(
    bus: RedisBus, teller: RedisBus, weighed: list[Question]
) -> None:
    """position_manager writes the history of the new mode when it hears of it, which may be after us."""
    await earned(teller, "alpha", 0.01)
    await earned(teller, "beta", 0.01)
    clock, review, first = await begun(bus)
    clock.observe(START_NS + 60 * MINUTE_NS)
    live = msgspec.structs.replace(CONFIG_OF_TWO.strategies[0], mode=Mode.LIVE)
    await reviewed(review, first)

    await review.due(first, msgspec.structs.replace(CONFIG_OF_TWO, strategies=(live, CONFIG_OF_TWO.strategies[1])))

    assert [[len(record.closed) for record in question.records] for question in weighed] == [[0, 0], [60, 60], [0, 60]]


async def test_a_version_that_asks_the_same_is_not_weighed_and_another_mode_is(bus: RedisBus, weighed: list[Question]) -> None:
    _, review, first = await begun(bus)
    same = msgspec.structs.replace(CONFIG_OF_TWO, version=CONFIG_OF_TWO.version + 1)
    live = msgspec.structs.replace(CONFIG_OF_TWO.strategies[0], mode=Mode.LIVE)

    await review.due(first, same)
    assert len(weighed) == 1
    await review.due(first, msgspec.structs.replace(same, strategies=(live, same.strategies[1])))
    assert len(weighed) == 2


@pytest.mark.parametrize(("failure", "said"), [(ImportError("no cvxpy"), "install memesnipe"), (FloatingPointError("nan"), "nan")])
async def test_a_review_that_fails_is_refused_once_and_the_last_decision_stays(
    bus: RedisBus, monkeypatch: pytest.MonkeyPatch, failure: Exception, said: str
) -> None:
    def failing(question: Question, version: int) -> AllocationDecision:
        raise failure

    await bus.publish(CONFIG.name, msgspec.structs.replace(CONFIG_OF_TWO, weighing=None))
    allocator = await started(bus)
    await allocator.turn()
    monkeypatch.setattr(reviewing, "decided", failing)
    await bus.publish(CONFIG.name, msgspec.structs.replace(CONFIG_OF_TWO, version=CONFIG_OF_TWO.version + 1))
    before = refusals()

    with capture_logs() as logs:
        for _ in range(3):
            await allocator.turn()

    assert refusals() == before + 1
    assert [said in entry["detail"] for entry in logs if entry["event"] == "weights_refused"] == [True]
    (entry,) = await bus.fold(ALLOCATIONS.name)
    assert entry.message.version == 1


def refusals() -> float:
    return REGISTRY.get_sample_value("memesnipe_bad_input_total", {"source": CONFIG.name, "field": "weighing"}) or 0.0


async def started(bus: RedisBus) -> Allocator:
    allocator = Allocator(bus, Running("autonomous_allocator", EventClock(START_NS), Health("autonomous_allocator"), asyncio.Event()))
    await allocator.reload()
    return allocator


@pytest.fixture
def weighed(monkeypatch: pytest.MonkeyPatch) -> list[Question]:
    """Return the questions that are asked from now on, as they come."""
    asked: list[Question] = []

    def noting(question: Question, version: int) -> AllocationDecision:
        asked.append(question)
        return decided(question, version)

    monkeypatch.setattr(reviewing, "decided", noting)
    return asked
