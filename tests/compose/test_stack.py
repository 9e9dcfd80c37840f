"""The compose file on a real engine: a paper fill on the page, every process killed and back, each container held to what it may not do."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from memesnipe.testing.images.compose import ComposeStack
from memesnipe.testing.images.engine import NoEngine, an_engine

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1_800), pytest.mark.xdist_group("images")]

WITH_PYTHON = (
    *("control", "executor", "strategy_factory", "autonomous_allocator", "data_consumers", "risk_guardian", "wallet_guard", "signer"),
    *("position_manager", "dashboard", "localnet"),
)
CONFINED = """
import os, pathlib
def cannot(path):
    try:
        pathlib.Path(path, "written").touch()
    except OSError:
        return True
    return False
status = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines())
print(os.getuid() != 0, all(map(cannot, ("/", "/etc", "/usr", "/opt/memesnipe"))))
print(int(status["CapEff"], 16) == 0, status["NoNewPrivs"].strip() == "1")
"""
REACHES = """
import socket, sys
def reaches(host, port):
    try:
        socket.create_connection((host, int(port)), 2).close()
    except OSError:
        return False
    return True
print(any(reaches(host, sys.argv[1]) for host in sys.argv[2:]))
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeStack]:
    try:
        with an_engine(networks=True) as engine, ComposeStack(engine, tmp_path_factory.mktemp("compose")) as project:
            project.up()
            yield project
    except NoEngine as missing:
        pytest.skip(str(missing))


def until(true: Callable[[], bool], timeout_s: float, what: Callable[[], object]) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, what()
        time.sleep(0.3)


def picture(stack: ComposeStack) -> dict[str, Any]:
    try:
        found: dict[str, Any] = httpx.get(f"http://127.0.0.1:{stack.page_port}/api/snapshot", timeout=10).json()
    except httpx.HTTPError:
        return {}
    return found


def fills_on(stack: ComposeStack) -> set[str]:
    return {json.dumps(fill, sort_keys=True) for fill in picture(stack).get("fills", [])}


def test_the_example_is_valid_and_has_every_service(stack: ComposeStack) -> None:
    checked = stack.run("config", "--quiet")

    assert (checked.returncode, checked.stderr) == (0, "")
    assert {*WITH_PYTHON, "redis", "prometheus", "setup"} == set(stack.services)


def test_a_paper_fill_is_on_the_page(stack: ComposeStack) -> None:
    until(lambda: bool(fills_on(stack)), 180, lambda: picture(stack))

    page = httpx.get(f"http://127.0.0.1:{stack.page_port}/", timeout=10)

    assert page.status_code == 200
    assert picture(stack)["marker"]["kind"] == "paper"


@pytest.mark.parametrize("service", WITH_PYTHON)
def test_a_container_is_nobodys_and_writes_nothing_of_its_own(stack: ComposeStack, service: str) -> None:
    assert stack.inside(service, "python", "-c", CONFINED).stdout.split() == ["True"] * 4


@pytest.mark.parametrize("service", ["redis", "prometheus"])
def test_so_is_a_container_of_somebody_elses_image(stack: ComposeStack, service: str) -> None:
    told = stack.inside(service, "sh", "-c", "id -u; touch /written || echo read-only").stdout.split()

    assert told[0] != "0"
    assert told[-1] == "read-only"


@pytest.mark.parametrize("service", WITH_PYTHON)
def test_wallet_guard_and_nobody_else_reaches_the_signer(stack: ComposeStack, service: str) -> None:
    address = next(iter(stack.facts("signer")["NetworkSettings"]["Networks"].values()))["IPAddress"]

    reached = stack.inside(service, "python", "-c", REACHES, "8091", "memesnipe-signer", address).stdout.strip()

    assert reached == str(service in ("wallet_guard", "signer"))


def test_the_signer_is_on_one_network_that_leads_nowhere_and_reaches_neither_redis_nor_the_chain(stack: ComposeStack) -> None:
    addresses = {
        service: [network["IPAddress"] for network in stack.facts(service)["NetworkSettings"]["Networks"].values()]
        for service in ("redis", "localnet")
    }

    redis = stack.inside("signer", "python", "-c", REACHES, "6379", "redis", *addresses["redis"]).stdout.strip()
    chain = stack.inside("signer", "python", "-c", REACHES, "8899", "localnet", *addresses["localnet"]).stdout.strip()

    assert (redis, chain) == ("False", "False")
    assert {name: stack.is_internal(name) for name in stack.facts("signer")["NetworkSettings"]["Networks"]} == {"memesnipe_signing": True}


def test_prometheus_reads_every_service_and_each_strategy(stack: ComposeStack) -> None:
    def jobs() -> dict[str, set[str]]:
        asked = httpx.get(f"http://127.0.0.1:{stack.prometheus_port}/api/v1/targets", timeout=10).json()
        found: dict[str, set[str]] = {}
        for target in asked["data"]["activeTargets"]:
            found.setdefault(target["labels"]["job"], set()).add(target["health"])
        return found

    until(lambda: "strategies" in jobs() and all(health == {"up"} for health in jobs().values()), 120, jobs)

    assert set(jobs()) == {
        *("control", "risk-guardian", "wallet-guard", "position-manager", "autonomous-allocator", "strategy-factory"),
        *("data-consumers", "dashboard", "executor", "strategies"),
    }


def test_each_is_killed_and_comes_back_and_trading_goes_on(stack: ComposeStack) -> None:
    killed = {service: stack.kill(service) for service in stack.services if service != "setup"}
    seen = fills_on(stack)

    until(lambda: all(stack.facts(service)["State"]["Pid"] not in (0, pid) for service, pid in killed.items()), 120, stack.states)
    until(lambda: all(state == "healthy" for name, state in stack.states().items() if name in killed), 300, stack.states)
    until(lambda: bool(fills_on(stack) - seen), 300, lambda: picture(stack))

    assert stack.facts("executor")["RestartCount"] >= 1
