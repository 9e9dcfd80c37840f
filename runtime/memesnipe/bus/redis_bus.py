"""The bus on Redis: what `bus.api` promises, kept by consumer groups, Lua scripts and two connections a service.

One connection carries commands, many at a time; the other carries the blocking read. A commit is ONE script call, whatever
the size of the batch: acknowledgements, outputs and state together, never a round trip for each message.
"""

import itertools
import os
import socket
from collections.abc import Sequence
from typing import Any

from memesnipe.bus.api import Batch, Entry, Output, StaleState, State, Subscription
from memesnipe.bus.fence import CALL_LIFE_MS, LIFE_MS, PART, Commit, call_fences, checked, fences
from memesnipe.bus.intake import Intake
from memesnipe.bus.replay import ReplayIntake
from memesnipe.bus.rows import Row, event_time_ns, raw_of, row_of
from memesnipe.bus.scripts import COMMIT, PUBLISH, REPLACE
from memesnipe.bus.session import REPLY_S_MAX, Session
from memesnipe.bus.topology import DEAD_LETTERS, Kind
from memesnipe.bus.turns import Turns
from memesnipe.bus.wire import pack
from memesnipe.kernel.clock import Clock, SystemClock
from memesnipe.kernel.errors import BadInput, Bug, Unavailable
from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.logs import logger
from memesnipe.kernel.metrics import BAD_INPUT
from memesnipe.kernel.settings import CommonSettings

FOLD_PAGE = 1_000


