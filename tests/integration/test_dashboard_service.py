"""The dashboard's process on a real server: live updates, what it shows when a part is away, and how it ends."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from memesnipe.bus.api import Subscription
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import CONFIG, INTENTS, KILL_SWITCH
from memesnipe.dashboard.commands import Commands, HaltAsked
from memesnipe.dashboard.service import Page
from memesnipe.dashboard.settings import DashboardSettings
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.settings import CommonSettings
from memesnipe.messages.bounds import HaltState
from memesnipe.testing.builders import a_config, a_halt, an_intent
from memesnipe.testing.buses import MakeBus
from memesnipe.testing.scene import Scene


@pytest.fixture
def page(valkey_url: str, tmp_path: Path) -> Iterator[Page]:
    page = Page(DashboardSettings(redis_url=valkey_url, data_dir=str(tmp_path), dashboard_port=0, dashboard_refresh_ms=100))
    yield page
    page.close()


def fetch(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def shown(port: int) -> dict:  # type: ignore[type-arg]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        picture: dict = json.loads(fetch(port, "/api/snapshot")[1])  # type: ignore[type-arg]
        if picture:
            return picture
    raise TimeoutError("no picture")


async def test_a_picture_holds_what_streams_and_ledger_say(bus: RedisBus, tmp_path: Path, page: Page) -> None:
    await Scene(bus, str(tmp_path), time.time_ns()).play()
    deadline = time.monotonic() + 60
    picture = shown(page.port)
    while counts(picture) != (9, 4, 15) and time.monotonic() < deadline:
        picture = shown(page.port)

    assert (counts(picture), picture["problems"]) == ((9, 4, 15), [])
    assert {line["symbol"] for line in picture["prices"]} >= {"BONK", "PNUT"}


def counts(picture: dict) -> tuple[int, ...]:  # type: ignore[type-arg]
    return tuple(len(picture[what]) for what in ("prices", "holdings", "fills"))


async def test_a_ledger_that_is_not_there_yet_is_said_and_not_ready(bus: RedisBus, page: Page) -> None:
    await bus.publish(CONFIG.name, a_config())

    assert "ledger" in shown(page.port)["problems"][0]
    assert fetch(page.port, "/readyz")[0] == 503
    assert fetch(page.port, "/healthz")[0] == 200


def test_before_redis_ever_answered_no_halt_state_and_no_money_is_claimed(tmp_path: Path) -> None:
    page = Page(DashboardSettings(redis_url="redis://127.0.0.1:1/0", data_dir=str(tmp_path), dashboard_port=0, dashboard_refresh_ms=100))

    picture = shown(page.port)
    page.close()

    assert (picture["marker"]["kind"], picture["unknown"]) == ("unknown", ["redis", "ledger"])
    assert "Not known" in picture["halt"]["allows"]


def test_a_proxy_on_this_machine_does_not_make_its_visitors_the_person_at_it(page: Page) -> None:
    asked = urllib.request.Request(f"http://127.0.0.1:{page.port}/", headers={"X-Forwarded-For": "203.0.113.7"})

    with pytest.raises(urllib.error.HTTPError) as turned_back, urllib.request.urlopen(asked, timeout=60):
        pass

    assert turned_back.value.code == 403


async def test_the_lag_of_a_group_that_reads_nothing_is_counted(bus: RedisBus, make_bus: MakeBus, page: Page) -> None:
    await bus.publish(CONFIG.name, a_config())
    risk = await make_bus(service="risk_guardian")
    await risk.subscribe([Subscription(INTENTS, INTENTS.readers[0], ("momentum",))])
    for _ in range(3):
        await bus.publish(INTENTS.of("momentum"), an_intent())

    lags = {(one["stream"], one["group"]): one["lag"] for one in shown(page.port)["lags"]}
    deadline = time.monotonic() + 60
    while lags.get(("orders:intents:momentum", "risk_guardian")) != 3 and time.monotonic() < deadline:
        lags = {(one["stream"], one["group"]): one["lag"] for one in shown(page.port)["lags"]}
    assert lags[("orders:intents:momentum", "risk_guardian")] == 3


async def test_a_halt_is_pushed_to_an_open_page(bus: RedisBus, page: Page) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{page.port}/events", timeout=60) as stream:  # noqa: ASYNC210 - the page is in a thread
        await bus.publish(KILL_SWITCH.name, a_halt(HaltState.HALTED))

        states = (json.loads(line[6:])["halt"]["state"] for line in stream if line.startswith(b"data: "))
        assert "halted" in states


def test_a_person_cannot_thaw_with_a_click(valkey_url: str) -> None:
    commands = Commands(CommonSettings(redis_url=valkey_url), SystemClock())

    with pytest.raises(Refused, match="--frozen"):
        commands.halt(HaltAsked(HaltState.FROZEN))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_within_seconds_with_a_page_open(valkey_url: str, tmp_path: Path, number: signal.Signals) -> None:
    env = {**os.environ, "MEMESNIPE_REDIS_URL": valkey_url, "MEMESNIPE_DATA_DIR": str(tmp_path), "MEMESNIPE_DASHBOARD_PORT": "0"}
    program = "import sys; from memesnipe.dashboard.service import main; sys.exit(main())"
    process = subprocess.Popen([sys.executable, "-c", program], env=env, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    port = int(next(found[1] for line in process.stderr if (found := re.search(r"http://127.0.0.1:(\d+)", line))))
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/events", timeout=60)
    page.readline()

    asked_s = time.monotonic()
    process.send_signal(number)
    code = process.wait(60)

    assert code == 0
    assert time.monotonic() - asked_s < 20  # one second on an idle machine; who waited for the page would wait for a minute
    page.close()
    process.stderr.close()


def test_a_port_that_is_taken_is_a_config_error(valkey_url: str, tmp_path: Path, page: Page) -> None:
    env = {**os.environ, "MEMESNIPE_REDIS_URL": valkey_url, "MEMESNIPE_DATA_DIR": str(tmp_path), "MEMESNIPE_DASHBOARD_PORT": str(page.port)}
    program = "import sys; from memesnipe.dashboard.service import main; sys.exit(main())"

    ended = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=60)

    assert (ended.returncode, "MEMESNIPE_DASHBOARD_PORT" in ended.stderr) == (78, True)
