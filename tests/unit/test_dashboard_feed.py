"""What an open page is sent: each picture once, a sign of life in between, and nothing more to who may not see it any longer."""

from collections.abc import Iterator

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from memesnipe.dashboard.feed import Feed
from memesnipe.dashboard.streams import StreamReader
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.health import Health
from memesnipe.ledger.engine import open_engine


@pytest.fixture
def feed() -> Iterator[Feed]:
    """A feed that reaches neither Redis nor a ledger: its pictures say so."""
    nowhere = redis.Redis(port=1, retry=Retry(NoBackoff(), 0))
    feed = Feed(StreamReader(nowhere, ""), open_engine("sqlite://"), SystemClock(), Health("dashboard"), clients_max=1)
    yield feed
    feed.close()


def test_a_picture_is_sent_once_and_a_comment_while_nobody_looks(feed: Feed) -> None:
    feed.look()

    pictures = feed.pictures(lambda: True, alive_s=0.01)

    assert [next(pictures)[:6] for _ in range(3)] == [b"data: ", b": noth", b": noth"]
    feed.look()
    assert next(pictures).startswith(b"data: ")


def test_before_the_first_picture_a_page_hears_that_we_live(feed: Feed) -> None:
    assert next(feed.pictures(lambda: True, alive_s=0.01)).startswith(b":")


def test_who_may_not_see_it_any_longer_is_sent_no_other_picture(feed: Feed) -> None:
    signed_in = [True]
    feed.look()
    pictures = feed.pictures(lambda: signed_in[0], alive_s=0.01)
    next(pictures)

    signed_in[0] = False
    feed.look()

    assert list(pictures) == []
