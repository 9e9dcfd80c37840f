"""The live side as the settings ask for it: which ways in, whose tips, and what is refused at the start."""

import pytest

from memesnipe.chain.clients.jito import Jito, TipFloors
from memesnipe.chain.clients.sender import Sender
from memesnipe.guard.hosts import Hosts
from memesnipe.guard.opening import hosts_of, wishes_of
from memesnipe.guard.settings import GuardSettings
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.settings import load

SENDER = "https://sender.example/"


async def opened(**changes: str) -> Hosts:
    hosts = hosts_of(load(GuardSettings, {f"MEMESNIPE_{name}": value for name, value in changes.items()}))
    for client in hosts.clients:
        await client.close()
    return hosts


def kinds(hosts: Hosts) -> set[type]:
    return {type(client) for client in hosts.clients} & {Jito, Sender, TipFloors}


@pytest.mark.parametrize(
    ("urls", "expected"),
    [
        ({}, set()),
        ({"JITO_URL": "https://jito.example"}, {Jito, TipFloors}),
        ({"JITO_URL": "https://jito.example", "TIP_FLOOR_URL": "off"}, {Jito}),
        ({"SENDER_URL": SENDER}, {Sender, TipFloors}),
        ({"SENDER_URL": SENDER, "JITO_URL": "https://jito.example"}, {Sender, TipFloors}),
    ],
)
async def test_every_way_in_that_is_named_is_taken_and_a_way_that_would_refuse_is_not(urls: dict[str, str], expected: set[type]) -> None:
    assert kinds(await opened(**urls)) == expected


@pytest.mark.parametrize(
    "check",
    ["https://rpc.example", "https://RPC.example/?api-key=another", "https://user:word@rpc.example/path"],
)
def test_a_second_opinion_from_the_first_host_is_refused(check: str) -> None:
    with pytest.raises(ConfigError, match="MEMESNIPE_RPC_CHECK_URL"):
        hosts_of(GuardSettings(rpc_url="https://rpc.example/?api-key=one", rpc_check_url=check))


@pytest.mark.parametrize(("url", "least"), [("", 0), (SENDER, 1_000_000), (f"{SENDER}?swqos_only=true", 5_000)])
def test_no_less_is_tipped_than_the_sender_takes(url: str, least: int) -> None:
    assert wishes_of(GuardSettings(sender_url=url)).tip_lamports_min == least


@pytest.mark.parametrize("wrong", ["0", "60", "100", "-25", "25.0"])
def test_a_percentile_that_no_host_tells_is_a_config_error(wrong: str) -> None:
    with pytest.raises(ConfigError, match="MEMESNIPE_FEE_PERCENTILE"):
        load(GuardSettings, {"MEMESNIPE_FEE_PERCENTILE": wrong})


def test_no_url_with_a_key_is_shown() -> None:
    assert "secret" not in repr(GuardSettings(rpc_check_url="https://rpc.example/?api-key=secret", helius_api_key="secret"))
