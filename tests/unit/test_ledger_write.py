"""The ledger's writer and its readers on a real SQLite file."""

from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine, text

from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.ledger import read
from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.ledger.migrate import migrate
from memesnipe.ledger.write import LedgerWriter, Snapshot, Transfer, Verdict
from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.orders import FillStatus
from memesnipe.testing.builders import MINT, START_NS, STRATEGY, a_fill, a_rejection, a_sale, an_exit, an_intent
from memesnipe.testing.ledgers import a_fill_arrives_during_the_walk


@pytest.fixture
def writer(engine: Engine) -> LedgerWriter:
    return LedgerWriter(engine)


def dump(engine: Engine) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [
            tuple(row)
            for table in ("fills", "rejections", "positions", "trades")
            for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2, 3"))
        ]


def test_a_fill_comes_back_as_it_was_written(engine: Engine, writer: LedgerWriter) -> None:
    fill = a_fill(an_exit(), rent_lamports=-2_039_280, tip_lamports=7)

    writer.record([fill])

    with engine.connect() as connection:
        assert read.last_fills(connection) == [fill]


def test_a_redelivered_fill_changes_nothing(engine: Engine, writer: LedgerWriter) -> None:
    fill, rejection = a_fill(), a_rejection()
    writer.record([fill], [rejection])
    before = dump(engine)

    (again,) = writer.record([fill], [rejection])

    assert dump(engine) == before
    assert (again.verdict, again.realized_lamports, again.position.fills) == (Verdict.KNOWN, 0, 1)


def test_the_same_signature_with_another_number_is_a_conflict_and_the_first_row_stays(engine: Engine, writer: LedgerWriter) -> None:
    fill = a_fill()
    writer.record([fill])

    (again,) = writer.record([msgspec.structs.replace(fill, fee_lamports=fill.fee_lamports + 1)])

    with engine.connect() as connection:
        assert read.last_fills(connection) == [fill]
    assert again.verdict is Verdict.CONFLICT


def test_a_late_fill_makes_the_same_ledger_as_a_timely_one(tmp_path: Path) -> None:
    buys = [a_fill(an_intent(size_sol=size, slot=slot)) for size, slot in ((0.1, 10), (0.3, 20))]
    sale = a_fill(a_sale(size_units=buys[0].token_delta_units, slot=15))
    last = a_fill(a_sale(size_units=buys[1].token_delta_units, slot=30))
    orders = ([buys[0], sale, buys[1], last], [last, buys[1], sale, buys[0]])

    ledgers = []
    for name, fills in zip("ab", orders, strict=True):
        url = ledger_url(str(tmp_path / name))
        migrate(url)
        for fill in fills:
            LedgerWriter(open_engine(url)).record([fill])
        ledgers.append(dump(open_engine(url)))

    assert ledgers[0] == ledgers[1]


def test_orders_tell_how_each_intent_ended(engine: Engine, writer: LedgerWriter) -> None:
    filled, refused, failed = an_intent(), an_intent(), an_intent()
    writer.record([a_fill(filled), a_fill(failed, status=FillStatus.FAILED)], [a_rejection(refused)])

    with engine.connect() as connection:
        orders = {order.intent_id: order for order in read.last_orders(connection)}

    assert {intent: order.outcome for intent, order in orders.items()} == {
        filled.id: "filled",
        refused.id: "rejected",
        failed.id: "failed",
    }
    assert (orders[refused.id].approved, orders[filled.id].approved) == (0, 1)
    assert orders[filled.id].event_time_ns == filled.time_ns


def test_totals_add_up_over_open_and_closed_positions(engine: Engine, writer: LedgerWriter) -> None:
    buy = a_fill(an_intent(slot=10))
    sale = a_fill(a_sale(size_units=buy.token_delta_units, slot=20))
    other = a_fill(an_intent(mint="EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"))
    writer.record([buy, sale, other])

    with engine.connect() as connection:
        (totals,) = read.totals(connection)

    cash = sum(fill.sol_delta_lamports for fill in (buy, sale, other))
    assert totals.realized_lamports - totals.cost_lamports == cash
    assert (totals.fees_lamports, totals.open_positions) == (15_000, 1)