class RedisBus:
    """See `bus.api.Bus`."""

    def __init__(
        self, settings: CommonSettings, clock: Clock, service: str, consumer: str, *, adopt_idle_ms: int, wait_s_max: float
    ) -> None:
        self._prefix, self._clock = settings.key_prefix, clock
        self._commands = Session(settings.redis_url, f"{service}:commands", wait_s_max=wait_s_max)
        self._reader = Session(settings.redis_url, f"{service}:reader", wait_s_max=wait_s_max)
        intake = ReplayIntake if settings.clock == "replay" else Intake
        self._intake = intake(self._commands, self._reader, self._prefix, consumer, adopt_idle_ms=adopt_idle_ms)
        self._turns = Turns(self._commands, self._prefix)
        self._observes = not isinstance(clock, SystemClock)
        self._call = itertools.count()
        self._nonce = os.urandom(8).hex()  # only tells our own repeated call from another's; decides nothing

    async def reach(self) -> None:
        """Connect now, so that a wrong address or password is known at start. Raises Unavailable, ConfigError."""
        await self._commands.link()

    async def subscribe(self, subscriptions: Sequence[Subscription]) -> None:
        """Create groups from id 0 where missing, adopt what dead consumers left."""
        await self._intake.subscribe(subscriptions)

    async def read(self, *, count_max: int = 256, block_ms: int = 1_000) -> Batch | None:
        """Return what came for our subscriptions, or None."""
        batch = await self._intake.read(count_max, block_ms)
        if batch is not None and self._observes:
            for entry in batch.entries:
                self._clock.observe(event_time_ns(entry.message))
        return batch

    async def commit(self, batch: Batch, outputs: Sequence[Sequence[Output]], state: State | None = None) -> int:
        """Acknowledge, write and keep the state in one step. Raises StaleState, Unavailable, Bug."""
        if len(outputs) != len(batch.entries):
            raise Bug(f"{len(outputs)} lists of outputs for {len(batch.entries)} entries")
        if state is None and not any(outputs) and self._intake.put_off(batch):
            return 0
        commit = Commit(self._prefix, batch, outputs, state)
        arguments = commit.arguments(batch.group, self._intake.consumer, state, self._token(), self._intake.take_late())
        failpoint("bus.before_commit")
        packed = COMMIT.pack(commit.keys, arguments)
        reply = await self._intake.commit_and_park(packed, REPLY_S_MAX)
        if not isinstance(reply, list):
            # Not possible now, or refused, or the answer was lost: ask again on the other connection; the token makes it once.
            reply = await self._commands.run_packed(packed)
        status, *rest = reply
        failpoint("bus.after_commit")
        if status == b"ok":
            for row, count in commit.written.items():
                row.written.inc(count)
            return int(rest[0])
        self._intake.restart()
        if status == b"lost":
            # A failover forgot that we read them, or another instance finished them: what is still ours is read again.
            raise Unavailable("redis", f"entry {rest[0].decode()} is no longer pending for {batch.group}", retry_after_s=0.0)
        raise StaleState(state.name if state else "")

    def _token(self) -> str:
        return f"{self._nonce}:{next(self._call)}"

    async def publish(self, stream: str, message: Any, key: str = "") -> str:
        """Write one message that no entry caused; return its entry id, "" if `key` was seen."""
        row, token = row_of(stream), self._token()
        hashes, life_ms = (fences(self._prefix, stream), LIFE_MS) if key else (call_fences(self._prefix, stream), CALL_LIFE_MS)
        length = row.stream.length_max if row.kind is Kind.MARKET else 0
        arguments = [life_ms, token, checked(stream, key) or token, row.encode(message), length]
        written = await self._commands.run(PUBLISH, [self._prefix + stream, *hashes], arguments)
        row.written.inc()
        return bytes(written).decode()

    async def fold(self, stream: str, after: str = "0") -> list[Entry]:
        """Return the entries of a FOLD stream after an id."""
        row, entries, last = row_of(stream), list[Entry](), after
        while True:
            page = await self._commands.call(pack("XRANGE", self._prefix + stream, f"({last}", "+", "COUNT", FOLD_PAGE))
            for entry_id, fields in page:
                last = entry_id.decode()
                try:
                    entries.append(row.decode(last, fields))
                except BadInput as error:
                    await self._bury(row, last, fields, error)
            if len(page) < FOLD_PAGE:
                return entries

    async def _bury(self, row: Row, entry_id: str, fields: "list[bytes] | None", error: BadInput) -> None:
        """Keep what could not be folded, once, whoever of the many readers comes first."""
        BAD_INPUT.labels(row.stream.name, error.field[:32]).inc()
        logger().warning("dead_letter", stream=row.name, id=entry_id, field=error.field, reason=error.reason)
        fence, _ = fences(self._prefix, DEAD_LETTERS)
        if await self._commands.call(pack("HSETNX", fence, f"{row.name}:{entry_id}", "1")):
            await self._commands.call(pack("PEXPIRE", fence, LIFE_MS))
            letter = ("stream", row.name, "id", entry_id, "raw", raw_of(fields), "field", error.field, "reason", error.reason)
            await self._commands.call(pack("XADD", self._prefix + DEAD_LETTERS, "*", *letter))

    async def load(self, name: str) -> State:
        """Return a stage's state; version 0 and empty data when there is none."""
        flat = await self._commands.call(pack("HGETALL", self._prefix + name))
        fields: dict[str, bytes] = {field.decode(): value for field, value in zip(flat[::2], flat[1::2], strict=True)}
        parts = {field[len(PART) :]: part for field, part in fields.items() if field.startswith(PART)}
        return State(name, int(fields.get("v", 0)), fields.get("d", b""), parts)

    async def get(self, key: str) -> bytes | None:
        """Return a plain key's value."""
        value: bytes | None = await self._commands.call(pack("GET", self._prefix + key))
        return value

    async def put(self, key: str, value: bytes, ttl_ms: int = 0) -> None:
        """Set a plain key, for `ttl_ms` milliseconds (0: for good)."""
        life = ("PX", ttl_ms) if ttl_ms else ()
        await self._commands.call(pack("SET", self._prefix + key, value, *life))

    async def drop(self, key: str) -> None:
        """Delete a plain key."""
        await self._commands.call(pack("DEL", self._prefix + key))

    async def replace(self, key: str, values: Sequence[bytes]) -> None:
        """Make a list key hold exactly these values."""
        await self._commands.run(REPLACE, [self._prefix + key], list(values))

    async def values(self, key: str) -> list[bytes]:
        """Return a list key's values; none where there is no such key."""
        found: list[bytes] = await self._commands.call(pack("LRANGE", self._prefix + key, "0", "-1"))
        return found

    async def settled(self) -> bool:
        """Return whether every group of a running system exists and is drained (replay: the next event may go out)."""
        return await self._turns.settled()

    async def absent(self) -> tuple[str, ...]:
        """Return the groups that do not exist yet, for the person who wonders why a replay does not begin."""
        return await self._turns.absent()

    async def close(self) -> None:
        """Close connections."""
        await self._intake.close()
        await self._reader.close()
        await self._commands.close()


async def connect(
    settings: CommonSettings, clock: Clock, *, service: str, consumer: str = "", adopt_idle_ms: int = 15_000, wait_s_max: float = 10.0
) -> RedisBus:
    """Return a bus for one service, connected. `consumer` stays the same over restarts, so that own entries come back first.

    `adopt_idle_ms`: another consumer's entry that lay so long is taken over. `wait_s_max`: how long an outage is sat out.
    Raises Unavailable when Redis does not answer in time, ConfigError when it refuses the user.
    """
    name = consumer or f"{service}@{socket.gethostname()}"
    bus = RedisBus(settings, clock, service, name, adopt_idle_ms=adopt_idle_ms, wait_s_max=wait_s_max)
    await bus.reach()
    return bus
