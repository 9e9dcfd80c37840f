"""Four hops with nothing in the stages: what the bus itself costs, beside a raw chain and beside redis-py, in one interleaved run.

`python tests/bench/bus_hops.py [rounds]`. Server: the embedded Valkey with AOF everysec. Prints ratios; asserts nothing.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop
from parts import load
from parts.chains import STRATEGY

from memesnipe.bus.embedded import EmbeddedValkey
from memesnipe.bus.topology import APPROVED, FILLS, INTENTS, PRICE
from memesnipe.messages.codec import decode, encode
from memesnipe.messages.orders import Fill
from memesnipe.testing.builders import a_frame, a_tick

RATE = 2_000
WINDOW = 2_000
FLOOD = {"raw": 40_000, "redis_py": 2_000, "redis_py_batched": 20_000, "bus": 20_000}
HERE = Path(__file__).parent
PAYLOAD = b"\x00" * 230


def plain_path(kind: str) -> load.Path:
    """Return the path of a chain that moves bytes: the number is their first eight."""
    name = {"redis_py": "plain", "redis_py_batched": "batched"}.get(kind, kind)
    return load.Path(
        f"{name}:0",
        f"{name}:3",
        lambda number: number.to_bytes(8, "big") + PAYLOAD,
        lambda raw: int.from_bytes(raw[:8], "big"),
        tuple((f"{name}:{number}", "g") for number in range(3)),
    )


def bus_path() -> load.Path:
    """Return the path of a price event that becomes a fill: the number is the event's id, then the intent's."""
    return load.Path(
        PRICE.name,
        FILLS.of(STRATEGY),
        lambda number: encode(a_frame(a_tick(event_id=str(number)))),
        lambda raw: int(decode(Fill, raw).intent_id),
        (
            (PRICE.name, f"executor:{STRATEGY}"),
            (INTENTS.of(STRATEGY), "risk_guardian"),
            (APPROVED.name, "wallet_guard"),
        ),
    )


@contextmanager
def chain(kind: str, url: str) -> Iterator[None]:
    """Run a chain's three stage processes."""
    command = [sys.executable, "-m", "parts.chains", kind]
    stages = [subprocess.Popen([*command, str(number), url], cwd=HERE, env=os.environ) for number in range(3)]
    try:
        yield
    finally:
        for stage in stages:
            stage.kill()
            stage.wait()


async def measure(kind: str, url: str) -> tuple[float, load.Latencies]:
    """Return messages a second in a flood, and latencies at RATE."""
    path = bus_path() if kind == "bus" else plain_path(kind)
    with chain(kind, url):
        loaded = await load.connected(url, path)
        await loaded.flood(1, 200, 50)
        rate = await loaded.flood(1_000, FLOOD[kind], WINDOW)
        return rate, await loaded.pace(1_000_000, RATE if kind != "redis_py" else RATE // 4, 3.0)


def main() -> None:
    """Print each contender's median over the rounds, and the ratios."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    rates: dict[str, list[float]] = {kind: [] for kind in FLOOD}
    middles: dict[str, list[float]] = {kind: [] for kind in FLOOD}
    tails: dict[str, list[float]] = {kind: [] for kind in FLOOD}
    with tempfile.TemporaryDirectory() as folder, EmbeddedValkey(Path(folder)) as server:
        for _ in range(rounds):
            for kind in FLOOD:
                rate, waits = uvloop.run(measure(kind, server.url))
                rates[kind].append(rate)
                middles[kind].append(waits.p50)
                tails[kind].append(waits.p99)
    for kind in FLOOD:
        print(f"{kind:18} {statistics.median(rates[kind]):9,.0f} msg/s   p50 {statistics.median(middles[kind]):7.2f} ms   p99 {statistics.median(tails[kind]):7.2f} ms")  # fmt: skip  # noqa: E501
    print(f"bus / raw messages/s: {statistics.median(rates['bus']) / statistics.median(rates['raw']):.2f}")
    print(f"redis_py_batched p50 / bus p50: {statistics.median(middles['redis_py_batched']) / statistics.median(middles['bus']):.2f}")


if __name__ == "__main__":
    main()
