"""The ledger on a real PostgreSQL: the same rows, the same idempotence, two writers at once."""

import threading
from collections.abc import Iterator, Sequence

import msgspec
import pytest
from sqlalchemy import Engine, text

from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.ports import free_port
from memesnipe.ledger import read
from memesnipe.ledger.attributed import Attributed
from memesnipe.ledger.attribution import attribution
from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.ledger.migrate import migrate
from memesnipe.ledger.write import LedgerWriter, Snapshot, Transfer, Verdict
from memesnipe.messages.bounds import Mode
from memesnipe.messages.decisions import DecisionKind
from memesnipe.messages.orders import Fill, way_of
from memesnipe.reconcile.books import read_books
from memesnipe.testing.builders import MINT, START_NS, STRATEGY, a_decision, a_fill, a_rejection, a_sale, an_approved, an_intent
from memesnipe.testing.ledgers import a_fill_arrives_during_the_walk
from memesnipe.testing.postgres import a_postgres, missing


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A PostgreSQL of our own; its URL."""
    if why := missing():
        pytest.skip(why)
    with a_postgres() as url:
        yield url


@pytest.fixture
def engine(server: str) -> Iterator[Engine]:
    url = ledger_url("", server)
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    migrate(url)
    yield engine
    engine.dispose()


def test_rows_come_back_as_they_were_written(engine: Engine) -> None:
    intent = an_intent(wished_ns=START_NS)
    fill, rejection = a_fill(intent, way=way_of(intent, an_approved(intent), taken_ns=START_NS)), a_rejection(way=way_of(intent))
    point = Snapshot(time_ns=START_NS, scope="*", mode=Mode.PAPER, equity_lamports=2**62, realized_lamports=-1, unrealized_lamports=0)
    transfer = Transfer(signature="5" * 88, mint="", slot=1, time_ns=START_NS, delta=2**62)
    writer = LedgerWriter(engine)

    writer.record([fill], [rejection])
    writer.snapshot([point])
    writer.transfer([transfer], transfer.signature)

    with engine.connect() as connection:
        assert read.last_fills(connection) == [fill]
        assert read.last_rejections(connection) == [rejection]
        assert read.equity_curve(connection, "*", Mode.PAPER) == [point]
        assert read.transfers(connection) == [transfer]
        assert {order.outcome for order in read.last_orders(connection)} == {"filled", "rejected"}


def test_a_decision_comes_back_with_its_inputs_to_the_byte(engine: Engine) -> None:
    decision, writer = a_decision(inputs=bytes(range(256))), LedgerWriter(engine)
    writer.decided([decision])

    writer.decided([msgspec.structs.replace(decision, reason="another")])

    with engine.connect() as connection:
        assert read.decision_with_inputs(connection, DecisionKind.ALLOCATION, 1) == decision
        assert read.last_decisions(connection, DecisionKind.ALLOCATION) == [msgspec.structs.replace(decision, inputs=b"")]


def test_a_redelivered_fill_changes_nothing(engine: Engine) -> None:
    fill, writer = a_fill(), LedgerWriter(engine)
    writer.record([fill])

    (again,) = writer.record([fill])

    assert (again.verdict, again.position.fills) == (Verdict.KNOWN, 1)


@pytest.mark.parametrize("moved", [False, True])
def test_an_amended_fill_leaves_the_position_that_the_final_chain_makes(engine: Engine, moved: bool) -> None:
    kept, taken = (a_fill(an_intent(slot=slot), mode=Mode.LIVE) for slot in (1, 2))
    real = msgspec.structs.replace(taken, slot=9, sol_delta_lamports=-7) if moved else None
    writer = LedgerWriter(engine)
    writer.record([kept, taken])

    position = writer.amend(taken, real, START_NS)
    (again,) = writer.record([taken])

    cost = -kept.sol_delta_lamports + (7 if moved else 0)
    assert (position.cost_lamports, position.fills) == (cost, 1 + moved)
    assert (again.verdict, again.position) == (Verdict.KNOWN, position)
    with engine.connect() as connection:
        assert read.unsettled(connection, 0) == [kept]
        assert read.units_of(connection, MINT) == position.units


def test_two_writers_at_once_count_each_fill_once(engine: Engine) -> None:
    fills = [a_fill(an_intent(slot=slot)) for slot in range(1, 31)]
    writers = [threading.Thread(target=record_each, args=(engine, order)) for order in (fills, fills[::-1])]

    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    with engine.connect() as connection:
        (position,) = read.open_positions(connection)
        (totals,) = read.totals(connection)
    assert (position.fills, position.units) == (30, sum(fill.token_delta_units for fill in fills))
    assert totals.realized_lamports - totals.cost_lamports == sum(fill.sol_delta_lamports for fill in fills)


def test_a_fill_that_arrives_while_the_wallet_is_walked_is_booked_once(engine: Engine) -> None:
    fill = a_fill(mode=Mode.LIVE, signature="5" * 88)
    moved = [Transfer(signature=fill.signature, mint=mint, slot=1, time_ns=START_NS, delta=-1) for mint in ("", fill.mint)]

    with a_fill_arrives_during_the_walk(engine, fill):
        LedgerWriter(engine).transfer(moved, fill.signature)

    with engine.connect() as connection:
        assert read.last_fills(connection) == [fill]
        assert read.transfers(connection) == []


def record_each(engine: Engine, fills: Sequence[Fill]) -> None:
    writer = LedgerWriter(engine)
    for fill in fills:
        writer.record([fill])


def test_trades_and_the_checkers_reading_work(engine: Engine) -> None:
    buy = a_fill(an_intent(slot=10), mode=Mode.LIVE)
    sale = a_fill(a_sale(size_units=buy.token_delta_units, slot=20), mode=Mode.LIVE)
    LedgerWriter(engine).record([buy, sale])

    books = read_books(engine.url.render_as_string(hide_password=False))

    with engine.connect() as connection:
        assert len(read.last_trades(connection, STRATEGY, Mode.LIVE)) == 1
    assert [row["signature"] for row in books.fills] == [buy.signature, sale.signature]


def test_looks_at_a_growing_ledger_say_what_a_fold_of_all_fills_says(engine: Engine) -> None:
    writer, attributed = LedgerWriter(engine), Attributed()
    buy = a_fill(an_intent(slot=10), mode=Mode.LIVE)
    sale = a_fill(a_sale(size_units=buy.token_delta_units, slot=20), mode=Mode.LIVE)

    found = []
    for fills in ([buy], [sale]):
        writer.record(fills)
        with engine.connect() as connection:
            found.append(attributed.look(connection))

    assert found == [[], attribution([buy, sale])]


def test_a_server_that_is_away_is_unavailable_without_naming_user_or_host() -> None:
    engine = open_engine(ledger_url("", f"postgresql://someone:hunter2@127.0.0.1:{free_port()}/ledger"))

    with pytest.raises(Unavailable) as failure:
        LedgerWriter(engine).record([a_fill()])

    assert str(failure.value) == "ledger unavailable: OperationalError"
