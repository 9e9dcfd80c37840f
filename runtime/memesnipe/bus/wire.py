"""One pipelined connection to Redis: bytes out, replies in the same order, nothing in between.

redis-py makes the connection (URL, TLS, ACL user, database); then its transport speaks to hiredis through this protocol.
redis-py's own command and response layers cost two thirds of a message's time (docs/reference/performance.md).
A reply slot outlives whoever waits for it: a blocking read stays parked at the server while the service does other work.
"""

import asyncio
from collections import deque
from typing import Any, cast

import hiredis
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection

PENDING = object()
_MORE = object()


class ConnectionLost(Exception):  # noqa: N818 - it reads as what it says
    """The connection ended; what was asked and not answered has an UNKNOWN outcome."""


class Reply:
    """The place where one reply will be. `value` is PENDING until then; an error reply is a `hiredis.ReplyError` value."""

    __slots__ = ("_waiter", "value")

    def __init__(self) -> None:
        self.value: Any = PENDING
        self._waiter: asyncio.Future[None] | None = None

    def put(self, value: Any) -> None:
        """Store the reply and wake the one who waits."""
        self.value = value
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self, timeout_s: float) -> bool:
        """Return whether the reply came within `timeout_s`. Giving up, or being cancelled, leaves the slot usable."""
        if self.value is not PENDING:
            return True
        loop = asyncio.get_running_loop()
        waiter = self._waiter = loop.create_future()
        timer = loop.call_later(timeout_s, _wake, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiter = None
        return self.value is not PENDING


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)


class Link(asyncio.Protocol):
    """A connection after its handshake. Not used by two tasks that need an order between their commands."""

    def __init__(self, connection: AbstractConnection, transport: asyncio.Transport) -> None:
        # Kept alive: redis-py closes the socket when its connection object is collected.
        self._connection = connection
        self._transport = transport
        self._reader = hiredis.Reader(notEnoughData=_MORE)
        self._slots: deque[Reply] = deque()
        self.lost = False

    def send(self, packed: bytes) -> Reply:
        """Write one packed command; return the slot of its reply, which holds ConnectionLost if the link is lost."""
        slot = Reply()
        if self.lost:
            slot.put(ConnectionLost("connection is closed"))
            return slot
        self._slots.append(slot)
        self._transport.write(packed)
        return slot

    def send_two(self, first: bytes, second: bytes) -> tuple[Reply, Reply]:
        """Write two packed commands at once; return the slots of both replies."""
        slots = Reply(), Reply()
        if self.lost:
            for slot in slots:
                slot.put(ConnectionLost("connection is closed"))
            return slots
        self._slots.extend(slots)
        self._transport.write(first + second)
        return slots

    def send_all(self, packed: list[bytes]) -> Reply:
        """Write several packed commands at once; return the slot of the LAST one's reply. The others' replies are dropped."""
        if self.lost:
            return self.send(b"")
        slots = [Reply() for _ in packed]
        self._slots.extend(slots)
        self._transport.write(b"".join(packed))
        return slots[-1]

    def data_received(self, data: bytes) -> None:
        """Hand each whole reply to the slot that waits for it."""
        try:
            self._reader.feed(data)
            while (value := self._reader.gets()) is not _MORE:
                self._slots.popleft().put(value)
        except (hiredis.ProtocolError, IndexError):
            # Not the Redis protocol, or a reply nobody asked for: nothing on this connection can be believed any more.
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail everything that is unanswered."""
        self.lost = True
        error = ConnectionLost(str(exc or "closed by the server"))
        while self._slots:
            self._slots.popleft().put(error)

    def close(self) -> None:
        """Close without waiting."""
        self.lost = True
        self._connection._close()  # type: ignore[no-untyped-call] # no public way to close without a task
        self._transport.abort()
        while self._slots:
            self._slots.popleft().put(ConnectionLost("closed"))


async def open_link(url: str, name: str, connect_s_max: float = 5.0) -> Link:
    """Connect and authenticate by a `redis://`, `rediss://` or `unix://` URL. Raises what redis-py and the system raise."""
    options: dict[str, Any] = {"socket_timeout": None, "socket_connect_timeout": connect_s_max, "client_name": name, "driver_info": None}
    pool = ConnectionPool.from_url(url, protocol=2, **options)
    connection = pool.make_connection()  # type: ignore[no-untyped-call] # redis-py leaves it untyped
    await connection.connect()
    writer = connection._writer
    if writer is None:
        raise ConnectionLost("closed during the handshake")
    # redis-py does not offer its transport; taking it here is what lets the handshake be redis-py's and the hot path ours.
    transport = cast("asyncio.Transport", writer.transport)
    link = Link(connection, transport)
    transport.set_protocol(link)
    return link


def pack(*arguments: str | bytes | int | float) -> bytes:
    """Return one command in the Redis protocol."""
    return cast("bytes", hiredis.pack_command(arguments))  # type: ignore[arg-type] # its stub takes one argument only
