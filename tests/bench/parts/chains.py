"""The contenders: three stages between two ends, each stage a process of its own. `python -m parts.chains <kind> <n> <url>`.

- raw: prepacked commands on a bare socket protocol; acknowledge, produce and read again in ONE write. No fence, no decoding.
- redis_py: redis-py and uvloop at their best: a pipeline for each batch.
- bus: the shipped bus: decode, validate, encode, Lua fence, one commit a batch. Stages do nothing else.
"""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import redis.asyncio
import uvloop
from msgspec.structs import replace

from memesnipe.bus.api import Entry, Output, Subscription
from memesnipe.bus.redis_bus import connect
from memesnipe.bus.topology import APPROVED, FILLS, INTENTS, PRICE, Stream
from memesnipe.bus.wire import open_link, pack
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.settings import CommonSettings
from memesnipe.testing.builders import a_fill, an_approved, an_intent

STRATEGY = "bench"
COUNT = 100


async def raw(number: int, url: str) -> None:
    """Move entries on as they are."""
    link = await open_link(url, "raw")
    source, target = f"raw:{number}", f"raw:{number + 1}"
    read = pack("XREADGROUP", "GROUP", "g", "c", "COUNT", COUNT, "BLOCK", 1_000, "STREAMS", source, ">")
    await link.send(pack("XGROUP", "CREATE", source, "g", "0", "MKSTREAM")).wait(5.0)
    reply = link.send(read)
    while True:
        await reply.wait(10.0)
        if not reply.value:
            reply = link.send(read)
            continue
        entries = reply.value[0][1]
        acknowledge = pack("XACK", source, "g", *(entry_id for entry_id, _ in entries))
        produce = [pack("XADD", target, "*", "m", fields[1]) for _, fields in entries]
        reply = link.send_all([acknowledge, *produce, read])


async def redis_py(number: int, url: str) -> None:
    """Move entries on, a pipeline for each batch."""
    client = await _client(url, f"redis_py:{number}")
    while True:
        for _, entries in await client.xreadgroup("g", "c", {f"redis_py:{number}": ">"}, count=COUNT, block=1_000) or []:
            async with client.pipeline(transaction=False) as pipe:
                for _, fields in entries:
                    pipe.xadd(f"redis_py:{number + 1}", fields)
                pipe.xack(f"redis_py:{number}", "g", *(entry_id for entry_id, _ in entries))
                await pipe.execute()


async def _client(url: str, source: str) -> Any:
    client = redis.asyncio.Redis.from_url(url, socket_timeout=None)
    await client.xgroup_create(source, "g", "0", mkstream=True)
    return client


INTENT = an_intent(strategy=STRATEGY)
ORDER = an_approved(INTENT)
FILL = a_fill(INTENT)


def _intents(entry: Entry) -> list[Output]:
    made = [replace(INTENT, id=event.event_id) for event in entry.message.events]
    return [Output(INTENTS.of(STRATEGY), intent, intent.id) for intent in made]


def _approvals(entry: Entry) -> list[Output]:
    return [Output(APPROVED.name, replace(ORDER, intent=entry.message), entry.message.id)]


def _fills(entry: Entry) -> list[Output]:
    intent_id = entry.message.intent.id
    return [Output(FILLS.of(STRATEGY), replace(FILL, intent_id=intent_id), intent_id)]


STAGES: dict[int, tuple[Stream, str, Callable[[Entry], list[Output]]]] = {
    0: (PRICE, "executor", _intents),
    1: (INTENTS, "risk_guardian", _approvals),
    2: (APPROVED, "wallet_guard", _fills),
}


async def bus(number: int, url: str) -> None:
    """Do nothing but what the bus makes every stage do."""
    stream, group, decide = STAGES[number]
    here = await connect(CommonSettings(redis_url=url), SystemClock(), service=group, consumer="bench")
    reader = next(one for one in stream.readers if one.group == group)
    await here.subscribe([Subscription(stream, reader, (STRATEGY,))])
    while True:
        batch = await here.read(block_ms=1_000)
        if batch is not None:
            await here.commit(batch, [decide(entry) for entry in batch.entries])


KINDS: dict[str, Callable[[int, str], Awaitable[Any]]] = {
    "raw": raw,
    "redis_py": redis_py,
    "bus": bus,
}


if __name__ == "__main__":
    uvloop.run(KINDS[sys.argv[1]](int(sys.argv[2]), sys.argv[3]))  # type: ignore[arg-type]
