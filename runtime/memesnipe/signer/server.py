"""A small HTTP/1.1 server by h11 on asyncio: one handler, bounded in body, connections and idle time. Nothing heavy loads here.

Plain, or under TLS, which then lets in the guard alone. A connection counts from its first byte, handshake included.
"""

import asyncio
from collections.abc import Callable
from typing import cast

import h11
import msgspec

from memesnipe.approvals.certificates import Contexts
from memesnipe.kernel.logs import logger
from memesnipe.signer import metrics
from memesnipe.signer.tls import Channel, Stranger

Handler = Callable[[str, str, bytes], "Answer"]
"""(method, path, body) -> Answer. Synchronous on purpose: requests are decided one at a time, in the order they came."""

BODY_BYTES_MAX = 256 * 1024
CONNECTIONS_MAX = 64
IDLE_S_MAX = 300.0
HANDSHAKE_S_MAX = 5.0
"""The guard needs milliseconds; who says nothing must not hold one of the few connections."""


class Answer(msgspec.Struct, frozen=True):
    """What goes back."""

    status: int
    body: bytes = b""
    content_type: bytes = b"application/msgpack"


class _Connection(asyncio.Protocol):
    """One connection, kept alive: bytes -> (TLS ->) h11 events -> handler -> bytes."""

    def __init__(self, handler: Handler, open_now: set["_Connection"], contexts: Contexts | None) -> None:
        self._handler, self._open_now = handler, open_now
        self._channel = Channel(contexts()) if contexts else None
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=16 * 1024)
        self._request: h11.Request | None = None
        self._body = bytearray()
        self._transport: asyncio.Transport
        self._idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # a stream server has no other kind; uvloop's is no subclass
        if len(self._open_now) >= CONNECTIONS_MAX:
            self._transport.abort()
            return
        self._open_now.add(self)
        self._wait(HANDSHAKE_S_MAX if self._channel else IDLE_S_MAX)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open_now.discard(self)
        if self._idle is not None:
            self._idle.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            if clear := self._clear(data):  # h11 takes nothing for the end
                self._http.receive_data(clear)
                self._drain()
        except h11.RemoteProtocolError as error:
            self._refuse(error.error_status_hint)
        except Stranger as stranger:
            self._turn_away(str(stranger))

    def close(self) -> None:
        """Close after what is written has gone out."""
        self._transport.close()

    def _wait(self, for_s: float = IDLE_S_MAX) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(for_s, self._transport.abort)

    def _clear(self, data: bytes) -> bytes:
        """Return what was said, out of TLS where there is one. Raises Stranger."""
        if self._channel is None:
            return data
        was_there = self._channel.guard_is_there
        clear = self._channel.opened(data)
        if leaving := self._channel.leaving():
            self._transport.write(leaving)
        if self._channel.guard_is_there and not was_there:
            metrics.GUARD_CERTIFICATE_EXPIRES_S.set(self._channel.expires_s)
            self._wait()
        return clear

    def _turn_away(self, why: str) -> None:
        metrics.STRANGERS.inc()
        logger().warning("stranger_turned_away", why=why)
        if self._channel is not None:
            self._transport.write(self._channel.leaving())  # the alert, so that the other side can say what is wrong
        self._transport.close()

    def _drain(self) -> None:
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA or event is h11.PAUSED:
                return
            if isinstance(event, h11.Request):
                self._request = event
                self._body.clear()
            elif isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) > BODY_BYTES_MAX:
                    self._refuse(413)
                    return
            elif isinstance(event, h11.EndOfMessage):
                self._respond()
            elif isinstance(event, h11.ConnectionClosed):
                self._transport.close()
                return

    def _respond(self) -> None:
        request = self._request
        assert request is not None  # noqa: S101 - h11 gives the request before its end
        answer = self._handler(request.method.decode("ascii"), request.target.decode("ascii"), bytes(self._body))
        self._write(answer)
        if self._http.our_state is h11.MUST_CLOSE:
            self._transport.close()
            return
        self._http.start_next_cycle()
        self._wait()

    def _write(self, answer: Answer) -> None:
        headers = [(b"content-type", answer.content_type), (b"content-length", b"%d" % len(answer.body))]
        send = self._http.send
        head = send(h11.Response(status_code=answer.status, headers=headers)) or b""
        body = send(h11.Data(data=answer.body)) or b""
        answered = head + body + (send(h11.EndOfMessage()) or b"")
        self._transport.write(self._channel.sealed(answered) if self._channel else answered)

    def _refuse(self, status: int) -> None:
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._write(Answer(status))
        self._transport.close()


class Serving:
    """A running server: where it listens, and how it ends."""

    def __init__(self, server: asyncio.Server, open_now: set[_Connection]) -> None:
        self._server, self._open_now = server, open_now

    @property
    def port(self) -> int:
        """The port it listens on."""
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Stop listening and close the connections."""
        self._server.close()
        for connection in list(self._open_now):
            connection.close()
        await self._server.wait_closed()


async def serve(handler: Handler, host: str, port: int, contexts: Contexts | None = None) -> Serving:
    """Listen; with `contexts`, under TLS and for the guard alone. Raises OSError if the port is taken."""
    open_now: set[_Connection] = set()
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(handler, open_now, contexts), host, port)
    return Serving(server, open_now)
