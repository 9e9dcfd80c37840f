"""Which doors of a compose stack each container can open: every address of others and of the host, on every port that listens.

What listens is read in the container's own network namespace; who gets in is tried from there, by a real connection and by root, who may
do more than anybody in the container.
"""

import json
import socket
import subprocess
import sys
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from memesnipe.testing.images.compose import ComposeStack

HOST = "host"
AT_ONCE = 4
TRY_S_MAX = 60.0
NOWHERE = "00000000"
LISTENS = "0A"
"""The state of a listening socket in Linux' /proc/net/tcp."""
LOOPBACK = ("7F", "00000000000000000000000001000000")
"""How addresses begin, or read, that a container's own processes alone can reach."""
TRY = """
import json, selectors, socket, sys, time
waiting, opened = selectors.DefaultSelector(), []
for address, port in json.loads(sys.argv[1]):
    one = socket.socket()
    one.setblocking(False)
    try:
        one.connect((address, port))
    except BlockingIOError:
        pass
    except OSError:
        continue
    waiting.register(one, selectors.EVENT_WRITE, [address, port])
ends = time.monotonic() + 2
while waiting.get_map() and (left := ends - time.monotonic()) > 0:
    for key, _ in waiting.select(left):
        waiting.unregister(key.fileobj)
        if key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
            opened.append(key.data)
print(json.dumps(opened))
"""

Door = tuple[str, int]
"""Whose it is, a service's or HOST's, and its port (0 for HOST's)."""


class Tried(NamedTuple):
    """A place where somebody may listen."""

    network: str
    address: str
    port: int
    door: Door


def opened(stack: ComposeStack, services: Collection[str]) -> dict[str, set[Door]]:
    """Return, for each service, the doors of others that it can open. The host listens meanwhile, on all its addresses."""
    with socket.create_server(("0.0.0.0", 0)) as host:  # noqa: S104 - any address of the host's would do for who gets out
        doors = [Tried(network, address, port, (service, port)) for service in services for network, address, port in _of(stack, service)]
        doors += [Tried(network, address, host.getsockname()[1], (HOST, 0)) for network, address in stack.gateways().items()]
        with ThreadPoolExecutor(AT_ONCE) as together:
            tried = together.map(lambda service: _tried(stack, service, doors), services)
            return dict(zip(services, tried, strict=True))


def has_a_way_out(stack: ComposeStack, service: str) -> bool:
    """Return whether a container has a default route by an address of this host. By one that nobody has nothing gets out."""
    lines = (Path("/proc") / str(stack.pid(service)) / "net" / "route").read_text().splitlines()[1:]
    routes = [line.split()[1:3] for line in lines]
    return any(destination == NOWHERE and _is_ours(_address(gateway)) for destination, gateway in routes)


def _address(little_endian: str) -> str:
    return socket.inet_ntoa(bytes.fromhex(little_endian)[::-1])


def _is_ours(address: str) -> bool:
    """Return whether an address is this machine's: nobody can listen on another."""
    try:
        socket.create_server((address, 0)).close()
    except OSError:
        return False
    return True


def _of(stack: ComposeStack, service: str) -> Iterator[tuple[str, str, int]]:
    folder = Path("/proc") / str(stack.pid(service)) / "net"
    ports = {port for table in ("tcp", "tcp6") for port in _listening(folder / table)}
    return ((network, address, port) for network, address in stack.addresses(service).items() for port in ports)


def _listening(table: Path) -> Iterator[int]:
    for line in table.read_text().splitlines()[1:]:
        _, local, _, state, *_ = line.split()
        address, _, port = local.partition(":")
        if state == LISTENS and address[-2:] != LOOPBACK[0] and address != LOOPBACK[1]:
            yield int(port, 16)


def _tried(stack: ComposeStack, service: str, doors: list[Tried]) -> set[Door]:
    """Who has a way out tries the networks it is in alone: of the others the host knows nothing, and would ask the world for them."""
    shared = stack.addresses(service)
    everywhere = not has_a_way_out(stack, service)
    others = [one for one in doors if one.door[0] != service and (everywhere or one.network in shared)]
    command = [sys.executable, "-c", TRY, json.dumps([(one.address, one.port) for one in others])]
    inside = ["nsenter", "--net", "--target", str(stack.pid(service)), *command]
    ran = subprocess.run(inside, capture_output=True, text=True, timeout=TRY_S_MAX, check=True)  # noqa: S603 - fixed words
    found = {tuple(where) for where in json.loads(ran.stdout)}
    return {one.door for one in others if (one.address, one.port) in found}
