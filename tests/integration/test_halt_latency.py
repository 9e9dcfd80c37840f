"""From a person's halt to the last signature, over the real processes under a load of orders.

`MEMESNIPE_TEST_HALTS=100 pytest -s tests/integration/test_halt_latency.py` prints the figures that the documentation gives.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from memesnipe.bus.embedded import EmbeddedValkey
from memesnipe.bus.redis_bus import connect
from memesnipe.control.leases import LEASE_NS
from memesnipe.kernel.clock import NS_PER_MS, NS_PER_S, SystemClock
from memesnipe.kernel.settings import CommonSettings
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.orders import Fill
from memesnipe.testing.live_path import LivePath
from memesnipe.testing.polling import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ACTIVE, _, HALTED, FROZEN = HaltState
ROUNDS = int(os.environ.get("MEMESNIPE_TEST_HALTS", "20"))
BOUND_NS = NS_PER_S
"""The promise, a bound of safety and no benchmark: on two cores with a load of 7 the slowest of 60 halts took 0.45 s."""
PERCENT = 99 if ROUNDS >= 100 else 95
"""Of 20 halts the 99th percentile is the slowest one, and a machine that runs other tests may stall once; with 100 it is what it says."""
WATCH_NS = BOUND_NS * 3 // 2
"""How long after a halt signatures are looked for: a late one must not be missed because nobody looked."""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedValkey]:
    """A server of its own, which may be stopped."""
    with EmbeddedValkey(tmp_path / "valkey") as running:
        yield running


@pytest.fixture
async def live(server: EmbeddedValkey, tmp_path: Path) -> AsyncIterator[LivePath]:
    bus = await connect(CommonSettings(redis_url=server.url), SystemClock(), service="test")
    async with LivePath(bus, server.url, tmp_path) as path:
        yield path
    await bus.close()


async def test_no_new_risk_is_signed_a_second_after_halted_and_exits_are(live: LivePath) -> None:
    late_ns, exits_ns = [], []

    for _ in range(ROUNDS):
        said_ns = await live.halt(HALTED)
        exit_ns = await signed(live, await live.exit_of(held(live)), said_ns)
        await passed(said_ns + WATCH_NS)
        late_ns.append(after(said_ns, [one.time_ns for one in live.new_risk(said_ns)]))
        exits_ns.append(exit_ns - said_ns)
        await reopened(live)

    print(told("HALTED to the last new risk", late_ns))
    print(told("HALTED to a protective exit", exits_ns), under(live))
    assert percentile(late_ns, PERCENT) <= BOUND_NS
    assert len(exits_ns) == ROUNDS


async def test_nothing_is_signed_a_second_after_frozen(live: LivePath) -> None:
    late_ns = []

    for _ in range(ROUNDS):
        said_ns = await live.halt(FROZEN)
        await live.exit_of(held(live))
        await passed(said_ns + WATCH_NS)
        late_ns.append(after(said_ns, [one.time_ns for one in live.signatures(said_ns)]))
        await reopened(live)

    print(told("FROZEN to the last signature", late_ns), under(live))
    assert percentile(late_ns, PERCENT) <= BOUND_NS


async def test_without_redis_nothing_is_signed_when_the_lease_is_over(live: LivePath, server: EmbeddedValkey) -> None:
    late_ns = []

    for _ in range(3):
        os.kill(server.pid, signal.SIGSTOP)
        said_ns = time.time_ns()
        await passed(said_ns + LEASE_NS + WATCH_NS)
        late_ns.append(after(said_ns, [one.time_ns for one in live.signatures(said_ns)]))
        os.kill(server.pid, signal.SIGCONT)
        await reopened(live)

    print(told("Redis stopped to the last signature", late_ns))
    assert max(late_ns) <= LEASE_NS


async def test_without_control_new_risk_ends_with_its_lease_and_exits_go_on(live: LivePath) -> None:
    lot = held(live)

    live.processes["control"].kill()
    said_ns = time.time_ns()
    await passed(said_ns + LEASE_NS + WATCH_NS)
    late_ns = after(said_ns, [one.time_ns for one in live.new_risk(said_ns)])
    await signed(live, await live.exit_of(lot), said_ns)
    print(told("control killed to the last new risk", [late_ns]))
    assert late_ns <= LEASE_NS


def held(live: LivePath) -> Fill:
    """Take a bought lot to sell, one that nobody sold yet."""
    return live.fills.pop(next(iter(live.fills)))


async def passed(at_ns: int) -> None:
    await asyncio.sleep(max(0, at_ns - time.time_ns()) / NS_PER_S)


async def signed(live: LivePath, intent_id: str, since_ns: int) -> int:
    """Wait for an intent's signature; return when it was given."""
    found: list[int] = []

    async def there() -> bool:
        found.extend(one.time_ns for one in live.signatures(since_ns) if one.intent_id == intent_id)
        return bool(found)

    await until(there, what="a protective exit")
    return found[0]


async def reopened(live: LivePath) -> None:
    """Resume, and wait until risk is signed again and there is something to sell."""
    resumed_ns = await live.halt(ACTIVE)

    async def trades() -> bool:
        return bool(live.fills and live.new_risk(resumed_ns))

    await until(trades, what="a buy after the resume")


def after(said_ns: int, signed_ns: Sequence[int]) -> int:
    """Return how long after the command the last signature was; 0 without one."""
    return max(signed_ns, default=said_ns) - said_ns


def percentile(values: Sequence[int], percent: int) -> int:
    """Return the nearest rank."""
    return sorted(values)[max(1, -(-len(values) * percent // 100)) - 1]


def told(what: str, late_ns: Sequence[int]) -> str:
    p50, p99, most = (value // NS_PER_MS for value in (percentile(late_ns, 50), percentile(late_ns, 99), max(late_ns)))
    return f"\n{what}: p50 {p50} ms, p99 {p99} ms, max {most} ms over {len(late_ns)} halts"


def under(live: LivePath) -> str:
    times_ns = [one.time_ns for one in live.signatures()]
    span_s = (times_ns[-1] - times_ns[0]) / NS_PER_S
    return f"\nunder {live.ended / span_s:.0f} orders a second, {len(times_ns) / span_s:.1f} of them signed; most are refused by a halt"
