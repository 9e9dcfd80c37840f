"""A ledger follows the finalized chain: what it makes after an amendment is what it would have made had it been told the truth at once."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine, text

from memesnipe.ledger import read
from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.ledger.migrate import migrate
from memesnipe.ledger.write import LedgerWriter, Verdict
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import Fill, FillStatus
from memesnipe.testing.builders import START_NS, a_fill, a_sale, an_intent

LATER_NS = START_NS + 10**9


def a_ledger(folder: Path) -> Engine:
    url = ledger_url(str(folder))
    migrate(url)
    return open_engine(url)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = a_ledger(tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Engine]:
    engine = a_ledger(tmp_path / "other")
    yield engine
    engine.dispose()


def a_round_trip() -> tuple[Fill, Fill, Fill]:
    """Two buys and the sale of both, in the order of their slots."""
    first = a_fill(an_intent(size_sol=0.1), mode=Mode.LIVE, slot=1_001)
    second = a_fill(an_intent(size_sol=0.2), mode=Mode.LIVE, slot=1_002)
    sale = a_fill(a_sale(size_units=first.token_delta_units + second.token_delta_units), mode=Mode.LIVE, slot=1_003)
    return first, second, sale


def booked(engine: Engine) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [
            tuple(row)
            for table in ("fills", "trades", "positions WHERE fills > 0")
            for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2, 3"))
        ]


@pytest.mark.parametrize("at", range(3))
def test_an_undone_fill_leaves_the_ledger_that_never_heard_of_it(engine: Engine, other: Engine, at: int) -> None:
    fills = a_round_trip()
    LedgerWriter(engine).record(fills)

    LedgerWriter(engine).amend(fills[at], None, LATER_NS)

    LedgerWriter(other).record([fill for fill in fills if fill is not fills[at]])
    assert booked(engine) == booked(other)


@pytest.mark.parametrize("at", range(3))
def test_a_moved_fill_leaves_the_ledger_that_was_told_so_at_once(engine: Engine, other: Engine, at: int) -> None:
    fills = list(a_round_trip())
    LedgerWriter(engine).record(fills)
    real = msgspec.structs.replace(fills[at], slot=1_010, sol_delta_lamports=fills[at].sol_delta_lamports - 17)

    LedgerWriter(engine).amend(fills[at], real, LATER_NS)

    LedgerWriter(other).record([real if fill is fills[at] else fill for fill in fills])
    assert booked(engine) == booked(other)


def test_a_fill_that_landed_again_and_failed_reopens_what_it_had_closed(engine: Engine) -> None:
    first, second, sale = a_round_trip()
    LedgerWriter(engine).record([first, second, sale])
    failed = msgspec.structs.replace(sale, status=FillStatus.FAILED, token_delta_units=0, sol_delta_lamports=-5_000)

    position = LedgerWriter(engine).amend(sale, failed, LATER_NS)

    assert position.units == first.token_delta_units + second.token_delta_units
    with engine.connect() as connection:
        assert read.last_trades(connection, sale.strategy, Mode.LIVE) == []


@pytest.mark.parametrize("moved", [False, True])
def test_an_amended_fill_that_is_said_again_as_it_was_changes_nothing(engine: Engine, moved: bool) -> None:
    fill, *_ = a_round_trip()
    writer = LedgerWriter(engine)
    writer.record([fill])
    writer.amend(fill, msgspec.structs.replace(fill, slot=1_010) if moved else None, LATER_NS)
    before = booked(engine)

    (again,) = writer.record([fill])

    assert again.verdict is Verdict.KNOWN
    assert booked(engine) == before


def test_amending_twice_is_amending_once(engine: Engine) -> None:
    first, second, sale = a_round_trip()
    writer = LedgerWriter(engine)
    writer.record([first, second, sale])
    once, before = writer.amend(second, None, LATER_NS), booked(engine)

    twice = writer.amend(second, None, LATER_NS + 1)

    assert (twice, booked(engine)) == (once, before)


def test_only_live_fills_that_nobody_looked_at_since_are_unsettled(engine: Engine) -> None:
    first, second, sale = a_round_trip()
    writer = LedgerWriter(engine)
    writer.record([first, second, sale, a_fill()])

    writer.final([first.signature], LATER_NS)
    writer.amend(second, None, LATER_NS)

    with engine.connect() as connection:
        assert read.unsettled(connection, 0) == [sale]
        assert read.unsettled(connection, sale.time_ns + 1) == []


def test_what_was_first_said_is_kept(engine: Engine) -> None:
    fill, *_ = a_round_trip()
    LedgerWriter(engine).record([fill])

    LedgerWriter(engine).amend(fill, None, LATER_NS)

    with engine.connect() as connection:
        ((signature, verdict, time_ns, said),) = connection.execute(text("SELECT signature, verdict, time_ns, said FROM finality"))
    assert (signature, verdict, time_ns) == (fill.signature, "undone", LATER_NS)
    assert msgspec.json.decode(said)["intent_id"] == fill.intent_id
