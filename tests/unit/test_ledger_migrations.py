"""Expand first, contract a release later: the previous release's database opens here, and its reader still works after."""

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from memesnipe.ledger import read
from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.ledger.migrate import migrate
from memesnipe.ledger.tables import metadata
from memesnipe.ledger.write import LedgerWriter, Snapshot
from memesnipe.messages.bounds import Mode
from memesnipe.testing.builders import START_NS, STRATEGY, a_fill, a_sale

V1 = Path(__file__).parent.parent / "data" / "ledger_v1.sql"
V1_READER = {
    "fills": "signature, intent_id, strategy, mode, attempt, status, side, mint, slot, time_ns, sol_delta_lamports, token_delta_units, "
    "fee_lamports, tip_lamports, rent_lamports, venue_fee_lamports, quoted_out, intent_time_ns, decimals, exit_cause, error",
    "rejections": "intent_id, stage, strategy, reason, detail, time_ns, mint, side",
    "positions": "strategy, mode, mint, units, cost_lamports, entry_lamports, realized_lamports, fees_lamports, tips_lamports, "
    "rent_lamports, decimals, fills, opened_ns, opened_intent_id",
    "wallet_transfers": "signature, mint, slot, time_ns, delta, fee_lamports, note",
    "equity": "time_ns, scope, mode, equity_lamports, realized_lamports, unrealized_lamports",
    "orders": "intent_id, event_time_ns, time_ns, strategy, mint, side, mode, outcome, attempts, stage, reason",
}
"""What the first release asks, column by column."""


@pytest.fixture
def v1(tmp_path: Path) -> str:
    """A database of the first release; its URL."""
    with sqlite3.connect(tmp_path / "trades_v18.db") as connection:
        connection.executescript(V1.read_text())
    connection.close()
    return ledger_url(str(tmp_path))


def as_v1_reads(url: str) -> dict[str, list[tuple[object, ...]]]:
    engine = open_engine(url)
    with engine.connect() as connection:
        rows = {
            table: [tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM {table} ORDER BY 1, 2"))]
            for table, columns in V1_READER.items()
        }
    engine.dispose()
    return rows


def test_the_previous_releases_database_is_opened_with_all_its_rows(v1: str) -> None:
    migrate(v1)

    engine = open_engine(v1)
    with engine.connect() as connection:
        (position,) = read.open_positions(connection)
        fills = read.last_fills(connection)
        (point,) = read.equity_curve(connection, "*", Mode.PAPER)
    assert (position.strategy, position.fills, len(fills)) == (STRATEGY, 2, 2)
    assert (point.equity_lamports, point.capital_lamports) == (10_000_000_000, 0)


def test_the_previous_releases_reader_sees_the_same_after_the_upgrade(v1: str) -> None:
    before = as_v1_reads(v1)

    migrate(v1)

    assert as_v1_reads(v1) == before
    assert all(before.values())


def test_the_previous_releases_writer_can_still_write_after_the_upgrade(v1: str) -> None:
    migrate(v1)

    with open_engine(v1).begin() as connection:
        connection.execute(text(f"INSERT INTO equity ({V1_READER['equity']}) VALUES ({START_NS}, '*', 'paper', 1, 1, 0)"))

    with open_engine(v1).connect() as connection:
        assert read.equity_curve(connection, "*", Mode.PAPER)[0].equity_lamports == 1


def test_a_position_of_the_previous_release_goes_on_where_it_was(v1: str) -> None:
    migrate(v1)
    writer = LedgerWriter(open_engine(v1))
    with open_engine(v1).connect() as connection:
        (position,) = read.open_positions(connection)

    (booked,) = writer.record([a_fill(a_sale(size_units=position.units, slot=99))])

    assert (booked.position.units, booked.position.cost_lamports, booked.trade is not None) == (0, 0, True)


def test_migrating_twice_changes_nothing(v1: str) -> None:
    migrate(v1)
    once = as_v1_reads(v1)

    migrate(v1)

    assert as_v1_reads(v1) == once


def test_the_tables_in_code_are_the_tables_the_migrations_make(tmp_path: Path) -> None:
    url = ledger_url(str(tmp_path))
    migrate(url)

    with open_engine(url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_ledger_is_in_wal_so_that_readers_never_wait_for_the_writer(tmp_path: Path) -> None:
    url = ledger_url(str(tmp_path))
    migrate(url)
    reader = open_engine(url).connect()
    reader.execute(text("SELECT * FROM equity")).all()
    point = Snapshot(time_ns=START_NS, scope="*", mode=Mode.PAPER, equity_lamports=1, realized_lamports=1, unrealized_lamports=0)

    LedgerWriter(open_engine(url)).snapshot([point])

    assert reader.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    reader.close()
