"""Replay by turns: who may read now, and whether the whole system is at rest. See docs/adr/0003-replay-by-turns.md.

A group is drained when nothing is pending in it and nothing undelivered before it. All groups are looked at in ONE script, and
a commit is one script too, so there is no moment at which a message is in nobody's hands: what looks at rest is at rest.
What FOLD streams say counts from the read on: a stage folds them after it read and before it decides, never before it reads.
"""

import time
from collections.abc import Iterable, Iterator

import msgspec

from memesnipe.bus.rows import row_of
from memesnipe.bus.scripts import FIRST_UNDRAINED
from memesnipe.bus.session import Session
from memesnipe.bus.topology import CONFIG, STREAMS, Kind, Reader, Stream, group_name
from memesnipe.bus.wire import pack
from memesnipe.kernel.errors import BadInput
from memesnipe.messages.control import ConfigApplied

PLAN_S = 1.0
"""How old the list of strategies may be: strategies come and go rarely, and never within a replay."""


class Seat(msgspec.Struct, frozen=True, order=True):
    """One group on one real stream, and its turn."""

    turn: int
    stream: str
    group: str
    required: bool
    """Whether the group exists whenever its service runs: an executor subscribes only to the events its strategy wants."""


def seats(strategies: Iterable[str]) -> tuple[Seat, ...]:
    """Return every seat of the topology for these strategies, by turn."""
    names = sorted(set(strategies))
    return tuple(sorted(seat for stream in STREAMS if stream.kind is not Kind.FOLD for seat in _seats_of(stream, names)))


def _seats_of(stream: Stream, strategies: list[str]) -> Iterator[Seat]:
    for reader in stream.readers:
        for strategy in strategies if stream.split or reader.per_strategy else [""]:
            yield _seat(stream, reader, strategy)


def _seat(stream: Stream, reader: Reader, strategy: str) -> Seat:
    name = stream.of(strategy) if stream.split else stream.name
    required = not (reader.per_strategy and stream.kind is Kind.MARKET)
    return Seat(reader.turn, name, group_name(reader, strategy), required)


class Turns:
    """Asks the server about seats. `known`: strategies that are there whatever the configuration says (a reader's own)."""

    def __init__(self, commands: Session, prefix: str, known: Iterable[str] = ()) -> None:
        self._commands, self._prefix = commands, prefix
        self._known = frozenset(known)
        self._seats: tuple[Seat, ...] = ()
        self._planned_s = float("-inf")

    async def may_read(self, turn: int) -> bool:
        """Return whether every group of a lower turn is drained."""
        return await self._drained([seat for seat in await self._plan() if seat.turn < turn])

    async def settled(self) -> bool:
        """Return whether every service has its groups and every group is drained: the next event may go out."""
        plan = await self._plan()
        return not await self._absent(plan) and await self._drained(list(plan))

    async def absent(self) -> tuple[str, ...]:
        """Return `stream group` of those that a running system has and that do not exist yet."""
        return await self._absent(await self._plan())

    async def _drained(self, wanted: list[Seat]) -> bool:
        streams = list(dict.fromkeys(seat.stream for seat in wanted))
        index = {name: number for number, name in enumerate(streams, start=1)}
        pairs = [part for seat in wanted for part in (index[seat.stream], seat.group)]
        return not await self._commands.run(FIRST_UNDRAINED, [self._prefix + name for name in streams], pairs)

    async def _absent(self, plan: tuple[Seat, ...]) -> tuple[str, ...]:
        existing = {name: await self._groups(name) for name in dict.fromkeys(seat.stream for seat in plan if seat.required)}
        return tuple(f"{seat.stream} {seat.group}" for seat in plan if seat.required and seat.group not in existing[seat.stream])

    async def _groups(self, name: str) -> set[str]:
        if not await self._commands.call(pack("EXISTS", self._prefix + name)):
            return set()
        found = await self._commands.call(pack("XINFO", "GROUPS", self._prefix + name))
        return {fields[1].decode() for fields in found}

    async def _plan(self) -> tuple[Seat, ...]:
        if time.monotonic() - self._planned_s > PLAN_S:
            self._planned_s = time.monotonic()
            self._seats = seats(self._known | await self._configured())
        return self._seats

    async def _configured(self) -> frozenset[str]:
        """Return the strategies that run by the newest configuration."""
        newest = await self._commands.call(pack("XREVRANGE", self._prefix + CONFIG.name, "+", "-", "COUNT", 1))
        try:
            configs: list[ConfigApplied] = [row_of(CONFIG.name).decode(i.decode(), fields).message for i, fields in newest]
        except BadInput:
            return frozenset()
        return frozenset(one.id for config in configs for one in config.strategies if not one.paused)
