"""Reading in a replay: turn by turn, and in an order that the recording alone decides."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from memesnipe.bus.api import Batch, Entry, Subscription
from memesnipe.bus.intake import Intake
from memesnipe.bus.rows import event_time_ns, sequence_of
from memesnipe.bus.turns import Turns
from memesnipe.bus.wire import pack

POLL_S, POLL_S_MAX = 0.001, 0.004


class ReplayIntake(Intake):
    """As `Intake`, but never reads before its turn, and never skips a gap: a replay waits for its slowest reader."""

    _turns: Turns
    _keys_by_turn: dict[int, list[bytes]]
    _held: dict[int, list[Any]]
    """By turn: what was read and must not be handled yet."""

    async def subscribe(self, subscriptions: Sequence[Subscription]) -> None:
        """As `Intake.subscribe`."""
        await super().subscribe(subscriptions)
        self._turns = Turns(self._commands, self._prefix, (name for one in subscriptions for name in one.strategies))
        self._keys_by_turn = {}
        for one in sorted(subscriptions, key=lambda subscription: subscription.reader.turn):
            self._keys_by_turn.setdefault(one.reader.turn, []).extend(self.keys_of(one))

    def put_off(self, batch: Batch) -> bool:
        """Put nothing off: the source waits until all is acknowledged."""
        return False

    async def _next(self, count_max: int, deadline: float) -> list[Any] | None:
        if self._cursor is not None:
            return await self._ours(count_max)
        pause_s = POLL_S
        while True:
            if found := await self._in_turn(count_max):
                return found
            if time.monotonic() >= deadline:
                return None
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, POLL_S_MAX)

    async def _in_turn(self, count_max: int) -> list[Any] | None:
        """Return what may be handled now, the earliest turn first.

        Looking and reading are two steps, and an event may be published between them: what was read is held back until a look
        AFTER the read finds the lower turns drained. While we hold it it is pending, so nobody later than us goes on, and
        the source waits. Without this an executor saw a price before wallet_guard had settled what was due at it.
        """
        for turn, keys in self._keys_by_turn.items():
            held = self._held.setdefault(turn, [])
            if not held and not await self._turns.may_read(turn):
                return None
            held += await self._new(keys, count_max) or []
            if held:
                if not await self._turns.may_read(turn):
                    return None
                found = held + (await self._new(keys, count_max) or [])
                self._held[turn] = []
                return found
        return None

    def restart(self) -> None:
        """As `Intake.restart`: what was held back is pending, too, and comes again with the rest."""
        super().restart()
        self._held = {}

    async def _new(self, keys: list[bytes], count_max: int) -> list[Any] | None:
        streams = [*keys, *([b">"] * len(keys))]
        command = pack("XREADGROUP", "GROUP", self.group, self.consumer, "COUNT", count_max, "STREAMS", *streams)
        found: list[Any] | None = await self._commands.call(command)
        return found

    async def _batch(self, found: list[Any]) -> Batch | None:
        batch = await super()._batch(found)
        return Batch(batch.group, tuple(sorted(batch.entries, key=_place))) if batch else None


def _place(entry: Entry) -> tuple[int, str, int, str]:
    """Return what orders a replay: event time, strategy, sequence; entries of one stream keep their order."""
    return event_time_ns(entry.message), entry.strategy, sequence_of(entry.message), entry.stream
