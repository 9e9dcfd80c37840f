"""A connection that comes back: reconnects with backoff, repeats what may be repeated, gives up after a bounded wait.

Everything the bus sends is safe to repeat: reads, scripts behind a fence or token, idempotent sets. So a lost reply is
answered by asking again, and only when Redis stays away longer than `wait_s_max` does the caller see Unavailable.
"""

import asyncio
import time
from typing import Any
from urllib.parse import urlsplit

import hiredis
from redis.exceptions import AuthenticationError, RedisError

from memesnipe.bus.scripts import ALL, Script
from memesnipe.bus.wire import ConnectionLost, Link, Reply, open_link, pack
from memesnipe.kernel.errors import Bug, ConfigError, Unavailable
from memesnipe.kernel.logs import logger

# Conditions of the server that pass: starting, failing over, disk full, memory full, no replica, a long script.
PASSING = ("LOADING", "MASTERDOWN", "READONLY", "MISCONF", "NOREPLICAS", "OOM", "BUSY", "TRYAGAIN", "CLUSTERDOWN", "UNKILLABLE")
RECONNECT = ("READONLY", "MASTERDOWN")
"""Answers that say this server is no longer the one to talk to; a new connection may reach the new primary."""
DENIED = ("NOPERM", "NOAUTH", "WRONGPASS")
REPLY_S_MAX = 5.0
"""A server that does not answer a plain command in this time is taken for dead, and asked again on a new connection."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 1.0


class NoGroup(Exception):  # noqa: N818 - it reads as what it says
    """A consumer group is gone: the server lost its data, or a strategy's groups were removed."""


class NoScript(Exception):  # noqa: N818 - it reads as what it says
    """The server does not have a script: it was restarted or flushed."""


FINAL: dict[str, type[Exception]] = {"NOSCRIPT": NoScript, "NOGROUP": NoGroup, "UNBLOCKED": NoGroup}


class Session:
    """One connection slot: the link of now, and how to get the next one."""

    def __init__(self, url: str, name: str, *, wait_s_max: float = 10.0, reply_s_max: float = REPLY_S_MAX) -> None:
        self._url, self._name = url, name
        self._wait_s_max, self._reply_s_max = wait_s_max, reply_s_max
        self._link: Link | None = None
        self._connecting = asyncio.Lock()
        self._closed = False

    @property
    def place(self) -> str:
        """Return the server's address without user and password, for messages."""
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.hostname}:{parts.port or 6379}" if parts.hostname else f"{parts.scheme}://{parts.path}"

    @property
    def is_linked(self) -> bool:
        """Return whether there is a connection now."""
        return self._link is not None and not self._link.lost

    async def call(self, packed: bytes) -> Any:
        """Send one packed command and return its reply, repeating it while the trouble may pass.

        Raises Unavailable (after `wait_s_max`), ConfigError (user or password refused), NoGroup, Bug (any other error reply).
        """
        deadline, pause_s = time.monotonic() + self._wait_s_max, FIRST_PAUSE_S
        while True:
            link = self._link
            if link is None or link.lost:
                link = await self.link()
            value = await self._ask(link, packed)
            if not isinstance(value, Exception):
                return value
            failure = self.judge(value)
            if time.monotonic() + pause_s > deadline:
                raise self.unavailable(failure)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _ask(self, link: Link, packed: bytes) -> Any:
        reply = link.send(packed)
        if await reply.wait(self._reply_s_max):
            return reply.value
        self.drop(link)
        return ConnectionLost(f"no answer in {self._reply_s_max} s")

    def unavailable(self, failure: str) -> Unavailable:
        """Return the error that names the server and what it last said."""
        return Unavailable("redis", f"{self.place}: {failure}", retry_after_s=LONGEST_PAUSE_S)

    async def run(self, script: Script, keys: list[str], arguments: list[Any]) -> Any:
        """Call a script by its SHA1; load the scripts and call again where the server does not know it."""
        return await self.run_packed(script.pack(keys, arguments))

    async def run_packed(self, packed: bytes) -> Any:
        """As `run`, for a call that is packed already."""
        while True:
            try:
                return await self.call(packed)
            except NoScript:
                await self._load_scripts()

    async def _load_scripts(self) -> None:
        for script in ALL:
            await self.call(pack("SCRIPT", "LOAD", script.text))

    def judge(self, error: Exception) -> str:
        """Return why to try again. Raises what must not be tried again."""
        text = str(error)
        word = text.partition(" ")[0]
        if isinstance(error, ConnectionLost) or word in PASSING:
            if word in RECONNECT and self._link is not None:
                self.drop(self._link)
            return text
        if word in DENIED:
            raise ConfigError(f"MEMESNIPE_REDIS_URL: {self.place} refuses this user: {text}")
        raise FINAL.get(word, Bug)(f"redis: {text}")

    async def link(self) -> Link:
        """Return the live link, connecting with backoff if there is none. Raises Unavailable, ConfigError."""
        async with self._connecting:
            if self._link is not None and not self._link.lost:
                return self._link
            self._link = await self._connect()
            return self._link

    async def _connect(self) -> Link:
        deadline, pause_s = time.monotonic() + self._wait_s_max, FIRST_PAUSE_S
        while True:
            if self._closed:
                raise Unavailable("redis", "the bus is closed")
            try:
                return await open_link(self._url, self._name)
            except (OSError, RedisError, TimeoutError, ConnectionLost) as error:
                if time.monotonic() + pause_s > deadline:
                    if isinstance(error, AuthenticationError):
                        raise ConfigError(f"MEMESNIPE_REDIS_URL: {self.place} refuses this user") from None
                    raise self.unavailable(str(error)) from None
                logger().warning("redis_unreachable", place=self.place, detail=str(error))
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def drop(self, link: Link) -> None:
        """Close a link that can no longer be believed; the next call makes a new one."""
        link.close()
        if self._link is link:
            self._link = None

    async def close(self) -> None:
        """Close for good."""
        self._closed = True
        if self._link is not None:
            self._link.close()
            self._link = None


def is_error(value: Any) -> bool:
    """Return whether a reply is an error reply or a lost connection."""
    return isinstance(value, hiredis.ReplyError | ConnectionLost)


__all__ = ["NoGroup", "NoScript", "Reply", "Session", "is_error"]
