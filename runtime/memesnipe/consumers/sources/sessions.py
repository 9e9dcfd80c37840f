"""Connections that come back: one session after another, with a pause that grows and jitters, and a socket that is found dead in time.

A host may close a socket that is idle (Helius: after ten minutes), so pings go out every minute; a host that answers none of them, or
says nothing for longer than it can be silent, is taken for dead. Subscriptions die with their socket: each session starts from scratch.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from memesnipe.consumers.api import Delivery
from memesnipe.consumers.metrics import RECONNECTS
from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.kernel.pauses import pause_s

FRAME_BYTES_MAX = 16 << 20
CLOSE_S_MAX = 1.0
"""A dead host answers no closing handshake either; longer than this the next connection need not wait for it."""
LOST = (OSError, WebSocketException, TimeoutError, Unavailable)


class Wire(msgspec.Struct, frozen=True):
    """Where and how to listen. The URL may hold an API key: never logged."""

    url: str
    idle_s_max: float
    seed: int = 7
    ping_s: float = 60.0
    backoff_s: tuple[float, float] = (1.0, 60.0)
    """First and longest pause between two connections."""

    def __repr__(self) -> str:
        return "Wire()"


class Pauses:
    """How long to wait before connection n + 1 after n failures: doubling, with jitter so that many clients do not come back at once."""

    def __init__(self, wire: Wire) -> None:
        self._first_s, self._longest_s = wire.backoff_s
        self._draw = random.Random(wire.seed)  # noqa: S311 - jitter, not a secret

    def after(self, failures: int) -> float:
        """Return the pause in seconds."""
        return pause_s(failures, self._first_s, self._longest_s) * self._draw.uniform(0.5, 1.0)


def connected(url: str, wire: Wire, *, queued: int | None = 16) -> connect:
    """Return a connection to enter. `queued`: frames held before the host is slowed down; None: never slow it down."""
    return connect(
        url,
        ping_interval=wire.ping_s,
        ping_timeout=wire.ping_s,
        close_timeout=CLOSE_S_MAX,
        max_size=FRAME_BYTES_MAX,
        max_queue=queued,
        proxy=None,
    )


async def heard(socket: ClientConnection, wire: Wire) -> bytes:
    """Return the next message as bytes. Raises TimeoutError when the host is silent for too long.

    Not decoded here: text that is none would end the connection, and a host that goes on from a cursor would send it again for ever.
    """
    async with asyncio.timeout(wire.idle_s_max):
        return await socket.recv(decode=False)


async def sessions(name: str, session: Callable[[], AsyncIterator[Delivery]], pauses: Pauses) -> AsyncIterator[Delivery]:
    """Deliver what each session delivers, for ever; a lost one is counted and followed by another."""
    failures = 0
    while True:
        try:
            async with aclosing(session()) as deliveries:  # type: ignore[type-var]  # sessions are async generators
                async for delivery in deliveries:
                    failures = 0
                    yield delivery
        except LOST as error:
            failures += 1
            RECONNECTS.labels(name).inc()
            logger().warning("feed_lost", source=name, error=type(error).__name__)  # its text may hold the URL and its key
        await asyncio.sleep(pauses.after(failures))
