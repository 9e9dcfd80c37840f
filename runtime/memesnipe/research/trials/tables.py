"""The research database's tables: one row for each trial of each search. SQLite in `<data folder>/research.db`, or schema `research`
of a PostgreSQL.

Rows are only ever added, or get their outcome; nothing deletes a trial, for a trial that is forgotten makes the next result look better.
"""

from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    insert,
    inspect,
    select,
    text,
)

from memesnipe.kernel.errors import ConfigError
from memesnipe.ledger.engine import ledger_url, open_engine

FILE_NAME = "research.db"
SCHEMA_NAME = "research"
VERSION = 1
_LOCK = 0x4D53_5253
"""PostgreSQL advisory lock: two searches that start together must not both create tables."""

metadata = MetaData(schema=SCHEMA_NAME)

TRIALS = Table(
    "trials",
    metadata,
    Column("key", String, primary_key=True),
    Column("strategy", String, nullable=False),
    Column("study", String, nullable=False),
    Column("parameters", String, nullable=False),
    Column("parameters_hash", String, nullable=False),
    Column("data_hash", String, nullable=False),
    Column("code_version", String, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("period_s", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("registered_ns", BigInteger, nullable=False),
    Column("finished_ns", BigInteger),
    Column("observations", Integer),
    Column("sharpe", Float),
    Column("returns", LargeBinary),
    Column("error", String),
    Index("trials_by_strategy", "strategy"),
    Index("trials_by_study", "strategy", "study"),
)
"""`key` is derived from strategy, study, parameters, data, code and seed: the same trial asked for twice is one row."""

META = Table("meta", metadata, Column("name", String, primary_key=True), Column("value", Integer, nullable=False))


def research_url(data_dir: str, database_url: str = "") -> str:
    """Return where trials are kept. Raises ConfigError on a database that is neither SQLite nor PostgreSQL."""
    if database_url:
        return ledger_url(data_dir, database_url)
    return f"sqlite:///{Path(data_dir).resolve() / FILE_NAME}"


def open_research(url: str) -> Engine:
    """Return an engine on a database whose tables exist. Raises ConfigError where a newer release made them."""
    engine = open_engine(url)
    postgres = engine.dialect.name == "postgresql"
    if not postgres:
        # SQLite has no schemas: the tables stand alone in their file.
        engine = engine.execution_options(schema_translate_map={SCHEMA_NAME: None})
    with engine.begin() as connection:
        if postgres:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA_NAME}"))
        if not inspect(connection).has_table(META.name, schema=SCHEMA_NAME if postgres else None):
            metadata.create_all(connection)
            connection.execute(insert(META), {"name": "version", "value": VERSION})
        found = connection.execute(select(META.c.value).where(META.c.name == "version")).scalar_one()
    if found > VERSION:
        raise ConfigError(f"research database: made by a newer release (version {found}, this one knows {VERSION}); use that release")
    return engine
