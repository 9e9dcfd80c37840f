"""Redis users: each service and each strategy's executor gets one that reaches its own streams and keys and nothing else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from memesnipe.bus import acl
from memesnipe.bus.topology import STREAMS
from memesnipe.control.files import password, passwords_folder
from memesnipe.control.settings import ControlSettings

LOOKERS = ("dashboard", "cli")


async def grant_access(settings: ControlSettings, strategies: list[str]) -> None:
    """Create or renew every user and save them in the server's ACL file. A user that is gone from the manifests is removed."""
    data = settings.data()
    wanted = dict(_users(settings, strategies))
    redis: Any
    async with Redis.from_url(settings.redis_url, protocol=2) as redis:  # Any: execute_command is not annotated
        for name, rules in wanted.items():
            await redis.execute_command("ACL", "SETUSER", name, "reset", "on", f">{password(passwords_folder(data, name), name)}", *rules)
        for stale in await _strangers(redis, data, set(wanted)):
            await redis.execute_command("ACL", "DELUSER", stale)
        await redis.execute_command("ACL", "SAVE")


def _users(settings: ControlSettings, strategies: list[str]) -> Iterator[tuple[str, list[str]]]:
    prefix = settings.key_prefix
    more = acl.replay_rules(prefix) if settings.clock == "replay" else []
    for service in service_users():
        yield service, [*acl.service_rules(service, prefix), *more]
    for strategy in strategies:
        yield acl.user_of(strategy), [*acl.executor_rules(strategy, prefix), *more]


def service_users() -> list[str]:
    """Return everyone the topology names who is one user: executors have one each, and administrators use the administrator's."""
    named = {name for s in STREAMS for name in (*s.producers, *s.folded_by, *(reader.group for reader in s.readers))}
    return sorted({*named, *LOOKERS} - {"executor", *acl.ADMINISTERS})


async def _strangers(redis: Any, data: Path, wanted: set[str]) -> list[str]:
    """Users of ours that nobody needs any more: ours are those whose password lies in our folder."""
    names = [_text(name) for name in await redis.execute_command("ACL", "USERS")]
    return [
        name for name in names if name.startswith("executor-") and name not in wanted and (passwords_folder(data, name) / name).exists()
    ]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
