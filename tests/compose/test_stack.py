"""The compose file on a real engine: a paper fill on the page, every process killed and back, each container held to what it may not do."""

import json
import time
from collections.abc import Callable

import httpx
import pytest

from memesnipe.testing.documented.shell import type_in
from memesnipe.testing.images.compose import ComposeStack

WITH_PYTHON = (
    *("control", "executor", "strategy_factory", "autonomous_allocator", "data_consumers", "risk_guardian", "wallet_guard", "signer"),
    *("position_manager", "dashboard", "localnet"),
)


OF_OTHERS = ("redis", "prometheus", "grafana")


def until(true: Callable[[], bool], timeout_s: float, what: Callable[[], object]) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, what()
        time.sleep(0.3)


def fills_on(stack: ComposeStack) -> set[str]:
    return {json.dumps(fill, sort_keys=True) for fill in stack.page().get("fills", [])}


def test_the_example_is_valid_and_has_every_service(stack: ComposeStack) -> None:
    checked = stack.run("config", "--quiet")

    assert (checked.returncode, checked.stderr) == (0, "")
    assert {*WITH_PYTHON, *OF_OTHERS, "setup"} == set(stack.services)


def test_every_service_of_ours_runs_what_was_built_for_its_role(stack: ComposeStack) -> None:
    special = {"setup": "operator", "signer": "signer", "autonomous_allocator": "allocator"}
    ours = {service: f"memesnipe ({special.get(service, 'runtime')})" for service in (*WITH_PYTHON, "setup")}

    assert stack.titles() == {**ours, **dict.fromkeys(OF_OTHERS, "")}


def test_the_script_builds_and_starts_it_and_finds_that_all_is_well(stack: ComposeStack) -> None:
    code, said = type_in(stack.folder, stack.env, "./deploy.sh deploy && ./deploy.sh status && ./deploy.sh test")

    assert code == 0, said
    assert "all services are well\n" in said


def test_a_paper_fill_is_on_the_page(stack: ComposeStack) -> None:
    until(lambda: bool(fills_on(stack)), 180, stack.page)

    page = httpx.get(f"http://127.0.0.1:{stack.page_port}/", timeout=10)

    assert page.status_code == 200
    assert stack.page()["marker"]["kind"] == "paper"


@pytest.mark.parametrize("service", WITH_PYTHON)
def test_a_container_is_nobodys_and_writes_nothing_of_its_own(stack: ComposeStack, service: str) -> None:
    assert stack.is_confined(service)


@pytest.mark.parametrize("service", OF_OTHERS)
def test_so_is_a_container_of_somebody_elses_image(stack: ComposeStack, service: str) -> None:
    told = stack.inside(service, "sh", "-c", "id -u; touch /written || echo read-only").stdout.split()

    assert told[0] != "0"
    assert told[-1] == "read-only"


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
    until(lambda: bool(fills_on(stack) - seen), 300, stack.page)

    assert stack.facts("executor")["RestartCount"] >= 1
