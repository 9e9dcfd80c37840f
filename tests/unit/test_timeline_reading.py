"""Whom the page asks for one order: the ledger, and the streams of every strategy only where the ledger does not know its end."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection

from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.ledger.migrate import migrate
from memesnipe.ledger.write import LedgerWriter
from memesnipe.messages.orders import Fill, FillStatus, way_of
from memesnipe.testing.builders import START_NS, a_fill, a_rejection, an_approved, an_intent
from memesnipe.timeline.reading import found

INTENT = an_intent(wished_ns=START_NS)
WAY = way_of(INTENT, an_approved(INTENT))
FILLED = a_fill(INTENT, way=WAY)


class Streams:
    """Stands in for Redis: nothing is on any stream; counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def xrevrange(self, *_: Any, **__: Any) -> list[Any]:
        self.asked += 1
        return []


@pytest.fixture
def writer(tmp_path: Path) -> LedgerWriter:
    url = ledger_url(str(tmp_path))
    migrate(url)
    return LedgerWriter(open_engine(url))


@pytest.fixture
def connection(writer: LedgerWriter, tmp_path: Path) -> Iterator[Connection]:
    with open_engine(ledger_url(str(tmp_path))).connect() as connection:
        yield connection


def test_an_order_whose_end_the_ledger_has_asks_no_stream(writer: LedgerWriter, connection: Connection) -> None:
    writer.record([FILLED])
    streams = Streams()

    orders = found(streams, "", connection, INTENT.id)

    assert [one.fills for one in orders] == [(FILLED,)]
    assert streams.asked == 0


def test_a_refusal_that_carries_its_way_asks_no_stream_either(writer: LedgerWriter, connection: Connection) -> None:
    writer.record([], [msgspec.structs.replace(a_rejection(INTENT), way=WAY)])
    streams = Streams()

    orders = found(streams, "", connection, INTENT.id)

    assert ([len(one.rejections) for one in orders], streams.asked) == ([1], 0)


@pytest.mark.parametrize(
    "fill",
    [msgspec.structs.replace(FILLED, status=FillStatus.FAILED), msgspec.structs.replace(FILLED, way=None)],
    ids=["a failed attempt", "an end of an older release"],
)
def test_what_is_no_end_or_carries_no_way_is_looked_for_on_the_streams_too(
    writer: LedgerWriter, connection: Connection, fill: Fill
) -> None:
    writer.record([fill])
    streams = Streams()

    found(streams, "", connection, INTENT.id)

    assert streams.asked > 0


def test_the_beginning_of_an_id_may_fit_orders_that_are_not_in_the_ledger_yet(writer: LedgerWriter, connection: Connection) -> None:
    writer.record([FILLED])
    streams = Streams()

    found(streams, "", connection, INTENT.id[:8])

    assert streams.asked > 0
