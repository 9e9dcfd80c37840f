"""The load on a chain, the same for every contender: writes to its first stream, reads its last one, measures by its own clock.

A contender says how messages look that go out in one entry (`write`), and which number an entry of the last stream has (`number_of`).
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from memesnipe.bus.wire import Link, open_link, pack

STUCK_S = 20.0
BURST = 64
TICK_S = 0.001
"""uvloop's timers know whole milliseconds; a shorter sleep is none, and a load that spins takes a core from what it measures."""

Write = Callable[[Sequence[int]], bytes]
NumberOf = Callable[[bytes], "int | None"]


class Path(msgspec.Struct, frozen=True):
    """Where a contender's messages go in and come out, and how they look."""

    first: str
    last: str
    write: Write
    """Numbers -> field `m` of one entry of the first stream."""
    number_of: NumberOf
    """Field `m` of an entry of the last stream -> its number; None for what is not counted."""
    read_by: tuple[tuple[str, str], ...]
    """(stream, group) of every stage: the load waits until all of them are there."""
    per_entry: int = 1
    """How many messages share an entry in a flood; more than one only for market frames."""
    window: int = 1_000
    """How many messages may be on their way in a flood."""


class Latencies(msgspec.Struct, frozen=True):
    """Milliseconds from written to read back."""

    p50: float
    p99: float
    lost: int


class Load:
    """One run's two connections and what came back."""

    def __init__(self, out: Link, back: Link, path: Path, after: bytes) -> None:
        self._out, self._back, self._path = out, back, path
        self._after = after
        self._sent_s: dict[int, float] = {}
        self._waits_ms: list[float] = []
        self._done = 0
        self._came = asyncio.Event()

    async def flood(self, first: int, count: int) -> float:
        """Send `count` messages, at most `window` on their way; return messages a second."""
        self._done, self._waits_ms = 0, []
        began, sent = time.perf_counter(), 0
        reading = asyncio.create_task(self._read(count))
        while sent < count and not reading.done():
            room = min(self._path.window - (sent - self._done), BURST, count - sent)
            if room >= min(self._path.per_entry, count - sent):
                self._send(range(first + sent, first + sent + room), self._path.per_entry)
                sent += room
                await asyncio.sleep(0)
                continue
            self._came.clear()
            await self._came.wait()
        await reading
        return self._done / (time.perf_counter() - began)

    async def pace(self, first: int, rate: int, seconds: float) -> Latencies:
        """Send `rate` messages a second, what is due each millisecond; return how long they took."""
        count = int(rate * seconds)
        self._done, self._waits_ms = 0, []
        reading = asyncio.create_task(self._read(count))
        began, sent = time.perf_counter(), 0
        while sent < count and not reading.done():
            due = min(count, int((time.perf_counter() - began) * rate))
            if due > sent:
                self._send(range(first + sent, first + due), 1)
                sent = due
            await asyncio.sleep(TICK_S)
        lost = count - await reading
        waits = sorted(self._waits_ms[len(self._waits_ms) // 10 :])  # the first tenth warms up
        if not waits:
            raise RuntimeError(f"nothing came back on {self._path.last}")
        return Latencies(waits[len(waits) // 2], waits[len(waits) * 99 // 100], lost)

    def _send(self, numbers: range, per_entry: int) -> None:
        parts = [numbers[at : at + per_entry] for at in range(0, len(numbers), per_entry)]
        packed = [pack("XADD", self._path.first, "*", "m", self._path.write(part)) for part in parts]
        self._sent_s.update(dict.fromkeys(numbers, time.perf_counter()))
        self._out.send_all(packed)

    async def _read(self, count: int) -> int:
        """Read back until all came, or nothing more comes; return how many did."""
        try:
            while self._done < count:
                reply = self._back.send(pack("XREAD", "COUNT", 1_000, "BLOCK", int(STUCK_S * 100), "STREAMS", self._path.last, self._after))
                if not await reply.wait(STUCK_S) or not isinstance(reply.value, list):
                    break
                self._take(reply.value[0][1], time.perf_counter())
                self._came.set()
            return self._done
        finally:
            self._came.set()

    def _take(self, entries: list[Any], now_s: float) -> None:
        self._after = entries[-1][0]
        for _, fields in entries:
            number = self._path.number_of(fields[1])
            sent_s = self._sent_s.pop(number, None) if number is not None else None
            if sent_s is not None:
                self._done += 1
                self._waits_ms.append((now_s - sent_s) * 1_000)


async def connected(url: str, path: Path) -> Load:
    """Return a load on a path, once every stage reads; the last stream is read from where it ends now."""
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
