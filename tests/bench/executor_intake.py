"""The executor's intake beside a raw XREADGROUP loop, interleaved: events a second from Redis to `on_event`.

- raw, one event an entry: XREADGROUP COUNT 100 and one XACK for the batch, nothing decoded.
- raw, frames: the same on the frames that data_consumers write.
- executor: the shipped loop on the frames: read, validate, route to the strategy, commit with its state.

    python tests/bench/executor_intake.py [--rounds 5] [--frame 32]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import redis
import uvloop
from parts.idle import Idle

from memesnipe.bus.embedded import EmbeddedValkey
from memesnipe.bus.redis_bus import connect
from memesnipe.bus.topology import PRICE
from memesnipe.bus.wire import Link, open_link, pack
from memesnipe.executor.loop import StrategyLoop
from memesnipe.executor.settings import ExecutorSettings
from memesnipe.kernel.clock import SystemClock
from memesnipe.messages.codec import encode
from memesnipe.strategy.loading import Plugin
from memesnipe.strategy.spec import StrategySpec
from memesnipe.testing.builders import SPEC_HASH, a_frame, a_tick

EVENTS = 64_000
GOAL = 0.8


async def fill(url: str, stream: str, per_entry: int) -> None:
    """Write EVENTS fresh prices, `per_entry` in an entry."""
    link = await open_link(url, "fill")
    now_ns = time.time_ns()
    for first in range(0, EVENTS, 64 * per_entry):
        frames = [
            encode(a_frame(*(a_tick(event_id=f"{n}", time_ns=now_ns + n) for n in range(at, at + per_entry))))
            for at in range(first, min(first + 64 * per_entry, EVENTS), per_entry)
        ]
        await link.send_all([pack("XADD", stream, "*", "m", frame) for frame in frames]).wait(30.0)
    link.close()


async def raw(url: str, per_entry: int) -> float:
    """Return events a second of a bare loop."""
    await fill(url, "raw", per_entry)
    link = await open_link(url, "raw")
    await link.send(pack("XGROUP", "CREATE", "raw", "g", "0")).wait(5.0)
    read = pack("XREADGROUP", "GROUP", "g", "c", "COUNT", 100, "STREAMS", "raw", ">")
    began, entries = time.perf_counter(), 0
    while entries < EVENTS // per_entry:
        entries += await _raw_turn(link, read)
    seconds = time.perf_counter() - began
    link.close()
    return EVENTS / seconds


async def _raw_turn(link: Link, read: bytes) -> int:
    reply = link.send(read)
    await reply.wait(5.0)
    found = reply.value[0][1]
    await link.send(pack("XACK", "raw", "g", *(entry_id for entry_id, _ in found))).wait(5.0)
    return len(found)


async def executor(url: str, per_entry: int) -> float:
    """Return events a second of the shipped loop."""
    settings = ExecutorSettings(redis_url=url)
    bus = await connect(settings, SystemClock(), service="executor", consumer="bench")
    loop = StrategyLoop(bus, SystemClock(), settings, StrategySpec("idle", "idle", SPEC_HASH, {}), Plugin("idle", Idle, Path(__file__)))
    await loop.start()
    await fill(url, PRICE.name, per_entry)
    began, entries = time.perf_counter(), 0
    while entries < EVENTS // per_entry:
        entries += await loop.turn()
    seconds = time.perf_counter() - began
    await bus.close()
    return EVENTS / seconds


def main() -> None:
    """Print the medians and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--frame", type=int, default=32)
    asked = parser.parse_args()
    contenders: dict[str, tuple[Callable[[str, int], Awaitable[float]], int]] = {
        "raw, one event an entry": (raw, 1),
        "raw, frames": (raw, asked.frame),
        "executor": (executor, asked.frame),
    }
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    with tempfile.TemporaryDirectory() as folder, EmbeddedValkey(Path(folder)) as server, redis.Redis.from_url(server.url) as admin:
        for _ in range(asked.rounds):
            for name, (run, per_entry) in contenders.items():
                admin.flushall()
                rates[name].append(uvloop.run(run(server.url, per_entry)))  # type: ignore[arg-type] # a coroutine, by its `async def`
    middle = {name: statistics.median(values) for name, values in rates.items()}
    for name, rate in middle.items():
        print(f"{name:26} {rate:11,.0f} events/s")
    print(f"executor / raw, one event an entry: {middle['executor'] / middle['raw, one event an entry']:.2f} (goal {GOAL})")
    print(f"executor / raw, frames: {middle['executor'] / middle['raw, frames']:.2f}")


if __name__ == "__main__":
    main()
