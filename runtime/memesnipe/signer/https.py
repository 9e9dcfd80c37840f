"""A small blocking HTTP(S) client by h11: one host, one connection, one deadline over the whole call, bounded in what it reads.

Blocking on purpose: the signer decides one request at a time, and the next must see what this one spent. The deadline covers connect,
TLS, sending and the whole answer, so a host that sends a byte now and then cannot hold up the signatures behind it.
"""

import contextlib
import re
import socket
import ssl
import time

import h11
import msgspec

from memesnipe.kernel.errors import ConfigError, Unavailable

ANSWER_BYTES_MAX = 64 * 1024
_READ_BYTES = 16 * 1024
_LOOPBACK = ("localhost", "127.0.0.1")
_URL = re.compile(r"(https?)://([A-Za-z0-9.-]{1,253})(?::([0-9]{1,5}))?")
_PORTS = {"http": 80, "https": 443}


class Reply(msgspec.Struct, frozen=True):
    """What came back, whole."""

    status: int
    body: bytes


class _Stale(Exception):  # noqa: N818 - what the connection is
    """A kept connection had been closed at the other end before any byte of an answer."""


class Https:
    """One host. `part` names it in errors; what is asked and answered never is."""

    def __init__(self, part: str, url: str, *, ca_file: str = "", timeout_s: float) -> None:
        """Raises ConfigError for an address that is none, plain HTTP to another machine, or a CA file that cannot be read."""
        secure, self._host, self._port = _address(part, url)
        self._part, self._timeout_s = part, timeout_s
        self._named = f"{self._host}:{self._port}".encode()
        self._context = _context(part, ca_file) if secure else None
        self._connection: tuple[socket.socket, h11.Connection] | None = None

    def ask(self, method: str, path: str, headers: dict[bytes, bytes], body: bytes = b"") -> Reply:
        """Return the answer. Raises Unavailable: no connection, no whole answer in time, or one that is too long."""
        deadline_s = time.monotonic() + self._timeout_s
        request = h11.Request(
            method=method,
            target=path,
            headers=[(b"Host", self._named), *headers.items(), (b"Content-Length", b"%d" % len(body)), (b"Accept", b"application/json")],
        )
        try:
            with contextlib.suppress(_Stale):
                return self._exchange(request, body, deadline_s)
            return self._exchange(request, body, deadline_s)  # on a fresh connection; the same bytes get the same signature
        except (OSError, h11.ProtocolError) as error:  # ssl.SSLError and a time-out are OSErrors
            raise Unavailable(self._part, getattr(error, "verify_message", "") or type(error).__name__) from None

    def _exchange(self, request: h11.Request, body: bytes, deadline_s: float) -> Reply:
        kept, self._connection = self._connection, None
        wire, http = kept or self._connected(deadline_s)
        try:
            said = (http.send(request) or b"") + (http.send(h11.Data(data=body)) or b"") + (http.send(h11.EndOfMessage()) or b"")
            wire.settimeout(_left_s(deadline_s))
            wire.sendall(said)
            reply = self._read(wire, http, deadline_s, fresh=kept is None)
        except BaseException as error:
            wire.close()
            if kept is not None and isinstance(error, ConnectionError | ssl.SSLEOFError):
                raise _Stale from None
            raise
        if http.our_state is h11.DONE and http.their_state is h11.DONE:
            http.start_next_cycle()
            self._connection = (wire, http)
        else:
            wire.close()
        return reply

    def _read(self, wire: socket.socket, http: h11.Connection, deadline_s: float, *, fresh: bool) -> Reply:
        status, body, heard = 0, bytearray(), False
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                wire.settimeout(_left_s(deadline_s))
                data = wire.recv(_READ_BYTES)
                if not data and not heard and not fresh:
                    raise _Stale
                heard = True
                http.receive_data(data)
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > ANSWER_BYTES_MAX:
                    raise OSError("the answer is too long")
            elif isinstance(event, h11.EndOfMessage):
                return Reply(status, bytes(body))
            elif event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                raise OSError("closed before the end of its answer")

    def _connected(self, deadline_s: float) -> tuple[socket.socket, h11.Connection]:
        wire = socket.create_connection((self._host, self._port), timeout=_left_s(deadline_s))
        try:
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is not None:
                wire.settimeout(_left_s(deadline_s))
                wire = self._context.wrap_socket(wire, server_hostname=self._host)
        except BaseException:
            wire.close()
            raise
        return wire, h11.Connection(h11.CLIENT, max_incomplete_event_size=_READ_BYTES)


def _address(part: str, url: str) -> tuple[bool, str, int]:
    found = _URL.fullmatch(url)
    if found is None:
        raise ConfigError(f"{part}: the address must be https://host or https://host:port and nothing more")
    scheme, host, port = found.groups()
    if scheme == "http" and host not in _LOOPBACK:
        raise ConfigError(f"{part}: plain HTTP is for this machine alone; use https")
    return scheme == "https", host, int(port or _PORTS[scheme])


def _left_s(deadline_s: float) -> float:
    """Return what is left of the call. Raises TimeoutError."""
    left_s = deadline_s - time.monotonic()
    if not (left_s > 0):
        raise TimeoutError
    return left_s


def _context(part: str, ca_file: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(f"{part}: {ca_file}: not a usable CA file: {error.strerror or type(error).__name__}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
