"""Ports for children that bind them later: none is given twice, and none on which somebody listens."""

import socket

import pytest

from memesnipe.kernel import ports
from memesnipe.kernel.ports import PORTS, free_port


def test_no_port_is_given_twice() -> None:
    given = [free_port() for _ in range(200)]

    assert len(set(given)) == len(given)


def test_a_port_on_which_somebody_listens_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = free_port()
    with socket.create_server(("127.0.0.1", taken)):
        monkeypatch.setattr(ports, "_next", iter(range(taken - PORTS.start, len(PORTS) + taken)))

        assert free_port() != taken


def test_where_every_port_is_taken_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = free_port()
    with socket.create_server(("127.0.0.1", taken)):
        monkeypatch.setattr(ports, "PORTS", range(taken, taken + 1))

        with pytest.raises(OSError, match=f"from {taken} to {taken} is free"):
            free_port()
