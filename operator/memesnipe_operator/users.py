"""Redis users: the services' by the hashes that set-up made, each strategy's by its derived password. Kept in step with Redis.

A Redis that was restarted without its user file, or lost everything, has none of them: its run id has changed then, and all are made
again, as they are when one of them was deleted. Making a user again with the same rules disturbs nobody who is connected.
"""

import hashlib
from collections.abc import Mapping

from memesnipe.bus import acl
from memesnipe.bus.session import Session
from memesnipe.bus.wire import pack
from memesnipe.kernel.errors import Bug
from memesnipe.kernel.logs import logger
from memesnipe_operator.passwords import password_of

EXECUTOR = acl.user_of("")
"""What the names of strategies' users begin with."""


class Users:
    """The users of one Redis, made by its administrator."""

    def __init__(self, redis: Session, services: Mapping[str, str], master: bytes, prefix: str = "") -> None:
        self._redis, self._services, self._master, self._prefix = redis, services, master, prefix
        self._granted: set[str] = set()
        self._run_id = b""
        self._unsaved = False

    def password(self, strategy: str) -> str:
        """Return the password of a strategy's user."""
        return password_of(self._master, acl.user_of(strategy))

    async def grant(self, strategy: str) -> None:
        """Make a strategy's user, unless it was made already. Raises Unavailable, ConfigError."""
        name = acl.user_of(strategy)
        if name not in self._granted:
            digest = hashlib.sha256(self.password(strategy).encode()).hexdigest()
            await self._set(name, digest, acl.executor_rules(strategy, self._prefix))

    async def withdraw(self, strategy: str) -> None:
        """Remove a strategy's user; who is connected as it is cut off. Raises Unavailable."""
        await self._redis.call(pack("ACL", "DELUSER", acl.user_of(strategy)))
        self._granted.discard(acl.user_of(strategy))
        self._unsaved = True

    async def follow(self) -> bool:
        """Make the users where Redis is another than before, or lost one of ours; return whether so. Raises Unavailable, ConfigError."""
        run_id = _field(bytes(await self._redis.call(pack("INFO", "server"))), b"run_id")
        granted = set(self._granted)  # as it was when we ask: one that is granted meanwhile is not missing
        there = {bytes(raw).decode() for raw in await self._redis.call(pack("ACL", "USERS"))}
        if run_id == self._run_id and granted & self._granted <= there:
            return False
        self._granted.clear()
        for service, digest in self._services.items():
            await self._set(service, digest, acl.service_rules(service, self._prefix))
        self._run_id = run_id
        return True

    async def remove_strangers(self, strategies: frozenset[str]) -> None:
        """Remove the users of strategies that are gone. Raises Unavailable."""
        for raw in await self._redis.call(pack("ACL", "USERS")):
            name = bytes(raw).decode()
            if name.startswith(EXECUTOR) and name.removeprefix(EXECUTOR) not in strategies:
                await self.withdraw(name.removeprefix(EXECUTOR))

    async def save(self) -> None:
        """Keep the users over a restart of Redis, where it has a file for them. Raises Unavailable."""
        if not self._unsaved:
            return
        try:
            await self._redis.call(pack("ACL", "SAVE"))
        except Bug as error:  # it has no file for them: they are made again when it restarts
            logger().info("users_not_saved", detail=str(error))
        self._unsaved = False

    async def _set(self, name: str, digest: str, rules: list[str]) -> None:
        await self._redis.call(pack("ACL", "SETUSER", name, "reset", "on", f"#{digest}", *rules))
        self._granted.add(name)
        self._unsaved = True


def _field(info: bytes, name: bytes) -> bytes:
    return next((line.partition(b":")[2].strip() for line in info.splitlines() if line.startswith(name + b":")), b"")