def test_a_rejection_comes_back_as_it_was_written(engine: Engine, writer: LedgerWriter) -> None:
    rejection = a_rejection(detail="stopped by a person")

    writer.record([], [rejection])

    with engine.connect() as connection:
        assert read.last_rejections(connection) == [rejection]


def test_rejections_are_counted_by_stage_and_reason(engine: Engine, writer: LedgerWriter) -> None:
    writer.record([], [a_rejection(), a_rejection(), a_rejection(reason=ReasonCode.DRAWDOWN)])

    with engine.connect() as connection:
        counts = [(one.reason, one.count) for one in read.rejections_by_reason(connection)]

    assert counts == [("halted", 2), ("drawdown", 1)]


def test_an_equity_curve_is_read_oldest_first(engine: Engine, writer: LedgerWriter) -> None:
    points = [
        Snapshot(time_ns=START_NS + n, scope="*", mode=Mode.PAPER, equity_lamports=n, realized_lamports=n, unrealized_lamports=0)
        for n in range(5)
    ]

    writer.snapshot(points)
    writer.snapshot(points)

    with engine.connect() as connection:
        assert [point.equity_lamports for point in read.equity_curve(connection, "*", Mode.PAPER, 3)] == [2, 3, 4]


def test_a_fill_replaces_what_was_taken_for_a_strangers_transfer(engine: Engine, writer: LedgerWriter) -> None:
    fill = a_fill(mode=Mode.LIVE, signature="5" * 88)
    writer.transfer([Transfer(signature=fill.signature, mint="", slot=1, time_ns=START_NS, delta=-1)], fill.signature)

    writer.record([fill])

    with engine.connect() as connection:
        assert read.transfers(connection) == []


def test_a_transfer_that_is_a_fill_of_ours_is_not_written(engine: Engine, writer: LedgerWriter) -> None:
    fill = a_fill(mode=Mode.LIVE, signature="5" * 88)
    writer.record([fill])

    writer.transfer([Transfer(signature=fill.signature, mint="", slot=1, time_ns=START_NS, delta=-1)], fill.signature)

    with engine.connect() as connection:
        assert read.transfers(connection) == []
        assert read.walked_to(connection) == fill.signature


def test_a_fill_that_arrives_while_the_wallet_is_walked_is_booked_once(engine: Engine, writer: LedgerWriter) -> None:
    fill = a_fill(mode=Mode.LIVE, signature="5" * 88)
    moved = [Transfer(signature=fill.signature, mint=mint, slot=1, time_ns=START_NS, delta=-1) for mint in ("", fill.mint)]

    with a_fill_arrives_during_the_walk(engine, fill):
        writer.transfer(moved, fill.signature)

    with engine.connect() as connection:
        assert read.last_fills(connection) == [fill]
        assert read.transfers(connection) == []


def test_trades_remember_what_closed_them(engine: Engine, writer: LedgerWriter) -> None:
    buy = a_fill(an_intent(slot=10))
    sale = a_fill(an_exit(size_units=buy.token_delta_units, slot=20))

    writer.record([buy, sale])

    with engine.connect() as connection:
        (trade,) = read.last_trades(connection, STRATEGY, Mode.PAPER)
    assert (trade.exit_cause, trade.mint, trade.opened_intent_id) == ("stop_loss", MINT, buy.intent_id)


def test_a_broken_database_is_unavailable_and_its_message_has_no_path_and_no_values(tmp_path: Path) -> None:
    writer = LedgerWriter(open_engine(f"sqlite:///{tmp_path}/empty.db"))

    with pytest.raises(Unavailable) as failure:
        writer.record([a_fill(side=Side.BUY)])

    assert str(failure.value) == "ledger unavailable: OperationalError"
