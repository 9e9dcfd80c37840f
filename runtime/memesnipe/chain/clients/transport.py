"""One HTTP exchange, told the same way for every host: rate limit, time-out, metrics, and what a failure MEANS.

A time-out, a broken connection, 429 and 5xx are `Unavailable`: what was asked may have happened. Only the caller knows whether it
may ask again, so nothing here repeats a call by itself; `reading` is the one loop, for calls that change nothing.
URLs may carry an API key, so no message, label or log here ever holds one.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import httpx
import msgspec

from memesnipe.chain.clients.limits import Bucket, Lane, Rate, admitted
from memesnipe.kernel import strict_json
from memesnipe.kernel.errors import BadInput, Unavailable
from memesnipe.kernel.metrics import BAD_INPUT, EXTERNAL_CALLS, EXTERNAL_LATENCY_S

T = TypeVar("T")
BODY_BYTES_MAX = 16 << 20
READ_TRIES = 3
RETRY_AFTER_S_MAX = 60.0
REFUSED_KEY_RETRY_S = 30.0
_REMAINING = "x-ratelimit-remaining"


class Reply(msgspec.Struct, frozen=True):
    """An answer that arrived whole. `status` is below 500, not 429, and not one by which this host refuses an API key."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class Transport:
    """A connection pool to one host. `part` names it in metrics and errors."""

    def __init__(
        self,
        part: str,
        url: str,
        *,
        rate: Rate,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 5.0,
        key_refusals: tuple[int, ...] = (401, 403),
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self.part = part
        self._url, self._key_refusals = url, key_refusals
        self._bucket = Bucket(rate, time.monotonic())
        self._http = http or httpx.AsyncClient(timeout=httpx.Timeout(timeout_s, connect=2.0), headers=dict(headers or {}), trust_env=False)

    def __repr__(self) -> str:
        return f"Transport({self.part})"

    async def get(self, path: str, params: Mapping[str, str | int], *, call: str, lane: Lane = Lane.NORMAL) -> Reply:
        """GET `path`. Raises Unavailable."""
        return await self._exchange("GET", path, call, lane, params=dict(params))

    async def post(
        self, path: str, content: bytes, *, call: str, lane: Lane = Lane.NORMAL, content_type: str = "application/json"
    ) -> Reply:
        """POST `content` to `path`, once. Raises Unavailable, which here means: it may have been done."""
        return await self._exchange("POST", path, call, lane, content=content, headers={"Content-Type": content_type})

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _exchange(self, method: str, path: str, call: str, lane: Lane, **request: Any) -> Reply:
        await admitted(self._bucket, lane)
        label, started_s = f"{self.part}.{call}", time.monotonic()
        try:
            response = await self._http.request(method, _joined(self._url, path), **request)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            EXTERNAL_CALLS.labels(label, "unreachable").inc()
            raise Unavailable(self.part, f"{call}: {type(error).__name__}") from None  # its text may hold the URL and its key
        finally:
            EXTERNAL_LATENCY_S.labels(label).observe(time.monotonic() - started_s)
        return self._judged(response, call, label)

    def _judged(self, response: httpx.Response, call: str, label: str) -> Reply:
        now_s, status = time.monotonic(), response.status_code
        if (remaining := response.headers.get(_REMAINING, "")).isdigit():
            self._bucket.learn(int(remaining), now_s)
        EXTERNAL_CALLS.labels(label, f"{status // 100}xx" if status not in (401, 403, 429) else str(status)).inc()
        if status == 429:
            self.slow_down(_retry_after_s(response.headers))
            raise Unavailable(self.part, f"{call}: rate limited", _retry_after_s(response.headers))
        if status in self._key_refusals:
            raise Unavailable(self.part, f"{call}: HTTP {status}, the API key is refused", REFUSED_KEY_RETRY_S)
        if status >= 500 or 300 <= status < 400:
            raise Unavailable(self.part, f"{call}: HTTP {status}")
        if len(response.content) > BODY_BYTES_MAX:
            raise bad_input(self.part, "body", f"{len(response.content)} bytes, more than {BODY_BYTES_MAX}")
        return Reply(status, response.content, response.headers)

    def slow_down(self, for_s: float) -> None:
        """The host asked for a pause."""
        self._bucket.close(for_s, time.monotonic())


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
    raw = headers.get("retry-after", "")
    seconds = float(raw) if raw.replace(".", "", 1).isdigit() else 1.0
    return min(max(seconds, 0.1), RETRY_AFTER_S_MAX)


def _joined(url: str, path: str) -> str:
    """Put `path` before the query: a Helius URL ends in `?api-key=...`."""
    base, mark, query = url.partition("?")
    return f"{base.rstrip('/')}{path}{mark}{query}"
