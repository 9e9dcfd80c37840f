"""Where health and metrics are served: on the address that was named and no other, and a wrong one is said, not died of."""

import socket

import httpx
import pytest

from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.health import Health, serve_health
from memesnipe.kernel.ports import free_port
from memesnipe.kernel.service import EXIT_CONFIG, Running, run
from memesnipe.kernel.settings import CommonSettings

ANOTHER_OF_THIS_MACHINE = "127.0.0.2"
NOBODYS = "192.0.2.1"
"""An address that is kept for documents (RFC 5737): no machine has it."""


async def nothing_to_do(_: Running) -> None:
    """A service that ends at once."""


def test_a_name_is_looked_up_and_no_other_address_answers() -> None:
    port = free_port()

    stop = serve_health(Health("test"), "localhost", port)

    try:
        assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((ANOTHER_OF_THIS_MACHINE, port), 3)
    finally:
        stop()


@pytest.mark.parametrize("host", ["nobody.invalid", NOBODYS])
def test_a_host_that_is_not_this_machine_is_refused_by_the_settings_name(host: str) -> None:
    with pytest.raises(ConfigError, match=f"MEMESNIPE_HEALTH_HOST: '{host}'"):
        serve_health(Health("test"), host, free_port())


def test_a_service_that_may_not_tell_how_it_is_does_not_start() -> None:
    assert run("test", CommonSettings(health_host=NOBODYS, health_port=free_port()), nothing_to_do) == EXIT_CONFIG


def test_a_port_that_is_taken_is_no_wrong_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        serve_health(Health("test"), "127.0.0.1", taken.getsockname()[1])
