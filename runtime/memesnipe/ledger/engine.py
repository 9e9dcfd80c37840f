"""How the ledger's database is opened: SQLite in WAL by default, PostgreSQL where DATABASE_URL says so."""

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from memesnipe.kernel.errors import ConfigError

FILE_NAME = "trades_v18.db"
BUSY_TIMEOUT_MS = 5_000
POSTGRES_TIMEOUT_MS = 10_000
NO_DRIVER = "DATABASE_URL asks for PostgreSQL, whose driver is not installed: pip install 'memesnipe[postgres]', or unset it for SQLite"

_POSTGRES: dict[str, str | int] = {
    "connect_timeout": 5,
    "options": f"-c statement_timeout={POSTGRES_TIMEOUT_MS} -c lock_timeout={POSTGRES_TIMEOUT_MS}",
    # A database made under LC_ALL=C is SQL_ASCII, and the driver then answers text as bytes.
    "client_encoding": "utf8",
}


def ledger_url(data_dir: str, database_url: str = "") -> str:
    """Return where the ledger is: DATABASE_URL if given, else `<data_dir>/trades_v18.db`. Raises ConfigError on another database."""
    if not database_url:
        return f"sqlite:///{Path(data_dir).resolve() / FILE_NAME}"
    try:
        url = make_url(database_url)
    except ArgumentError:
        raise ConfigError("DATABASE_URL: not a database URL such as postgresql://user@host/name") from None
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    if url.get_backend_name() == "sqlite":
        return database_url
    raise ConfigError(f"DATABASE_URL: {url.get_backend_name()} is not supported, only postgresql and sqlite")


def open_engine(url: str) -> Engine:
    """Return an engine that fails within seconds instead of hanging: a stuck ledger must be noticed, not waited for.

    Raises ConfigError where PostgreSQL is asked for and its driver is not installed.
    """
    if url.startswith("postgresql"):
        try:
            return create_engine(url, connect_args=_POSTGRES, pool_pre_ping=True, pool_size=4, hide_parameters=True)
        except ImportError:
            raise ConfigError(NO_DRIVER) from None
    _make_folder(url)
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _make_folder(url: str) -> None:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """WAL lets readers go on while we write; FULL, because the stream entry is acknowledged right after the row is written."""
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
