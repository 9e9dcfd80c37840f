"""The ledger keeps how each order got to its end, and never takes a way for money: two tellings of a fill agree without it."""

import msgspec
import pytest
from sqlalchemy import Engine, text

from memesnipe.ledger import read
from memesnipe.ledger.one_order import fills_of, rejections_of
from memesnipe.ledger.write import LedgerWriter, Verdict
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import Fill, way_of
from memesnipe.testing.builders import START_NS, a_fill, a_rejection, an_approved, an_exit, an_intent

INTENT = an_intent(wished_ns=START_NS + 1)
WAY = way_of(INTENT, an_approved(INTENT), taken_ns=START_NS + 2, quoted_ns=START_NS + 3, signed_ns=START_NS + 4, sent_ns=START_NS + 5)


def a_live_fill() -> Fill:
    return a_fill(INTENT, mode=Mode.LIVE, way=WAY)


def without(fill: Fill) -> Fill:
    return msgspec.structs.replace(fill, way=None)


def test_a_fill_and_a_refusal_come_back_with_their_way(engine: Engine) -> None:
    fill, no = a_live_fill(), a_rejection(an_exit(), way=way_of(an_exit(wished_ns=START_NS)))

    LedgerWriter(engine).record([fill], [no])

    with engine.connect() as connection:
        assert (fills_of(connection, fill.intent_id), read.last_fills(connection), read.all_fills(connection)) == ([fill],) * 3
        assert (rejections_of(connection, no.intent_id), read.last_rejections(connection)) == ([no],) * 2


def test_a_way_is_read_by_people_under_its_names(engine: Engine) -> None:
    LedgerWriter(engine).record([a_live_fill()])

    with engine.connect() as connection:
        waited = connection.execute(text("SELECT json_extract(way, '$.sent_ns') - json_extract(way, '$.signed_ns') FROM fills")).scalar()
    assert waited == 1


def test_rows_of_a_release_without_ways_have_none(engine: Engine) -> None:
    fill, no = without(a_live_fill()), a_rejection()

    LedgerWriter(engine).record([fill], [no])

    with engine.connect() as connection:
        assert (read.last_fills(connection), read.last_rejections(connection)) == ([fill], [no])
        assert connection.execute(text("SELECT way FROM fills UNION ALL SELECT way FROM rejections")).all() == [(None,), (None,)]


def test_what_a_later_release_adds_to_a_way_is_ignored_and_what_an_earlier_one_lacked_has_its_default(engine: Engine) -> None:
    LedgerWriter(engine).record([a_live_fill()])
    with engine.begin() as connection:
        connection.execute(text("UPDATE fills SET way = json_remove(json_set(way, '$.later', 1), '$.by')"))

    with engine.connect() as connection:
        (fill,) = read.last_fills(connection)
    assert fill.way == msgspec.structs.replace(WAY, by="")


@pytest.mark.parametrize("first", [True, False], ids=["the first telling has a way", "the second telling has a way"])
def test_a_fill_that_a_release_without_ways_told_too_is_no_conflict(engine: Engine, first: bool) -> None:
    fill, writer = a_live_fill(), LedgerWriter(engine)
    writer.record([fill if first else without(fill)])

    (again,) = writer.record([without(fill) if first else fill])

    assert again.verdict is Verdict.KNOWN


def test_a_moved_fill_keeps_its_way(engine: Engine) -> None:
    fill, writer = a_live_fill(), LedgerWriter(engine)
    writer.record([fill])

    writer.amend(fill, msgspec.structs.replace(fill, slot=fill.slot + 9), START_NS)

    with engine.connect() as connection:
        assert [one.way for one in read.last_fills(connection)] == [WAY]


def test_an_undone_fill_that_is_told_again_with_a_way_is_not_booked_anew(engine: Engine) -> None:
    """It was amended by a release that kept no ways: taken for another fill, what a fork undid would be held again."""
    fill, writer = a_live_fill(), LedgerWriter(engine)
    writer.record([without(fill)])
    writer.amend(without(fill), None, START_NS)

    (again,) = writer.record([fill])

    assert again.verdict is Verdict.KNOWN
    with engine.connect() as connection:
        assert read.last_fills(connection) == []
