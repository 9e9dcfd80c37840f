"""The order path beside what it is made of, in ONE interleaved run: price event -> executor -> risk_guardian -> wallet_guard -> fill.

- raw: four processes moving the same bytes with prepacked commands: acknowledge, produce and read again in one write. No fence.
- redis_py: the same chain with redis-py and uvloop, a pipeline for each batch.
- bus: the shipped bus with nothing in its stages: validation, Lua fence, metrics.
- services: the shipped services on paper, with state, ACLs and all checks.

    python tests/bench/order_path.py [--rounds 3] [--only raw,services]

Server: the embedded Valkey with AOF everysec. Asserts nothing; the machine is shared, so read the ratios.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import uvloop
from parts import load, services
from parts.chains import STRATEGY

from memesnipe.bus.embedded import EmbeddedValkey
from memesnipe.bus.topology import APPROVED, FILLS, INTENTS, PRICE
from memesnipe.messages.codec import encode
from memesnipe.testing.builders import a_frame, a_tick

RATE = 2_000
PACE_S = 4.0
FLOOD = {"raw": 40_000, "redis_py": 20_000, "bus": 20_000, "services": 6_000}
HERE = Path(__file__).parent
PAYLOAD = b"\x00" * 230
GOAL_RATE, GOAL_P50 = 0.85, 4.0


class Result(msgspec.Struct):
    """What one contender reached, a value for each round."""

    rate: list[float] = []
    p50_ms: list[float] = []
    p99_ms: list[float] = []
    lost: int = 0
    """Sent and not come back, over all rounds and both measures."""
    refused: Counter[str] = msgspec.field(default_factory=Counter)
    """What the services say became no order or no fill, by reason."""


def plain_path(kind: str) -> load.Path:
    """Return the path of a chain that moves bytes: the number is their first eight."""
    read_by = tuple((f"{kind}:{number}", "g") for number in range(3))
    return load.Path(
        f"{kind}:0", f"{kind}:3", lambda n: n[0].to_bytes(8, "big") + PAYLOAD, lambda raw: int.from_bytes(raw[:8], "big"), read_by
    )


def bus_path() -> load.Path:
    """Return the path of a price event that becomes a fill in stages that decide nothing: the number is the event's id."""
    read_by = ((PRICE.name, f"executor:{STRATEGY}"), (INTENTS.of(STRATEGY), "risk_guardian"), (APPROVED.name, "wallet_guard"))
    return load.Path(
        PRICE.name, FILLS.of(STRATEGY), lambda numbers: encode(a_frame(*(a_tick(event_id=f"{n:08}") for n in numbers))), _number, read_by,
        per_entry=8,
    )  # fmt: skip


def _number(raw: bytes) -> int:
    at = raw.index(b"\xa4fill") + 6
    return int(raw[at : at + 8])


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


async def measure(kind: str, url: str, path: load.Path, result: Result) -> None:
    """Add a round: messages a second in a flood, and latencies at RATE."""
    loaded = await load.connected(url, path)
    await loaded.flood(10_000_000, 512)
    result.rate.append(await loaded.flood(20_000_000, FLOOD[kind]))
    waits = await loaded.pace(30_000_000, RATE, PACE_S)
    result.p50_ms.append(waits.p50)
    result.p99_ms.append(waits.p99)
    result.lost += waits.lost


def one_round(kind: str, folder: Path, result: Result) -> None:
    """Measure one contender on a fresh server."""
    folder.mkdir(parents=True)
    with EmbeddedValkey(folder / "valkey") as server:
        if kind == "services":
            with services.running(server.url, folder) as refused:
                uvloop.run(measure(kind, server.url, services.path(), result))
                result.refused += refused()
        else:
            with chain(kind, server.url):
                uvloop.run(measure(kind, server.url, bus_path() if kind == "bus" else plain_path(kind), result))


def report(results: dict[str, Result]) -> None:
    """Print medians with the worst, and ratios."""
    middle = {
        kind: (statistics.median(one.rate), statistics.median(one.p50_ms), statistics.median(one.p99_ms)) for kind, one in results.items()
    }
    for kind, (rate, p50, p99) in middle.items():
        one = results[kind]
        print(
            f"{kind:10} {rate:9,.0f} msg/s (worst {min(one.rate):,.0f})   at {RATE:,}/s: p50 {p50:.2f} ms (worst {max(one.p50_ms):.2f})  "
            f"p99 {p99:.1f} ms (worst {max(one.p99_ms):.1f})  not back {one.lost}  refused {dict(one.refused)}"
        )
    for kind in ("bus", "services"):
        if kind in middle and "raw" in middle:
            print(f"{kind} / raw, messages a second: {middle[kind][0] / middle['raw'][0]:.2f} (goal {GOAL_RATE})")
        if kind in middle and "redis_py" in middle:
            print(f"redis_py / {kind}, p50: {middle['redis_py'][1] / middle[kind][1]:.2f} (goal {GOAL_P50})")


def main() -> None:
    """Run the rounds, the contenders of a round one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(FLOOD))
    asked = parser.parse_args()
    results = {kind: Result() for kind in asked.only.split(",")}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(asked.rounds):
            for kind, result in results.items():
                one_round(kind, Path(folder) / f"{kind}-{number}", result)
    report(results)


if __name__ == "__main__":
    main()
