"""One HTTP exchange, told the same way for every host: rate limit, time-out, metrics, and what a failure MEANS.

A time-out, a broken connection, 429 and 5xx are `Unavailable`: what was asked may have happened. Only the caller knows whether it
may ask again, so nothing here repeats a call by itself; `reading` is the one loop, for calls that change nothing.
URLs may carry an API key, so no message, label or log here ever holds one: buckets are found by a hash of it.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import httpx
import msgspec

from memesnipe.chain.clients import limits
from memesnipe.chain.clients.limits import Bucket, Lane, Rate, Told, admitted
from memesnipe.chain.clients.metrics import SAID_NO, WAIT_S, Said
from memesnipe.kernel import strict_json
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.metrics import BAD_INPUT, EXTERNAL_CALLS, EXTERNAL_LATENCY_S
from memesnipe.kernel.reasons import ReasonCode

T = TypeVar("T")
BODY_BYTES_MAX = 16 << 20
READ_TRIES = 3
REFUSED_KEY_RETRY_S = 30.0
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)
_EPOCH_S = 1_000_000_000
"""A reset above this is a point in time, not a number of seconds; above a thousand times this it is in milliseconds."""


class NeverSent(Unavailable):
    """The host could not be reached at all, so what was asked did not happen: the one failure that is not ambiguous."""


class Reply(msgspec.Struct, frozen=True):
    """An answer that arrived whole. `status` is below 500, not 429, and not one by which this host refuses an API key."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class Transport:
    """A connection pool to one host. `part` names it in metrics and errors; clients of one part, host and key share their buckets.

    `apart`: calls that the host counts by themselves (Helius: sendTransaction), with their rates. `key_variable`: the setting a person
    must mend when the key is refused; with it that is a `Refused` which nobody asks again, without it `Unavailable` like any trouble.
    """

    def __init__(
        self,
        part: str,
        url: str,
        *,
        rate: Rate,
        apart: Mapping[str, Rate] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 5.0,
        key_refusals: tuple[int, ...] = (401, 403),
        key_variable: str = "",
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self.part = part
        self._url, self._key_refusals, self._key_variable = url, key_refusals, key_variable
        counted_as, now_s = _counted_as(part, url, headers or {}), time.monotonic()
        self._bucket = limits.shared(counted_as, rate, now_s)
        self._apart = {call: limits.shared(f"{counted_as} {call}", each, now_s) for call, each in (apart or {}).items()}
        self._http = http or httpx.AsyncClient(timeout=httpx.Timeout(timeout_s, connect=2.0), headers=dict(headers or {}), trust_env=False)

    def __repr__(self) -> str:
        return f"Transport({self.part})"

    async def get(self, path: str, params: Mapping[str, str | int], *, call: str, lane: Lane = Lane.NORMAL, content: bytes = b"") -> Reply:
        """GET `path`, with a JSON body for the host that wants one. Raises Unavailable, Refused(API_KEY_REFUSED)."""
        body = {"content": content, "headers": {"Content-Type": "application/json"}} if content else {}
        return await self._exchange("GET", path, call, lane, params=dict(params), **body)

    async def post(
        self, path: str, content: bytes, *, call: str, lane: Lane = Lane.NORMAL, content_type: str = "application/json"
    ) -> Reply:
        """POST `content` to `path`, once. Raises as `get`; Unavailable here means: it may have been done, unless it is NeverSent."""
        return await self._exchange("POST", path, call, lane, content=content, headers={"Content-Type": content_type})

    async def patch(self, path: str, content: bytes, *, call: str, lane: Lane = Lane.NORMAL) -> Reply:
        """PATCH `path` with a JSON body, once. Raises as `post`."""
        return await self._exchange("PATCH", path, call, lane, content=content, headers={"Content-Type": "application/json"})

    async def delete(self, path: str, content: bytes, *, call: str, lane: Lane = Lane.NORMAL) -> Reply:
        """DELETE `path` with a JSON body, once. Raises as `post`."""
        return await self._exchange("DELETE", path, call, lane, content=content, headers={"Content-Type": "application/json"})

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def slow_down(self, call: str, for_s: float) -> None:
        """The host asked for a pause of such calls."""
        self._bucket_of(call).close(for_s, time.monotonic())

    def said_no(self, call: str, kind: Said) -> None:
        """Count an answer that said no."""
        SAID_NO.labels(f"{self.part}.{call}", kind.value).inc()

    async def _exchange(self, method: str, path: str, call: str, lane: Lane, **request: Any) -> Reply:
        WAIT_S.labels(self.part, lane.value).observe(await admitted(self._bucket_of(call), lane))
        label, started_s = f"{self.part}.{call}", time.monotonic()
        try:
            response = await self._http.request(method, _joined(self._url, path), **request)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            EXTERNAL_CALLS.labels(label, "unreachable").inc()
            kind = NeverSent if isinstance(error, _NEVER_SENT) else Unavailable
            raise kind(self.part, f"{call}: {type(error).__name__}") from None  # its text may hold the URL and its key
        finally:
            EXTERNAL_LATENCY_S.labels(label).observe(time.monotonic() - started_s)
        return self._judged(response, call, label)

    def _judged(self, response: httpx.Response, call: str, label: str) -> Reply:
        status = response.status_code
        self._bucket_of(call).learn(_told(response.headers), time.monotonic())
        EXTERNAL_CALLS.labels(label, f"{status // 100}xx" if status not in (401, 403, 429) else str(status)).inc()
        if status == 429:
            raise self._limited(response.headers, call)
        if status in self._key_refusals:
            raise self._key_refused(status, call)
        if status >= 500 or 300 <= status < 400:
            raise Unavailable(self.part, f"{call}: HTTP {status}")
        if len(response.content) > BODY_BYTES_MAX:
            raise bad_input(self.part, "body", f"{len(response.content)} bytes, more than {BODY_BYTES_MAX}")
        return Reply(status, response.content, response.headers)

    def _limited(self, headers: Mapping[str, str], call: str) -> Unavailable:
        pause_s = _retry_after_s(headers)
        self.said_no(call, Said.RATE_LIMITED)
        self.slow_down(call, pause_s)
        return Unavailable(self.part, f"{call}: rate limited", pause_s)

    def _key_refused(self, status: int, call: str) -> Refused | Unavailable:
        self.said_no(call, Said.KEY_REFUSED)
        if not self._key_variable:
            return Unavailable(self.part, f"{call}: HTTP {status}, the API key is refused", REFUSED_KEY_RETRY_S)
        said = f"{self.part}.{call}: HTTP {status}, the API key is refused: set {self._key_variable} to a key that is in force"
        return Refused(ReasonCode.API_KEY_REFUSED, said)

    def _bucket_of(self, call: str) -> Bucket:
        return self._apart.get(call, self._bucket)


def bad_input(part: str, field: str, reason: str) -> BadInput:
    """Return the error for an answer that broke its contract, counted."""
    BAD_INPUT.labels(part, field[:64]).inc()
    return BadInput(f"{part}.{field}", reason)


def parsed(part: str, body: bytes, decoder: "msgspec.json.Decoder[T]") -> T:
    """Return the typed answer. Raises BadInput naming the field: NaN, wrong types, bounds and repeated keys end here."""
    try:
        return strict_json.decode(decoder, body)
    except BadInput as error:
        raise bad_input(part, error.field, error.reason) from None


async def reading(ask: Callable[[], Awaitable[T]], tries: int = READ_TRIES) -> T:
    """Return `ask()`, asked again after a growing pause while it is Unavailable. For reads only: a send must never pass here."""
    for attempt in range(1, tries):
        try:
            return await ask()
        except Unavailable as error:
            await asyncio.sleep(min(error.retry_after_s, 0.1 * 3**attempt))
    return await ask()


def _retry_after_s(headers: Mapping[str, str]) -> float:
    """Return how long to pause after a 429: Retry-After, else the reset, else a second. (A date there means a second as well.)"""
    seconds = _number(headers, "retry-after")
    if seconds is None:
        seconds = _reset_s(headers)
    return min(max(1.0 if seconds is None else seconds, 0.1), limits.PAUSE_S_MAX)


def _told(headers: Mapping[str, str]) -> Told:
    """Return what `x-ratelimit-{remaining,current,reset}` said (Jupiter's names, docs of 2026-08-21)."""
    remaining, used = _number(headers, "x-ratelimit-remaining"), _number(headers, "x-ratelimit-current")
    return Told(None if remaining is None else int(remaining), None if used is None else int(used), _reset_s(headers))


def _reset_s(headers: Mapping[str, str]) -> float | None:
    reset = _number(headers, "x-ratelimit-reset")
    if reset is None or reset < _EPOCH_S:
        return reset
    return max(0.0, (reset / 1_000 if reset >= 1_000 * _EPOCH_S else reset) - time.time())


def _number(headers: Mapping[str, str], name: str) -> float | None:
    """Return a header that is a plain number of at most 15 digits."""
    raw = headers.get(name, "")
    return float(raw) if raw.isascii() and raw.replace(".", "", 1).isdigit() and len(raw) <= 15 else None


def _counted_as(part: str, url: str, headers: Mapping[str, str]) -> str:
    """Return what a host counts our calls under, hashed: the API, scheme and host, and the key, which is in the query or a header."""
    base, _, query = url.partition("?")
    seen = (part, base.split("/")[:3], query, sorted(headers.items()))
    return f"{part} {hashlib.sha256(repr(seen).encode()).hexdigest()}"


def _joined(url: str, path: str) -> str:
    """Put `path` before the query: a Helius URL ends in `?api-key=...`."""
    base, mark, query = url.partition("?")
    return f"{base.rstrip('/')}{path}{mark}{query}"
