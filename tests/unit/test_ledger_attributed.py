"""A ledger that grows: whatever comes, late or amended, a look says what a fold of all fills says."""

import msgspec
import pytest
from sqlalchemy import Engine, event

from memesnipe.ledger import read
from memesnipe.ledger.attributed import Attributed
from memesnipe.ledger.attribution import Attribution, attribution
from memesnipe.ledger.write import LedgerWriter
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import Fill
from memesnipe.testing.builders import SOL, START_NS, STRATEGY, a_fill, a_pair, a_sale, an_intent

MINUTE_NS = 60 * SOL


def a_trade(number: int, mode: Mode = Mode.PAPER) -> list[Fill]:
    """Return a buy and a sale, in the given minute."""
    time_ns, slot = START_NS + number * MINUTE_NS, 10 * number
    bought = a_fill(an_intent(slot=slot, time_ns=time_ns), mode=mode, time_ns=time_ns)
    sold = a_fill(a_sale(size_units=bought.token_delta_units, slot=slot + 1, time_ns=time_ns + 1), mode=mode, time_ns=time_ns + 1)
    return [bought, msgspec.structs.replace(sold, slot=slot + 1, sol_delta_lamports=SOL // 10 + number * SOL // 100)]


def looked(attributed: Attributed, engine: Engine) -> list[Attribution]:
    with engine.connect() as connection:
        return attributed.look(connection)


def whole(engine: Engine) -> list[Attribution]:
    with engine.connect() as connection:
        pairs = {one: read.last_pairs(connection, one, 200) for one in read.paired_strategies(connection)}
        return attribution(read.all_fills(connection), pairs)


def test_looks_in_between_change_nothing(engine: Engine) -> None:
    writer, attributed = LedgerWriter(engine), Attributed()

    for number in range(1, 60, 4):
        writer.record(a_trade(number, Mode.LIVE if number % 3 else Mode.PAPER))
        assert looked(attributed, engine) == whole(engine)


def test_a_look_reads_only_what_came_since_the_last(engine: Engine) -> None:
    writer, attributed = LedgerWriter(engine), Attributed()
    writer.record([fill for number in range(1, 60) for fill in a_trade(number)])
    looked(attributed, engine)
    writer.record(a_trade(61))
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _k, statement, *_: asked.append(statement))

    looked(attributed, engine)

    assert not [one for one in asked if "FROM fills ORDER BY" in one]


@pytest.mark.parametrize("late", [55, 2])
def test_a_fill_that_comes_late_for_its_position_is_put_in_its_place(engine: Engine, late: int) -> None:
    writer, attributed = LedgerWriter(engine), Attributed()
    writer.record([fill for number in range(1, 60) if number != late for fill in a_trade(number)])
    looked(attributed, engine)

    writer.record(a_trade(late))

    assert looked(attributed, engine) == whole(engine)
    assert whole(engine)[0].trades == 59


def test_a_fill_that_the_final_chain_has_otherwise_is_taken_as_it_is_there(engine: Engine) -> None:
    writer, attributed = LedgerWriter(engine), Attributed()
    _, sold = trade = a_trade(1, Mode.LIVE)
    writer.record(trade)
    before = looked(attributed, engine)

    writer.amend(sold, msgspec.structs.replace(sold, slot=sold.slot + 1, sol_delta_lamports=SOL), START_NS)

    assert before != looked(attributed, engine) == whole(engine)


def test_live_orders_beside_their_paper_twins_say_what_execution_should_have_cost_and_did(engine: Engine) -> None:
    writer, attributed = LedgerWriter(engine), Attributed()
    writer.record(a_trade(1, Mode.LIVE) + a_trade(2))
    before = looked(attributed, engine)
    pair = a_pair(strategy=STRATEGY, live_lamports=-30, paper_lamports=-10)

    writer.pair([msgspec.structs.replace(pair, size_lamports=1_000)])
    live, paper = looked(attributed, engine)

    assert [one.paired for one in (*before, paper)] == [0, 0, 0]
    assert (live.paired, live.expected_bps, live.realized_bps) == (1, 100, 300)
    assert (paper.expected_bps, paper.realized_bps) == (None, None)


def test_an_empty_ledger_has_nothing_to_attribute(engine: Engine) -> None:
    assert looked(Attributed(), engine) == []
