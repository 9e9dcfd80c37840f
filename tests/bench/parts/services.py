"""The shipped services as a contender: executor, risk_guardian and wallet_guard on paper, each under its own Redis user.

A price event becomes an intent, an approved order and a paper fill. Fills come at once (no slots to wait) and never fail by
chance; limits are out of the way; all else is as shipped: fence, validation, state, metrics, health endpoint, ACLs, AOF.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import redis
from parts.load import Path as LoadPath

from memesnipe.bus.acl import executor_rules, service_rules
from memesnipe.bus.redis_bus import connect
from memesnipe.bus.topology import ALLOCATION, ALLOCATIONS, APPROVED, CONFIG, FILLS, INTENTS, PRICE
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.ports import free_port
from memesnipe.kernel.settings import CommonSettings
from memesnipe.messages.bounds import Mode
from memesnipe.messages.codec import encode
from memesnipe.messages.control import AllocationDecision, StrategyConfig
from memesnipe.messages.market import MarketFrame, PriceTick
from memesnipe.messages.orders import Fill
from memesnipe.testing.builders import SOL, SPEC_HASH, a_config, an_allocation, limits
from memesnipe.testing.buses import nothing_held

STRATEGY = "bench"
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
MINTS = tuple(BASE58[n // 16] + BASE58[n % 16] + "B" * 42 for n in range(256))
"""One order a token may be in flight, so a window of half as many keeps every event an order."""
CAPITAL_SOL = 10**8
PASSWORD = "of-a-bench"
INTENT_TIME = Fill.__struct_fields__.index("intent_time_ns") + 1
"""Where a fill's array says when the event behind it was; the tag comes first."""
REFUSED_BY = r"memesnipe_(?:executor_refused|rejections|stream_gaps)_total"
REFUSALS = re.compile(rf'^{REFUSED_BY}\{{.*?(?:check|reason|stream)="([^"]+)".*\}} ([0-9.e+]+)$', re.MULTILINE)
"""Where a service's metrics say that an event became no order, or an order no fill."""


def path() -> LoadPath:
    """Return the path of a price event that becomes a paper fill."""
    read_by = ((PRICE.name, f"executor:{STRATEGY}"), (INTENTS.of(STRATEGY), "risk_guardian"), (APPROVED.name, "wallet_guard"))
    events = Events()
    return LoadPath(PRICE.name, FILLS.of(STRATEGY), events.frame, events.number_of, read_by, per_entry=8, window=len(MINTS) // 2)


class Events:
    """Makes prices, each with a time of its own, by which its fill is known again."""

    def __init__(self) -> None:
        self._number_at: dict[int, int] = {}
        self._last_ns = 0

    def frame(self, numbers: Sequence[int]) -> bytes:
        """Return a frame of one price for each number."""
        return encode(MarketFrame(tuple(map(self._tick, numbers))))

    def _tick(self, number: int) -> PriceTick:
        time_ns = self._last_ns = max(time.time_ns(), self._last_ns + 1)
        self._number_at[time_ns] = number
        return PriceTick(
            str(number), time_ns, time_ns // 400_000_000, MINTS[number % len(MINTS)], "pumpfun", 60 * SOL, 536_500_000_000_000, 6
        )

    def number_of(self, raw: bytes) -> int | None:
        """Return the number of the event behind a fill; None for a rejection."""
        outcome = msgspec.msgpack.decode(raw)
        return self._number_at.pop(outcome[INTENT_TIME], None) if outcome[0] == "fill" else None


Refused = Callable[[], Counter[str]]


@contextmanager
def running(url: str, folder: Path) -> Iterator[Refused]:
    """Configure the system on an empty server and run the three services; yield what tells how many they refused, by reason."""
    asyncio.run(_configure(url))
    spec = folder / "bench.json"
    spec.write_text(json.dumps({"id": STRATEGY, "plugin": "flip", "spec_hash": SPEC_HASH, "parameters": {}}))
    common = {
        **os.environ,
        "MEMESNIPE_DATA_DIR": str(folder),
        "MEMESNIPE_STRATEGY_FILE": str(spec),
        "MEMESNIPE_STRATEGIES_PATH": str(Path(__file__).parent),
        "MEMESNIPE_PAPER_SLOTS_MAX": "0",
        "MEMESNIPE_PAPER_FAILURE_BPS": "0",
        "MEMESNIPE_LOG_LEVEL": "WARNING",
    }
    users = {
        "executor": executor_rules(STRATEGY),
        "risk_guardian": service_rules("risk_guardian"),
        "wallet_guard": service_rules("wallet_guard"),
    }
    ports = {name: free_port() for name in users}
    processes = [
        _start(name, {**common, "MEMESNIPE_REDIS_URL": _url_as(url, name, rules), "MEMESNIPE_HEALTH_PORT": str(ports[name])})
        for name, rules in users.items()
    ]
    try:
        yield lambda: sum(map(_refused_by, ports.values()), Counter[str]())
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _start(name: str, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "memesnipe", name], env=environment)


def _refused_by(port: int) -> Counter[str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return Counter({why: int(float(count)) for why, count in REFUSALS.findall(answer.read().decode())})


def _url_as(url: str, user: str, rules: list[str]) -> str:
    with redis.Redis.from_url(url) as admin:
        admin.execute_command("ACL", "SETUSER", user, "reset", "on", f">{PASSWORD}", *rules)
    return url.replace("redis://", f"redis://{user}:{PASSWORD}@")


async def _configure(url: str) -> None:
    with redis.Redis.from_url(url) as admin:
        admin.flushall()
    bus = await connect(CommonSettings(redis_url=url), SystemClock(), service="control")
    wide = {name: CAPITAL_SOL * SOL for name in limits().__struct_fields__ if name.endswith("_lamports_max")}
    costs = {"priority_fee_lamports_max": 10**6, "tip_lamports_max": 10**6}
    roomy = limits(
        **wide | costs,
        open_positions_max=2**40, orders_per_minute_max=2**40, drawdown_bps_max=10_000,
    )  # fmt: skip
    config = a_config(StrategyConfig(STRATEGY, "flip", SPEC_HASH, Mode.PAPER), limits=roomy, capital_lamports=CAPITAL_SOL * SOL)
    share = an_allocation(STRATEGY, capital_sol=CAPITAL_SOL)
    await bus.publish(CONFIG.name, config)
    await bus.publish(ALLOCATION.of(STRATEGY), share)
    await bus.publish(ALLOCATIONS.name, AllocationDecision(1, share.time_ns, "00", "bench", "bench", (share,)))
    await nothing_held(bus)
    await bus.close()
