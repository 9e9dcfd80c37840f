"""The guard of an uninstall: is a live position held? Who cannot be asked has not said no."""

import asyncio
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from memesnipe.bus.topology import HOLDINGS_KEY
from memesnipe.kernel.errors import BadInput, MemeSnipeError
from memesnipe.kernel.logs import logger
from memesnipe.messages import codec
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import Holdings
from memesnipe_operator.drain.settings import DrainSettings

POLL_S = 0.5
ANSWER_S_MAX = 5.0
ANYWAY = "To uninstall anyway, what is held left to nobody's care: helm upgrade --reset-then-reuse-values --set uninstall.force=true, again"


class StillHeld(MemeSnipeError):  # noqa: N818 - the reason, not an error
    """Live positions are held."""


class Unknown(StillHeld):
    """Nobody can tell."""


async def refuse_while_held(settings: DrainSettings, flat_s: float = 0.0) -> None:
    """Return when nothing live was held for `flat_s` seconds on end; at once when forced. Raises StillHeld, Unknown."""
    until_s = _now_s() + flat_s
    await _look(settings)
    while not settings.force and _now_s() < until_s:
        await asyncio.sleep(POLL_S)
        await _look(settings)


def live_in(holdings: Holdings) -> list[str]:
    """Return each live position in words: whose, of what, how much (token base units), at what cost (lamports)."""
    live = [account for account in holdings.accounts if account.mode is Mode.LIVE]
    return [
        f"{account.strategy} holds {one.units} units of {one.mint}, which cost {one.cost_lamports} lamports"
        for account in live
        for one in account.holdings
        if one.units > 0
    ]


async def _look(settings: DrainSettings) -> None:
    try:
        held = live_in(await _told(settings))
    except Unknown as unknown:
        if not settings.force:
            raise
        logger().warning("not_looked_at", detail=str(unknown), why="uninstall.force is true")
        return
    if held and not settings.force:
        raise StillHeld(f"{len(held)} live positions are held: {'; '.join(held)}. Close them (`memesnipe close STRATEGY MINT`). {ANYWAY}")
    if held:
        logger().warning("left_in_the_wallet", positions=held, why="uninstall.force is true")


async def _told(settings: DrainSettings) -> Holdings:
    """Return what is held, asked again for a while: Redis and position_manager may just be starting. Raises Unknown."""
    deadline_s = _now_s() + (0.0 if settings.force else settings.told_s)
    while True:
        try:
            return await _asked(settings)
        except Unknown:
            if _now_s() >= deadline_s:
                raise
        await asyncio.sleep(POLL_S)


async def _asked(settings: DrainSettings) -> Holdings:
    key = settings.key_prefix + HOLDINGS_KEY
    redis: Any  # its calls are typed as both kinds of client at once
    try:
        async with Redis.from_url(settings.redis_url, socket_timeout=ANSWER_S_MAX, socket_connect_timeout=ANSWER_S_MAX) as redis:
            raw = await redis.get(key)
    except (RedisError, OSError, ValueError) as error:  # ValueError's text can quote the URL
        raise Unknown(f"nobody can tell what is held: Redis cannot be asked ({type(error).__name__}). {ANYWAY}") from None
    if raw is None:
        raise Unknown(f"nobody can tell what is held: position_manager has not said it ({key} is not in Redis). {ANYWAY}")
    try:
        return codec.decode(Holdings, raw)
    except BadInput as bad:
        raise Unknown(f"nobody can tell what is held: {key} cannot be read ({bad.field}: {bad.reason}). {ANYWAY}") from None


def _now_s() -> float:
    return asyncio.get_running_loop().time()
