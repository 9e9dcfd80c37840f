"""Ports of this machine for processes that are started with one and bind it a second later."""

import contextlib
import itertools
import os
import socket

PORTS = range(20_000, 30_000)
"""Below what a system hands out by itself to whoever connects or asks for any port (Linux from 32768, macOS and Windows from 49152), and
below Kubernetes' NodePorts: nobody is given one of these between our look and the child's bind."""
_APART = 37
"""Without a common divisor with `PORTS`: processes that start one after the other begin far from one another."""
_next = itertools.count(os.getpid() * _APART)


def free_port(address: str = "127.0.0.1") -> int:
    """Return a port of `address` that is free now, and that this process was not given before. Raises OSError when all are taken."""
    for number in itertools.islice(_next, len(PORTS)):
        port = PORTS[number % len(PORTS)]
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind((address, port))
            return port
    raise OSError(f"no port of {address} from {PORTS.start} to {PORTS.stop - 1} is free")
