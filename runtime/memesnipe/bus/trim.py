"""Keeping Redis small without losing an order. The control process runs `trim_forever`.

ORDER streams go by XTRIM MINID below every group's oldest pending and last-delivered id, and not at all while a group that
must read them is missing; who reads them without a group has `folded_ms` to come by. MARKET streams go by age and length: their
readers skip. FOLD streams keep `length_max` entries, and the kill switch all of them: its n-th entry is halt epoch n. Groups of a
strategy that is gone are removed.
"""

import asyncio
import time
from collections.abc import Callable, Iterable

from prometheus_client import Gauge

from memesnipe.bus.scripts import DISMISS, RETIRE, TRIM
from memesnipe.bus.session import NoGroup, Session
from memesnipe.bus.topology import DEAD_LETTERS, KILL_SWITCH, STREAMS, Kind, Stream, group_name
from memesnipe.bus.wire import pack
from memesnipe.kernel.clock import NS_PER_MS
from memesnipe.kernel.errors import MemeSnipeError
from memesnipe.kernel.logs import logger
from memesnipe.kernel.settings import CommonSettings

EVERY_S = 10.0
CONSUMER_IDLE_MS = 3_600_000
FOLDED_MS = 600_000
"""So long an order stream is kept for those who fold it: they look every second and may be started over, but nobody waits for them."""
FEW = 8
"""Keys that are looked at one by one rather than asked for by halves again."""
STREAM_LENGTH = Gauge("memesnipe_stream_length", "Entries kept in a stream, all strategies together", ["stream"])


class Trimmer:
    """One pass over all streams; connects on first use."""

    def __init__(self, settings: CommonSettings, *, folded_ms: int = FOLDED_MS) -> None:
        self._commands = Session(settings.redis_url, "trim")
        self._prefix, self._folded_ms = settings.key_prefix, folded_ms

    async def trim(self, strategies: Iterable[str]) -> int:
        """Trim every stream of the topology for the strategies that are applied; return how many entries went."""
        names = sorted(set(strategies))
        gone = sum([await self._trim_row(stream, names) for stream in STREAMS])
        STREAM_LENGTH.labels(DEAD_LETTERS).set(await self._commands.call(pack("XLEN", self._prefix + DEAD_LETTERS)))
        return gone

    async def _trim_row(self, stream: Stream, strategies: list[str]) -> int:
        gone = length = 0
        for strategy in await self._with_stream(stream, strategies) if stream.split else [""]:
            key = self._prefix + (stream.of(strategy) if stream.split else stream.name)
            gone += await self._trim_one(stream, key, strategies if not stream.split else [strategy])
            length += await self._commands.call(pack("XLEN", key))
        STREAM_LENGTH.labels(stream.name).set(length)
        return gone

    async def _with_stream(self, stream: Stream, strategies: list[str]) -> list[str]:
        """Return those that may have this stream, by halves: a thousand new ones have none, and questions for each cost half a core."""
        if not strategies or not await self._commands.call(pack("EXISTS", *(self._prefix + stream.of(one) for one in strategies))):
            return []
        if len(strategies) <= FEW:
            return strategies
        half = len(strategies) // 2
        return [*await self._with_stream(stream, strategies[:half]), *await self._with_stream(stream, strategies[half:])]

    async def _trim_one(self, stream: Stream, key: str, strategies: list[str]) -> int:
        if stream.kind is Kind.ORDER:
            wanted = _groups(stream, strategies)
            await self._dismiss(key, wanted)
            kept = f"{time.time_ns() // NS_PER_MS - self._folded_ms}-0" if stream.folded_by else ""
            return int(await self._commands.run(TRIM, [key], [kept, *wanted]))
        gone = 0
        if stream.kind is Kind.MARKET:
            horizon_ms = time.time_ns() // NS_PER_MS - stream.age_ms_max
            gone += await self._commands.call(pack("XTRIM", key, "MINID", "~", horizon_ms))
            await self._remove_strangers(key, _groups(stream, strategies))
        if stream is not KILL_SWITCH:
            gone += await self._commands.call(pack("XTRIM", key, "MAXLEN", "~", stream.length_max))
        return gone

    async def _dismiss(self, key: str, groups: list[str]) -> None:
        there = await self._existing(key)
        for group in groups:
            if group in there:
                await self._commands.run(DISMISS, [key], [group, CONSUMER_IDLE_MS])

    async def _remove_strangers(self, key: str, wanted: list[str]) -> None:
        """Remove the groups of strategies that are gone; a group of no strategy's is left to whoever made it."""
        for group in await self._existing(key) - set(wanted):
            if ":" in group:
                await self._destroy(key, group)

    async def _existing(self, key: str) -> set[str]:
        if not await self._commands.call(pack("EXISTS", key)):
            return set()
        return {fields[1].decode() for fields in await self._commands.call(pack("XINFO", "GROUPS", key))}

    async def remove(self, strategy: str) -> bool:
        """Remove the groups of a strategy that is gone for good, and its own streams once everyone has read them.

        Returns whether nothing is left; until then, call again. Raises Unavailable.
        """
        done = True
        for stream in STREAMS:
            key = self._prefix + (stream.of(strategy) if stream.split else stream.name)
            for reader in stream.readers:
                if reader.per_strategy:
                    await self._destroy(key, group_name(reader, strategy))
            if stream.split:
                done = bool(await self._commands.run(RETIRE, [key], [])) and done
        return done

    async def _destroy(self, key: str, group: str) -> None:
        if group in await self._existing(key):
            await self._commands.call(pack("XGROUP", "DESTROY", key, group))
            logger().info("group_removed", stream=key, group=group)

    async def close(self) -> None:
        """Close the connection."""
        await self._commands.close()


def _groups(stream: Stream, strategies: list[str]) -> list[str]:
    return [group_name(reader, strategy) for reader in stream.readers for strategy in (strategies if reader.per_strategy else [""])]


async def trim_forever(settings: CommonSettings, strategies: Callable[[], Iterable[str]], *, every_s: float = EVERY_S) -> None:
    """Trim every `every_s` seconds until cancelled. `strategies` names those that are applied now, paused ones too."""
    trimmer = Trimmer(settings)
    try:
        while True:
            try:
                await trimmer.trim(strategies())
            except (MemeSnipeError, NoGroup) as error:  # a stream or group that goes while we look is no reason to end who runs us
                logger().warning("trim_failed", detail=str(error))
            await asyncio.sleep(every_s)
    finally:
        await trimmer.close()
