"""Fixtures that every test may use: a real Valkey for each test process, and buses on a clean database."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import structlog
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling

from memesnipe.bus.redis_bus import RedisBus, connect
from memesnipe.kernel.clock import Clock, EventClock, SystemClock
from memesnipe.kernel.settings import CommonSettings
from memesnipe.testing.builders import number_for
from memesnipe.testing.buses import MakeBus
from memesnipe.testing.crashes import row as crashes
from memesnipe.testing.exploring import explore_everything_so
from memesnipe.testing.matrix_table import told
from memesnipe.testing.servers import a_redis

IN_ORDER = {"tests/docs_commands/": "pages", "tests/e2e/test_newcomers_path.py": "path"}
"""Where a test needs what the one before it left, as a page's second command needs its first."""

explore_everything_so()


class InOrder(LoadGroupScheduling):  # type: ignore[misc]  # xdist has no types
    """Deals tests out to workers, those that follow one another to the same one.

    By their path: xdist 3.8 writes a group's mark into a test's id where pytest 9.2 no longer keeps it, and so does not see it.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((group for begins, group in IN_ORDER.items() if nodeid.startswith(begins)), None) or super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> InOrder:
    """Take ours. Where all processes share a cluster that a person named, the operator's tests follow one another, too.

    At once they would delete each other's definitions and policies.
    """
    from memesnipe.testing.cluster.choice import GIVEN  # whoever deals out the tests needs it alone, and it takes a second to load

    if GIVEN in os.environ:
        IN_ORDER["tests/operator/"] = "cluster"
    return InOrder(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Give each test the same ids, and with them the same luck, whatever ran before it; and logs that no service it ran has set up."""
    number_for(item.nodeid)
    structlog.reset_defaults()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which Kubernetes the operator's tests met, the matrix and the crashes; worker processes can tell only through their reports."""
    reports = [report for kind in terminalreporter.stats.values() for report in kind if isinstance(report, pytest.TestReport)]
    for found in sorted({str(value) for report in reports for name, value in report.user_properties if name == "cluster"}):
        terminalreporter.write_line(f"operator suite: {found}")
    rows = {str(value) for report in reports for name, value in report.user_properties if name == "misbehaviour"}
    for line in told(rows) if rows else ():
        terminalreporter.write_line(line)
    fallen = {str(value) for report in reports for name, value in report.user_properties if name == "crash"}
    for line in crashes.told(fallen) if fallen else ():
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for each test process; its URL. Use `valkey_url`, which empties it first."""
    with a_redis(Path(tmp_path_factory.mktemp("valkey"))) as url:
        yield url


@pytest.fixture
def valkey_url(valkey_server: str) -> str:
    """The URL of an empty server."""
    with redis.Redis.from_url(valkey_server) as client:
        client.flushall()
    return valkey_server


@pytest.fixture
def redis_url(valkey_url: str) -> str:
    """The same, by its other name."""
    return valkey_url


@pytest.fixture
async def make_bus(valkey_url: str) -> AsyncIterator[MakeBus]:
    """`await make_bus(service="executor", clock=EventClock())`: all are closed at the end; an EventClock makes it a replay."""
    made: list[RedisBus] = []

    async def make(
        *, service: str = "test", consumer: str = "", clock: Clock | None = None, adopt_idle_ms: int = 15_000, **settings: Any
    ) -> RedisBus:
        clock_word = "replay" if isinstance(clock, EventClock) else "system"
        common = CommonSettings(**{"redis_url": valkey_url, "clock": clock_word, **settings})
        bus = await connect(common, clock or SystemClock(), service=service, consumer=consumer, adopt_idle_ms=adopt_idle_ms)
        made.append(bus)
        return bus

    yield make
    for bus in made:
        await bus.close()


@pytest.fixture
async def bus(make_bus: MakeBus) -> RedisBus:
    """One bus on an empty server."""
    return await make_bus()
