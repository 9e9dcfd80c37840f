"""Reading: new entries, what we held before a crash, what the dead left behind, and gaps in market data.

One blocking XREADGROUP stays parked at the server over its own connection, sent right behind the commit of the batch before: one
write does both. An entry stays pending until its commit, so nothing is lost with us.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import Any

from memesnipe.bus.api import Batch, Entry, Subscription
from memesnipe.bus.rows import BadEntry, Row, raw_of, row_of
from memesnipe.bus.scripts import DEAD_LETTER, SKIP
from memesnipe.bus.session import NoGroup, Session, is_error
from memesnipe.bus.topology import DEAD_LETTERS, Kind, group_name
from memesnipe.bus.wire import Link, Reply, pack
from memesnipe.kernel.clock import NS_PER_MS
from memesnipe.kernel.errors import BadInput, Bug
from memesnipe.kernel.logs import logger
from memesnipe.kernel.metrics import BAD_INPUT, STREAM_GAPS
from memesnipe.kernel.metrics import DEAD_LETTERS as DEAD_LETTERS_COUNT

PARK_MS = 1_000
"""How long a parked read waits at the server: a new subscription takes effect within this."""
GRACE_S = 5.0
CLOSE_S_MAX = 0.5
PAUSE_S = 0.05
FAILING_S_MAX = 10.0
UPKEEP_S = 1.0
LATE_MAX = 1_000
"""Market entries whose acknowledgement may wait for the next commit."""
ADOPT_EVERY_S = 5.0
ADOPT_PAGE = 500
RAW_MAX = 65_536
"""A dead letter keeps this much of what it could not decode."""


class Intake:
    """The reading half of a bus: one group, one consumer, many streams."""

    def __init__(self, commands: Session, reader: Session, prefix: str, consumer: str, *, adopt_idle_ms: int) -> None:
        self._commands, self._reader = commands, reader
        self._prefix, self.consumer = prefix, consumer
        self._adopt_idle_ms = adopt_idle_ms
        self.group = ""
        self.rows: dict[bytes, Row] = {}
        self._parked: Reply | None = None
        self._cursor: dict[bytes, bytes] | None = None  # positions in our own pending entries; None: all of them were given
        self._given: set[tuple[bytes, bytes]] = set()  # given from our pending entries while a read was parked
        self._upkeep_s = self._adopted_s = self._parked_s = self._failing_s = 0.0
        self._link: Link | None = None
        self._count_max, self._command = 0, b""
        self._late: dict[str, list[str]] = {}
        self._late_count = 0

    async def subscribe(self, subscriptions: Sequence[Subscription]) -> None:
        """Create missing groups, adopt, and start with what is ours. Raises Bug when the group would not be one."""
        groups = {group for one in subscriptions for group in _groups(one)}
        if len(groups) != 1:
            raise Bug(f"a bus reads as one group, not as {sorted(groups)}")
        self.group = groups.pop()
        self.rows = {key: row_of(key.decode()[len(self._prefix) :]) for one in subscriptions for key in self.keys_of(one)}
        self._count_max = 0
        await self._create_groups()
        await self._adopt()
        self.restart()

    def restart(self) -> None:
        """Give what is pending for us again before anything new: after a start, a lost connection or a stale state."""
        self._cursor = dict.fromkeys(self.rows, b"0")

    async def _create_groups(self) -> None:
        for key in self.rows:
            try:
                await self._commands.call(pack("XGROUP", "CREATE", key, self.group, "0", "MKSTREAM"))
            except Bug as error:
                if "BUSYGROUP" not in str(error):
                    raise

    async def read(self, count_max: int, block_ms: int) -> Batch | None:
        """Return the next batch, None after `block_ms` without one. Raises Unavailable."""
        if not self.rows:  # before the first strategy is applied; Redis takes a read of no stream for a mistake
            await asyncio.sleep(block_ms / 1_000)
            return None
        deadline = time.monotonic() + block_ms / 1_000
        while True:
            try:
                found = await self._next(count_max, deadline)
            except NoGroup:
                logger().warning("groups_gone", group=self.group)
                self._parked = None
                await self._create_groups()
                continue
            batch = await self._batch(found) if found else None
            if batch is not None or time.monotonic() >= deadline:
                return batch

    async def _next(self, count_max: int, deadline: float) -> list[Any] | None:
        if self._parked is None and time.monotonic() >= self._upkeep_s:
            await self._upkeep()
        if self._parked is None and self._link is not None and self._link.lost:
            self._link = None
            self.restart()
        if self._cursor is not None:
            await self.acknowledge_late()
            return await self._ours(count_max)
        reply = self._parked or await self._park(count_max)
        if not await reply.wait(max(0.0, deadline - time.monotonic())) and not self._overdue():
            return None
        return await self._unpark(reply)

    async def _ours(self, count_max: int) -> list[Any] | None:
        """Read one page of what is pending for this consumer."""
        cursor = self._cursor or {}
        streams = [*cursor, *cursor.values()]
        command = pack("XREADGROUP", "GROUP", self.group, self.consumer, "COUNT", count_max, "STREAMS", *streams)
        found = [one for one in await self._commands.call(command) or [] if one[1]]
        for key, entries in found:
            cursor[key] = entries[-1][0]
            if self._parked is not None:
                self._given.update((key, entry_id) for entry_id, _ in entries)
        if not found:
            self._cursor = None
        return found or None

    async def _park(self, count_max: int) -> Reply:
        self._link, self._parked_s = await self._reader.link(), time.monotonic()
        self._parked = self._link.send(self._read_command(count_max))
        return self._parked

    def _read_command(self, count_max: int) -> bytes:
        if count_max != self._count_max:
            streams = [*self.rows, *([b">"] * len(self.rows))]
            head = ("XREADGROUP", "GROUP", self.group, self.consumer, "COUNT", count_max, "BLOCK", PARK_MS, "STREAMS")
            self._count_max, self._command = count_max, pack(*head, *streams)
        return self._command

    async def commit_and_park(self, commit: bytes, reply_s_max: float) -> Any:
        """Send a commit with the next read behind it, in one write; return the commit's reply, None if this cannot be done now.

        Two stages of a chain out of three system calls are saved this way, and what comes meanwhile is read as one batch.
        """
        link = self._link
        if self._parked is not None or self._cursor is not None or link is None or link.lost or time.monotonic() >= self._upkeep_s:
            return None
        reply, self._parked = link.send_two(commit, self._command)
        self._parked_s = time.monotonic()
        return reply.value if await reply.wait(reply_s_max) else None

    def _overdue(self) -> bool:
        """Return whether the server should have answered the parked read long ago: the connection is dead."""
        if time.monotonic() - self._parked_s <= PARK_MS / 1_000 + GRACE_S:
            return False
        if self._link is not None:
            self._link.close()  # answers what waits on it with ConnectionLost
        return True

    async def _unpark(self, reply: Reply) -> list[Any] | None:
        self._parked = None
        if is_error(reply.value):
            # What the server sent into the lost connection is pending for us: read it as our own.
            self.restart()
            await self._endure(self._reader.judge(reply.value))
            return None
        self._failing_s = 0.0
        return self._unseen(reply.value) if self._given else reply.value

    async def _endure(self, failure: str) -> None:
        """Wait a little for a trouble that may pass. Raises Unavailable once it has lasted too long."""
        self._failing_s = self._failing_s or time.monotonic()
        if time.monotonic() - self._failing_s > FAILING_S_MAX:
            raise self._reader.unavailable(failure)
        await asyncio.sleep(PAUSE_S)

    def _unseen(self, found: list[Any] | None) -> list[Any]:
        given, self._given = self._given, set()
        fresh = ((key, [entry for entry in entries if (key, entry[0]) not in given]) for key, entries in found or [])
        return [one for one in fresh if one[1]]

    async def _batch(self, found: list[Any]) -> Batch | None:
        entries: list[Entry] = []
        bad: list[BadEntry] = []
        for key, raw_entries in found:
            row = self.rows[key]
            row.read.inc(len(raw_entries))
            for entry_id, fields in raw_entries:
                try:
                    entries.append(row.decode(entry_id.decode(), fields))
                except BadInput as error:
                    bad.append(BadEntry(row, entry_id.decode(), raw_of(fields), error.field, error.reason))
        if bad:
            await self._bury(bad)
        return Batch(self.group, tuple(entries)) if entries else None

    async def _bury(self, bad: list[BadEntry]) -> None:
        for one in bad:
            name, arguments = one.row.name, [one.id, one.raw[:RAW_MAX], one.field[:256], one.reason[:512]]
            await self._commands.run(DEAD_LETTER, [self._prefix + DEAD_LETTERS, self._prefix + name], [self.group, name, *arguments])
            DEAD_LETTERS_COUNT.labels(one.row.stream.name).inc()
            BAD_INPUT.labels(one.row.stream.name, _bounded(one.field)).inc()
            logger().warning("dead_letter", stream=name, id=one.id, field=one.field, reason=one.reason)

    def put_off(self, batch: Batch) -> bool:
        """Keep acknowledgements of market entries for the next commit or upkeep; False where they may not wait.

        Most prices cause nothing in most readers. Whoever dies before reads them again, and again they cause nothing.
        """
        if self._late_count >= LATE_MAX or not all(row_of(entry.stream).kind is Kind.MARKET for entry in batch.entries):
            return False
        for entry in batch.entries:
            self._late.setdefault(entry.stream, []).append(entry.id)
        self._late_count += len(batch.entries)
        return True

    def take_late(self) -> dict[str, list[str]]:
        """Return what was put off, ids by stream; it is the caller's to acknowledge now."""
        late, self._late, self._late_count = self._late, {}, 0
        return late

    async def acknowledge_late(self) -> None:
        """Acknowledge what was put off. Raises Unavailable."""
        for stream, ids in self.take_late().items():
            await self._commands.call(pack("XACK", self._prefix + stream, self.group, *ids))

    async def _upkeep(self) -> None:
        """Skip gaps and adopt, while no read is parked, so that what is claimed here is not also given there."""
        self._upkeep_s = time.monotonic() + UPKEEP_S
        await self.acknowledge_late()
        await self._skip_gaps()
        if time.monotonic() >= self._adopted_s and await self._adopt():
            self.restart()

    async def _skip_gaps(self) -> None:
        for key, row in self.rows.items():
            if row.kind is Kind.MARKET:
                limits = [row.stream.lag_ms_max, row.stream.length_max, time.time_ns() // NS_PER_MS]
                given_up = await self._commands.run(SKIP, [key.decode()], [self.group, *limits])
                if given_up:
                    STREAM_GAPS.labels(row.stream.name).inc()
                    logger().warning("stream_gap", stream=row.name, group=self.group, entries=given_up)

    async def _adopt(self) -> int:
        """Claim what other consumers of our group left unacknowledged; return how many entries."""
        self._adopted_s = time.monotonic() + ADOPT_EVERY_S
        adopted = 0
        for key in self.rows:
            start: bytes = b"0"
            while True:
                command = ("XAUTOCLAIM", key, self.group, self.consumer, self._adopt_idle_ms, start, "COUNT", ADOPT_PAGE, "JUSTID")
                start, claimed, *_ = await self._commands.call(pack(*command))
                adopted += len(claimed)
                if start == b"0-0":
                    break
        return adopted

    def keys_of(self, subscription: Subscription) -> list[bytes]:
        """Return the real keys of a subscription's streams."""
        return [(self._prefix + name).encode() for name in _names(subscription)]

    async def close(self) -> None:
        """Stop reading, acknowledging what was put off if the server is there; nothing pending is lost either way."""
        for stream, ids in self.take_late().items():
            if self._commands.is_linked:
                link = await self._commands.link()
                await link.send(pack("XACK", self._prefix + stream, self.group, *ids)).wait(CLOSE_S_MAX)


def _names(subscription: Subscription) -> Iterator[str]:
    stream = subscription.stream
    if stream.split:
        yield from (stream.of(strategy) for strategy in subscription.strategies)
    else:
        yield stream.name


def _groups(subscription: Subscription) -> set[str]:
    reader = subscription.reader
    return {group_name(reader, strategy) for strategy in subscription.strategies} if reader.per_strategy else {reader.group}


def _bounded(field: str) -> str:
    """Return a metrics label for a field path: `$[5]` and the like are positions, bounded by the message type."""
    return field if len(field) <= 32 else "message"
