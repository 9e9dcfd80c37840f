"""Bring a ledger database up to this release's schema. Run by its writer at start, before it takes work."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from memesnipe.ledger.engine import open_engine

SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 0x4D53_4C47
"""PostgreSQL advisory lock: two writers that start together must not both create tables."""


def migrate(url: str) -> None:
    """Upgrade the database at `url` to the newest revision; does nothing where it is there already."""
    engine = open_engine(url)
    try:
        upgrade(engine, "head")
    finally:
        engine.dispose()


def upgrade(engine: Engine, revision: str) -> None:
    """Run the migrations up to `revision` in one transaction."""
    config = Config()
    # A `%` in the folder's name would be read as interpolation by the config parser.
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
