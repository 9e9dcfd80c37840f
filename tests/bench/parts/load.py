"""The load on a chain, the same for every contender: writes to its first stream, reads its last one, measures by its own clock.

A contender says how message number n looks (`write`) and which number an entry of the last stream has (`number_of`).
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import msgspec

from memesnipe.bus.wire import Link, open_link, pack

STUCK_S = 40.0

Write = Callable[[int], bytes]
NumberOf = Callable[[bytes], "int | None"]


class Path(msgspec.Struct, frozen=True):
    """Where a contender's messages go in and come out, and how they look."""

    first: str
    last: str
    write: Write
    """Number -> the entry's field `m` on the first stream."""
    number_of: NumberOf
    """The entry's field `m` on the last stream -> its number; None for what is not counted."""
    read_by: tuple[tuple[str, str], ...]
    """(stream, group) of every stage: the load waits until all of them are there."""


class Latencies(msgspec.Struct, frozen=True):
    """Milliseconds from written to read back."""

    p50: float
    p99: float
    count: int


class Load:
    """One run's two connections and what came back."""

    def __init__(self, out: Link, back: Link, path: Path, after: bytes) -> None:
        self._out, self._back, self._path = out, back, path
        self._after = after
        self._sent_s: dict[int, float] = {}
        self.done = 0
        self.waits_ms: list[float] = []

    async def flood(self, first: int, count: int, window: int, burst: int = 64) -> float:
        """Send `count` messages, at most `window` on their way; return messages a second."""
        self.done = 0
        began, sent = time.perf_counter(), 0
        reading = asyncio.create_task(self._read(count))
        while sent < count and not reading.done():
            room = min(window - (sent - self.done), burst, count - sent)
            if room > 0:
                self._send(range(first + sent, first + sent + room))
                sent += room
            await asyncio.sleep(0 if room > 0 else 0.0005)
        await reading
        return count / (time.perf_counter() - began)

    async def pace(self, first: int, rate: int, seconds: float) -> Latencies:
        """Send `rate` messages a second, evenly; return how long each took."""
        count = int(rate * seconds)
        self.done, self.waits_ms = 0, []
        reading = asyncio.create_task(self._read(count))
        began = time.perf_counter()
        sent = 0
        while sent < count and not reading.done():
            due = min(count, int((time.perf_counter() - began) * rate))
            for number in range(first + sent, first + due):
                self._send(range(number, number + 1))
            sent = max(sent, due)
            await asyncio.sleep(0.4 / rate)
        await reading
        waits = sorted(self.waits_ms[len(self.waits_ms) // 10 :])  # the first tenth warms up
        return Latencies(waits[len(waits) // 2], waits[len(waits) * 99 // 100], len(waits))

    def _send(self, numbers: range) -> None:
        packed = [pack("XADD", self._path.first, "*", "m", self._path.write(number)) for number in numbers]
        now_s = time.perf_counter()
        self._sent_s.update(dict.fromkeys(numbers, now_s))
        self._out.send_all(packed)

    async def _read(self, count: int) -> None:
        while self.done < count:
            reply = self._back.send(pack("XREAD", "COUNT", 1_000, "BLOCK", int(STUCK_S * 900), "STREAMS", self._path.last, self._after))
            if not await reply.wait(STUCK_S) or reply.value is None:
                raise TimeoutError(f"{self.done} of {count} came back on {self._path.last}")
            self._take(reply.value[0][1], time.perf_counter())

    def _take(self, entries: list[Any], now_s: float) -> None:
        self._after = entries[-1][0]
        for _, fields in entries:
            number = self._path.number_of(fields[1])
            sent_s = self._sent_s.pop(number, None) if number is not None else None
            if sent_s is not None:
                self.done += 1
                self.waits_ms.append((now_s - sent_s) * 1_000)


async def connected(url: str, path: Path) -> Load:
    """Return a load on a path, reading the last stream from where it ends now."""
    out, back = await open_link(url, "load"), await open_link(url, "load")
    for stream, group in path.read_by:
        await _until_read(back, stream, group)
    reply = out.send(pack("XREVRANGE", path.last, "+", "-", "COUNT", 1))
    await reply.wait(5.0)
    return Load(out, back, path, reply.value[0][0] if reply.value else b"0")


async def _until_read(link: Link, stream: str, group: str) -> None:
    """Wait until a stage reads: what is sent before would be measured with its start, or be skipped as old."""
    for _ in range(600):
        reply = link.send(pack("XINFO", "CONSUMERS", stream, group))
        await reply.wait(5.0)
        if isinstance(reply.value, list) and reply.value:
            return
        await asyncio.sleep(0.1)
    raise TimeoutError(f"nobody reads {stream} as {group}")
