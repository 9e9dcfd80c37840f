"""Live orders whose stream entry is gone: Redis lost its last second, or the entry comes under another consumer's name, late."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from memesnipe.approvals.keys import SigningKey, TrustedKeys
from memesnipe.bus import topology
from memesnipe.bus.api import Entry, Subscription
from memesnipe.bus.folds import Halts
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.guard.attempts import Attempts, Status
from memesnipe.guard.hosts import Hosts, Keys
from memesnipe.guard.inflight import InFlight
from memesnipe.guard.live import Live
from memesnipe.guard.live_checks import Identity
from memesnipe.guard.pairs import Pairs
from memesnipe.guard.paper import Terms
from memesnipe.guard.standing import Standing, standing_of
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import Fill, Outcome, Rejection
from memesnipe.messages.signing import SignedTransaction, SwapTransaction
from memesnipe.testing.builders import STRATEGY, a_config, a_fill, an_approved

ORDER = an_approved(mode=Mode.LIVE)
FILLS = topology.FILLS.of(STRATEGY)
GROUP = "wallet_guard"


class NeverLands:
    """A chain on which the blockhash expired."""

    async def land(self, signed: SignedTransaction, lane: object, at_send: Callable[[], None]) -> None:
        return None


def no_pairs(bus: RedisBus, attempts: Attempts) -> Pairs:
    return Pairs(bus, SystemClock(), attempts, Terms(7, 0, 0, 1, 0, 0), 0, asks_costs=False)


def standing() -> Standing:
    return standing_of(a_config(), Halts(), 10**9)


@pytest.fixture
def attempts(tmp_path: Path) -> Attempts:
    store = Attempts(tmp_path / "guard.db")
    store.begin(SwapTransaction(ORDER.intent, 1, b"message", 150, 1, (), b"risk", b"", b""), 77, SystemClock().now_ns())
    store.signed(SignedTransaction(ORDER.intent.id, 1, "5" * 88, b"transaction", 150))
    return store


@pytest.fixture
def live(bus: RedisBus, attempts: Attempts, tmp_path: Path) -> Live:
    nobody = cast("Any", None)
    hosts = Hosts(nobody, nobody, nobody, cast("Any", NeverLands()), nobody, ())
    keys = {role: SigningKey.create(tmp_path / f"{role}.key") for role in ("risk", "guard", "lease")}
    trusted = TrustedKeys.of(**{role: key.public_hex for role, key in keys.items()})
    live = Live(bus, SystemClock(), hosts, Keys(keys["guard"], trusted), attempts, standing)
    live._requests._identity = Identity("wallet", "genesis")
    return live


async def test_an_order_that_ended_as_an_orphan_begins_no_further_attempt(live: Live, attempts: Attempts) -> None:
    said = await live.settle_orphan(ORDER.intent.id)

    again = await live.settle(ORDER)

    assert [type(one) for one in said] == [Rejection]
    assert again == said
    last = attempts.last(ORDER.intent.id)
    assert last is not None
    assert (last.request.attempt, last.status) == (1, Status.EXPIRED)


async def test_the_outcome_of_an_order_is_said_although_its_entry_is_gone(bus: RedisBus, live: Live, attempts: Attempts) -> None:
    fill = a_fill(ORDER.intent, mode=Mode.LIVE)
    attempts.ended(ORDER.intent.id, 1, Status.LANDED, (fill,))
    await bus.subscribe([approved()])
    inflight = InFlight(bus, SystemClock(), GROUP, live, attempts, no_pairs(bus, attempts))

    inflight.take(Entry(topology.APPROVED.name, "1-1", ORDER))  # no such entry: Redis came back without it
    found = await outcomes(bus)

    await inflight.stop()
    assert found == [fill]


async def test_what_ended_before_a_crash_is_said_once_by_the_next_guard(bus: RedisBus, live: Live, attempts: Attempts) -> None:
    fill = a_fill(ORDER.intent, mode=Mode.LIVE)
    attempts.ended(ORDER.intent.id, 1, Status.LANDED, (fill,))
    inflight = InFlight(bus, SystemClock(), GROUP, live, attempts, no_pairs(bus, attempts))

    inflight.sweep()
    found = await outcomes(bus)
    inflight.sweep()
    await quiet(inflight)

    assert found == [fill]
    assert await outcomes(bus) == [fill]


async def test_an_attempt_that_no_stream_gives_again_ends_in_one_rejection(bus: RedisBus, live: Live, attempts: Attempts) -> None:
    inflight = InFlight(bus, SystemClock(), GROUP, live, attempts, no_pairs(bus, attempts))

    inflight.sweep()
    (rejection,) = await outcomes(bus)
    await quiet(inflight)

    assert isinstance(rejection, Rejection)
    assert rejection.reason is ReasonCode.EXPIRED
    assert attempts.unsaid(SystemClock().now_ns()) == []


async def outcomes(bus: RedisBus) -> list[Outcome]:
    """Return the strategy's outcomes once there is one."""
    async with asyncio.timeout(60):
        while not (found := await bus.fold(FILLS)):  # noqa: ASYNC110 - another task writes it
            await asyncio.sleep(0.01)
    return [cast("Fill | Rejection", entry.message) for entry in found]


async def quiet(inflight: InFlight) -> None:
    """Wait until no order is under way."""
    async with asyncio.timeout(60):
        while inflight.busy:  # noqa: ASYNC110 - its tasks end by themselves
            await asyncio.sleep(0.01)


def approved() -> Subscription:
    return Subscription(topology.APPROVED, next(reader for reader in topology.APPROVED.readers if reader.group == GROUP))
