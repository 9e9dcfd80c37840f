"""Who reaches whom on a real engine: every door that listens, tried from inside every container."""

from collections.abc import Mapping

import pytest

from memesnipe.testing.images.compose import ComposeStack
from memesnipe.testing.images.doors import HOST, Door, has_a_way_out, opened

METRICS = 8081
ASKS_OUTSIDE = {"control", "data_consumers", "wallet_guard", "position_manager"}
ON_THE_PAGES = {"dashboard", "prometheus", "grafana"}
"""Whose ports are published: their network ends at the host, and leads no further."""
READ_ALONE = {"control", "executor", "risk_guardian", "wallet_guard"}
"""Who holds a key that trading needs, or runs code of strategies."""
TALKS_BY_REDIS = {
    *("control", "executor", "strategy_factory", "autonomous_allocator", "data_consumers", "risk_guardian", "wallet_guard"),
    *("position_manager", "dashboard"),
}

Reach = Mapping[str, set[Door]]


@pytest.fixture(scope="module")
def reach(stack: ComposeStack) -> Reach:
    """Who opens which doors, of all containers that run."""
    return opened(stack, [service for service in stack.services if service != "setup"])


def who_opens(reach: Reach, service: str, port: int | None = None) -> set[str]:
    return {who for who, doors in reach.items() if any(owner == service and port in (None, at) for owner, at in doors)}


def test_the_signer_opens_no_door_of_anybody_nor_of_the_host(reach: Reach, stack: ComposeStack) -> None:
    assert reach["signer"] == set()
    assert not has_a_way_out(stack, "signer")


def test_wallet_guard_and_nobody_else_opens_the_signers_one_door(reach: Reach) -> None:
    assert who_opens(reach, "signer") == {"wallet_guard"}
    assert {door for door in reach["wallet_guard"] if door[0] == "signer"} == {("signer", 8091)}


def test_a_strategy_opens_redis_and_nothing_else(reach: Reach, stack: ComposeStack) -> None:
    assert {owner for owner, _ in reach["executor"]} == {"redis"}
    assert not has_a_way_out(stack, "executor")


@pytest.mark.parametrize(
    ("service", "port", "who"),
    [
        ("redis", 6379, TALKS_BY_REDIS),
        ("localnet", 8899, ASKS_OUTSIDE),
        ("dashboard", 8080, ON_THE_PAGES - {"dashboard"}),
        ("prometheus", None, ON_THE_PAGES - {"prometheus"}),
        (HOST, None, ASKS_OUTSIDE | ON_THE_PAGES),
    ],
    ids=["Redis", "the chain", "the page", "Prometheus", "the host"],
)
def test_a_door_is_open_to_those_who_need_it(reach: Reach, service: str, port: int | None, who: set[str]) -> None:
    assert who_opens(reach, service, port) == who


def test_prometheus_opens_every_services_numbers(reach: Reach) -> None:
    assert {owner for owner, port in reach["prometheus"] if port == METRICS} == TALKS_BY_REDIS


@pytest.mark.parametrize("service", sorted(READ_ALONE - {"executor"}))
def test_prometheus_and_nobody_else_opens_a_door_of_who_holds_a_key(reach: Reach, service: str) -> None:
    assert who_opens(reach, service) == {"prometheus"}


def test_prometheus_and_redis_alone_open_a_door_of_the_strategies(reach: Reach) -> None:
    assert who_opens(reach, "executor") == {"prometheus", "redis"}


def test_the_numbers_of_the_others_are_told_to_those_who_are_read_there_too(reach: Reach) -> None:
    readers = {who for who, doors in reach.items() for owner, port in doors if port == METRICS and owner not in READ_ALONE}

    assert readers == {"prometheus", *(TALKS_BY_REDIS - READ_ALONE)}


def test_who_asks_nobody_outside_has_no_way_out(stack: ComposeStack) -> None:
    inside = set(stack.services) - ASKS_OUTSIDE - ON_THE_PAGES - {"setup"}

    assert {service for service in inside if has_a_way_out(stack, service)} == set()
