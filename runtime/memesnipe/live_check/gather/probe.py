"""One question to a host over HTTP, asked once, and everything its answer tells: status, time taken, date, calls left.

No retries and no rate bucket, unlike the clients of trading: a check wants to see the 401, the 429 and the latency as they are.
URLs may carry a key, so nothing here ever says one.
"""

import asyncio
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from memesnipe.kernel import strict_json
from memesnipe.kernel.clock import NS_PER_MS, Clock
from memesnipe.kernel.errors import BadInput, MemeSnipeError
from memesnipe.live_check.facts import Headroom, Offset

T = TypeVar("T")
TIMEOUT_S = 5.0
BODY_BYTES_MAX = 4 << 20
AT_ONCE = 2
"""Questions to one host at a time: a small plan grants ten a second, and a running stack uses them, too."""


class Unanswered(MemeSnipeError):  # noqa: N818 - the product's vocabulary, as Unavailable
    """No answer, or not the one that was asked for. `status` is that of HTTP, 0 without one."""

    def __init__(self, why: str, status: int = 0) -> None:
        super().__init__(why)
        self.status = status


class Heard(msgspec.Struct, frozen=True):
    """An answer with its latency."""

    status: int
    body: bytes
    latency_ms: int


class _RpcError(msgspec.Struct, frozen=True):
    code: int = 0
    message: str = ""


class _Envelope(msgspec.Struct, frozen=True):
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: _RpcError | None = None


_ENVELOPE = msgspec.json.Decoder(_Envelope)


def host_of(url: str) -> str:
    """Return a URL's host and port, without path and query, where keys are."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or "no host"


class Probe:
    """A connection pool for one run; it notes dates and calls left on the way."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._http = httpx.AsyncClient(timeout=httpx.Timeout(TIMEOUT_S, connect=3.0), trust_env=False)
        self._gates: dict[str, asyncio.Semaphore] = {}
        self._left: dict[str, int] = {}
        self._refused: list[str] = []
        self.offsets: list[Offset] = []

    @property
    def headroom(self) -> Headroom:
        """What hosts said of their limits while they were asked."""
        return Headroom(dict(self._left), tuple(dict.fromkeys(self._refused)))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def ask(self, method: str, url: str, path: str, **request: Any) -> Heard:
        """Return the answer, whatever its status. Raises Unanswered where there is none, or one that is not for us (401, 403, 429, 5xx)."""
        host = host_of(url)
        async with self._gates.setdefault(host, asyncio.Semaphore(AT_ONCE)):
            sent_ns = self._clock.now_ns()
            try:
                response, body = await self._exchanged(method, _joined(url, path), request)
            except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
                raise Unanswered(f"{host} does not answer: {_plain(error)}") from None  # its text may hold the URL and its key
            received_ns = self._clock.now_ns()
        self._note(host, response, sent_ns, received_ns)
        latency_ms = (received_ns - sent_ns) // NS_PER_MS
        return Heard(_judged(host, response.status_code, len(body)), body, latency_ms)

    async def _exchanged(self, method: str, url: str, request: dict[str, Any]) -> tuple[httpx.Response, bytes]:
        """Read no more than a bound: a host that sends without end, or a small answer that unpacks into a large one, must cost nothing."""
        async with self._http.stream(method, url, **request) as response:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > BODY_BYTES_MAX:
                    break
            return response, bytes(body)

    async def rpc(self, url: str, method: str, params: list[Any], decoder: "msgspec.json.Decoder[T]") -> tuple[T, int]:
        """Return a JSON-RPC result and its latency (ms). Raises Unanswered."""
        body = msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        heard = await self.ask("POST", url, "/", content=body, headers={"Content-Type": "application/json"})
        envelope = decoded(host_of(url), method, heard, _ENVELOPE)
        if envelope.error is not None:
            raise Unanswered(
                f"{host_of(url)} answers {method} with error {envelope.error.code}: {envelope.error.message[:160]}", heard.status
            )
        result = Heard(heard.status, bytes(envelope.result), heard.latency_ms)
        return decoded(host_of(url), method, result, decoder), heard.latency_ms

    def _note(self, host: str, response: httpx.Response, sent_ns: int, received_ns: int) -> None:
        if (left := response.headers.get("x-ratelimit-remaining", "")).isdigit():
            self._left[host] = int(left)
        if response.status_code == 429:
            self._refused.append(host)
        if offset := offset_in(host, response.headers, sent_ns, received_ns):
            self.offsets.append(offset)


def offset_in(host: str, headers: httpx.Headers, sent_ns: int, received_ns: int) -> Offset | None:
    """Return how far our clock is ahead by an answer's Date; None without one, and for an answer out of a cache.

    The host wrote whole second D while we were between `sent` and `received`, so its clock was in [D, D + 1) at an instant in there.
    """
    if headers.get("age", "0").strip() != "0":
        return None
    try:
        date_ms = parsedate_to_datetime(headers["date"]).timestamp() * 1_000
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
    return Offset(host, sent_ns / NS_PER_MS - (date_ms + 1_000), received_ns / NS_PER_MS - date_ms)


def decoded(host: str, what: str, heard: Heard, decoder: "msgspec.json.Decoder[T]") -> T:
    """Return an answer's value. Raises Unanswered naming the field that is wrong, never the answer."""
    try:
        return strict_json.decode(decoder, heard.body)
    except BadInput as error:
        raise Unanswered(f"{host} answers {what} with something else: {error}"[:240], heard.status) from None


def _judged(host: str, status: int, size_bytes: int) -> int:
    """Return the status of an answer that is for us. Raises Unanswered."""
    if status in (401, 403):
        raise Unanswered(f"{host} refuses the API key (HTTP {status})", status)
    if status == 429:
        raise Unanswered(f"{host} says that it is asked too often (HTTP 429)", status)
    if status >= 500 or 300 <= status < 400:
        raise Unanswered(f"{host} answers HTTP {status}", status)
    if size_bytes > BODY_BYTES_MAX:
        raise Unanswered(f"{host} answers with more than {BODY_BYTES_MAX >> 20} MiB", status)
    return status


def _plain(error: Exception) -> str:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return "no connection"
    return f"silent for {TIMEOUT_S:.0f} s" if isinstance(error, httpx.TimeoutException) else type(error).__name__


def _joined(url: str, path: str) -> str:
    """Put `path` before the query: a URL may end in `?api-key=...`."""
    base, mark, query = url.partition("?")
    return f"{base.rstrip('/')}{path}{mark}{query}"
