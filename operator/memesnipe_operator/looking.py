"""Looks up what the status shows: position_manager's word on what is held, and when each strategy last wanted something."""

from collections.abc import Iterable

from memesnipe.bus import topology
from memesnipe.bus.session import Session
from memesnipe.bus.wire import pack
from memesnipe.messages.codec import decode
from memesnipe.messages.control import Holdings
from memesnipe_operator.performance import Standing, standing_of


async def look(redis: Session, strategies: Iterable[str], prefix: str = "") -> Standing | None:
    """Ask Redis; None while position_manager has not said what is held. Raises Unavailable, BadInput."""
    raw = await redis.call(pack("GET", prefix + topology.HOLDINGS_KEY))
    if raw is None:
        return None
    signals = {name: await _newest_ms(redis, prefix + topology.INTENTS.of(name)) for name in strategies}
    return standing_of(decode(Holdings, raw), {name: ms for name, ms in signals.items() if ms})


async def _newest_ms(redis: Session, stream: str) -> int:
    found = await redis.call(pack("XREVRANGE", stream, "+", "-", "COUNT", 1))
    return int(bytes(found[0][0]).partition(b"-")[0]) if found else 0
