"""One thread looks, everyone sees: the newest picture, handed to any number of pages without asking Redis again for each."""

import threading
import time
from collections.abc import Callable, Iterator

import msgspec
from sqlalchemy import Engine

from memesnipe.dashboard import ledger, metrics
from memesnipe.dashboard.facts import Facts, LedgerFacts, StreamFacts
from memesnipe.dashboard.snapshot import build, shown_mode
from memesnipe.dashboard.streams import StreamReader
from memesnipe.kernel.clock import Clock
from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.health import Health
from memesnipe.kernel.logs import logger

ALIVE_S = 15.0
"""How long a page hears nothing before a comment keeps its line alive, and shows us whether it went away without a word."""
HOLDINGS_MAX = 100
"""Rows of open positions in a picture: a browser draws it anew each second, and nobody reads more. `memesnipe positions` lists all."""


class Feed:
    """The newest picture, and who waits for the next."""

    def __init__(self, reader: StreamReader, engine: Engine, clock: Clock, health: Health, *, clients_max: int) -> None:
        self._reader, self._engine, self._clock, self._health = reader, engine, clock, health
        self._changed = threading.Condition()
        self._picture, self._number, self._closed = b"", 0, False
        self._places = self._places_max = clients_max
        self._streams, self._ledger = StreamFacts(), LedgerFacts()
        self._unknown = ["redis", "ledger"]
        """Parts that were never read: after a start nothing is known, and nothing of it may look like "active" or "none"."""

    def run(self, refresh_s: float) -> None:
        """Look again and again until closed; a part that does not answer is shown as such, with its last known content."""
        while not self._closed:
            started_s = time.monotonic()
            try:
                self.look()
            except Exception:  # the page must go on: what cannot be shown now may be shown a second later
                metrics.PROBLEMS.labels("page").inc()
                logger().exception("look_failed")
            with self._changed:
                self._changed.wait_for(lambda: self._closed, max(0.05, refresh_s - (time.monotonic() - started_s)))

    def look(self) -> None:
        """Read once and tell everyone."""
        with metrics.LOOKS_S.time():
            problems = (*self._look_at_streams(), *self._look_at_ledger())
            facts = Facts(
                time_ns=self._clock.now_ns(), streams=self._streams, ledger=self._ledger, problems=problems, unknown=tuple(self._unknown)
            )
            picture = msgspec.json.encode(build(facts, holdings_max=HOLDINGS_MAX))
        self._health.beat()
        self._health.ready(not problems, "; ".join(problems))
        with self._changed:
            self._picture, self._number = picture, self._number + 1
            self._changed.notify_all()

    def newest(self) -> bytes:
        """Return the newest picture (JSON); empty before the first."""
        with self._changed:
            return self._picture

    @property
    def streams(self) -> StreamFacts:
        """What the streams said at the last look."""
        return self._streams

    def take_place(self) -> bool:
        """Take one of the places for live updates; False when all are taken."""
        with self._changed:
            taken = self._places > 0
            self._places -= taken
        metrics.CLIENTS.set(self._places_max - self._places)
        if not taken:
            metrics.TURNED_AWAY.inc()
        return taken

    def give_back(self) -> None:
        """Give a place back."""
        with self._changed:
            self._places += 1
        metrics.CLIENTS.set(self._places_max - self._places)

    def pictures(self, may_see: Callable[[], bool], *, alive_s: float = ALIVE_S) -> Iterator[bytes]:
        """Yield each picture once, as a server-sent event, and a comment where none came for `alive_s`, until closed or no longer let in.

        The caller took a place, and gives it back when it is done. `may_see` is asked before each: a session can end meanwhile.
        """
        number = 0
        while not self._closed:
            picture, newest = self._after(number, alive_s)
            if not may_see():
                return
            # Never the same picture again: the page would take it for news, and call itself live while nobody looks.
            yield b"data: " + picture + b"\n\n" if newest > number else b": nothing new\n\n"
            number = newest

    def _after(self, number: int, wait_s_max: float) -> tuple[bytes, int]:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._number > number, wait_s_max)
            return self._picture, self._number

    def close(self) -> None:
        """End the loop and every stream of pictures."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _look_at_streams(self) -> tuple[str, ...]:
        try:
            self._streams = self._reader.look()
        except Unavailable as error:
            metrics.PROBLEMS.labels(error.part).inc()
            return (f"Redis does not answer: mode, prices, halts, stops and lag below are {self._last('redis')}",)
        self._read("redis")
        return ()

    def _look_at_ledger(self) -> tuple[str, ...]:
        try:
            self._ledger = ledger.look(self._engine, shown_mode(self._streams))
        except Unavailable as error:
            metrics.PROBLEMS.labels(error.part).inc()
            return (f"The ledger does not answer: positions, fills and equity below are {self._last('ledger')}",)
        self._read("ledger")
        return ()

    def _last(self, part: str) -> str:
        return "not known" if part in self._unknown else "the last known"

    def _read(self, part: str) -> None:
        if part in self._unknown:
            self._unknown.remove(part)
