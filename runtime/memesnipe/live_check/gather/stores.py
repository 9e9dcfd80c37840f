"""What must remember: Redis, the ledger, the signer's audit, the disk. Everything is opened for reading alone."""

import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, RedisError
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from memesnipe.kernel.clock import NS_PER_MS, Clock
from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.ledger.migrate import SCRIPTS
from memesnipe.live_check.facts import Audit, Folder, Ledger, RedisServer, Seen, Silent, Unseen
from memesnipe.live_check.installation import SIGNERS_POD, Installation
from memesnipe.live_check.judge.mode import START
from memesnipe.signer.audit import AuditBroken, verify

REPLY_S_MAX = 4.0
LIVE_UNITS = text("SELECT mint, SUM(units) FROM positions WHERE mode = 'live' AND units > 0 GROUP BY mint")
ASK_REDIS = "ask the server as its administrator: redis-cli CONFIG GET 'maxmemory-policy' and CONFIG GET 'append*'"


def folder(place: Installation) -> Seen[Folder]:
    """The data folder: who may write, how much is free. Nothing is written to find out."""
    if not place.data.is_dir():
        return (
            Unseen(f"{place.data} is made when the stack first starts")
            if place.by_up and not place.runs
            else Silent(f"{place.data} is no folder")
        )
    return Folder(str(place.data), os.access(place.data, os.W_OK | os.X_OK), shutil.disk_usage(place.data).free)


def audit(place: Installation) -> Seen[Audit]:
    """The whole chain, line by line."""
    if isinstance(place.signer, Unseen):
        return Unseen(SIGNERS_POD if place.place == "pod" else place.signer.where)
    path = place.signer.store_path
    if not path.exists():
        return Audit(0)
    if not os.access(path, os.R_OK):
        return Unseen(f"{path} is not readable by this user: run this as the signer's")
    try:
        return Audit(verify(path))
    except AuditBroken as error:
        return Audit(0, str(error))


def ledger(place: Installation) -> Seen[Ledger]:
    """Schema and open live positions."""
    url = ledger_url(str(place.data), place.positions.database_url)
    wanted = ScriptDirectory(str(SCRIPTS)).get_current_head() or ""
    if url.startswith("sqlite") and not Path(make_url(url).database or "").is_file():
        if place.place == "pod":
            return Unseen("position_manager has it: kubectl exec deploy/memesnipe-position-manager -- memesnipe live-check")
        return Ledger("", wanted, {}, exists=False)
    engine = (
        open_engine(url)
        if url.startswith("postgresql")
        else create_engine("sqlite://", creator=lambda: _read_only(url), hide_parameters=True)
    )
    try:
        with engine.connect() as connection:
            return _ledger(connection, wanted)
    except SQLAlchemyError as error:
        return Silent(f"the ledger cannot be read: {type(getattr(error, 'orig', None) or error).__name__}")
    finally:
        engine.dispose()


def _read_only(url: str) -> sqlite3.Connection:
    path = Path(make_url(url).database or "").absolute()
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=2.0, check_same_thread=False)


def _ledger(connection: Connection, wanted: str) -> Ledger:
    revision = MigrationContext.configure(connection).get_current_revision() or ""
    units = {mint: int(held) for mint, held in connection.execute(LIVE_UNITS)} if revision == wanted else {}
    return Ledger(revision, wanted, units)


async def redis(place: Installation, clock: Clock) -> Seen[int]:
    """A ping under our own user (ms)."""
    if not _there(place):
        return Unseen(START)
    started_ns = clock.now_ns()
    try:
        client: Any
        async with asked(place.guard.redis_url) as client:
            await client.ping()
    except (RedisError, OSError, ValueError) as error:
        return Silent(f"Redis at {_where(place.guard.redis_url)}: {type(error).__name__}")
    return (clock.now_ns() - started_ns) // NS_PER_MS


async def redis_server(place: Installation) -> Seen[RedisServer]:
    """How it keeps what it is told: an administrator's question, whose password lies in a host's data folder."""
    if not _there(place):
        return Unseen(START)
    try:
        client: Any
        async with asked(_as_administrator(place)) as client:
            told = await client.config_get("maxmemory-policy", "appendonly", "appendfsync")
            persistence = await client.info("persistence")
    except NoPermissionError:
        return Unseen(ASK_REDIS)
    except (RedisError, OSError, ValueError) as error:
        return Silent(f"Redis at {_where(place.guard.redis_url)}: {type(error).__name__}")
    return RedisServer(
        str(told.get("maxmemory-policy", "unknown")),
        told.get("appendonly") == "yes",
        str(told.get("appendfsync", "unknown")),
        persistence.get("aof_last_write_status", "ok") == "ok",
    )


def _there(place: Installation) -> bool:
    """Whether there should be a server: `up` starts its own, and a pod without an address uses none."""
    return place.runs if place.by_up else place.place == "host" or place.is_set("redis_url")


def asked(url: str, *, decode_responses: bool = True) -> Any:
    """Return a client that gives up within seconds (Any: redis-py's own types say Awaitable or value for everything)."""
    return Redis.from_url(url, protocol=2, decode_responses=decode_responses, socket_timeout=REPLY_S_MAX, socket_connect_timeout=2.0)


def _as_administrator(place: Installation) -> str:
    secret = place.data / "keys" / "redis" / "default"
    if not (place.by_up and secret.is_file() and os.access(secret, os.R_OK)):
        return place.guard.redis_url
    parts = urlsplit(place.guard.redis_url)
    return urlunsplit(parts._replace(netloc=f"default:{secret.read_text().strip()}@{parts.hostname}:{parts.port or 6379}"))


def _where(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 6379}"
