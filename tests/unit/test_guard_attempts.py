"""The store of live attempts: nothing begins while something may still land, and everything survives a crash."""

from pathlib import Path

import msgspec
import pytest

from memesnipe.guard.attempts import Attempts, Status
from memesnipe.kernel.errors import Bug, Unavailable
from memesnipe.messages.signing import SignedTransaction, SwapTransaction
from memesnipe.testing.builders import a_fill, an_intent

INTENT = an_intent()


def request(attempt: int = 1) -> SwapTransaction:
    return SwapTransaction(INTENT, attempt, b"message", 150, 1, (), b"risk", b"", b"")


def signed(attempt: int = 1) -> SignedTransaction:
    return SignedTransaction(INTENT.id, attempt, "5" * 88, b"transaction", 150)


@pytest.fixture
def store(tmp_path: Path) -> Attempts:
    return Attempts(tmp_path / "guard.db")


def test_an_attempt_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    first = Attempts(tmp_path / "guard.db")
    first.begin(request(), 77, 5)
    first.signed(signed())
    first.close()

    last = Attempts(tmp_path / "guard.db").last(INTENT.id)

    assert last is not None
    assert (last.request, last.status, last.quoted_out, last.signed) == (request(), Status.SIGNED, 77, signed())


@pytest.mark.parametrize("status", [Status.BUILT, Status.SIGNED])
def test_no_attempt_begins_while_the_last_one_may_land(store: Attempts, status: Status) -> None:
    store.begin(request(1), 1, 5)
    if status is Status.SIGNED:
        store.signed(signed())

    with pytest.raises(Bug):
        store.begin(request(2), 1, 6)


def test_an_attempt_may_follow_a_dead_one_and_never_repeats_its_number(store: Attempts) -> None:
    store.begin(request(1), 1, 5)
    store.ended(INTENT.id, 1, Status.EXPIRED)

    with pytest.raises(Bug):
        store.begin(request(1), 1, 6)
    store.begin(request(2), 1, 6)

    assert store.unsaid(100) == [INTENT.id]


def test_bytes_that_nobody_saw_are_replaced_under_the_same_number(store: Attempts) -> None:
    store.begin(request(1), 77, 5)
    newer = msgspec.structs.replace(request(1), message=b"newer", last_valid_block_height=300)

    store.rebuilt(newer, 99, 8)

    last = store.last(INTENT.id)
    assert last is not None
    assert (last.request, last.quoted_out, last.status) == (newer, 99, Status.BUILT)


@pytest.mark.parametrize("status", [Status.SIGNED, Status.EXPIRED, Status.LANDED])
def test_bytes_that_were_signed_are_never_replaced(store: Attempts, status: Status) -> None:
    store.begin(request(1), 77, 5)
    store.signed(signed(1))
    if status is not Status.SIGNED:
        store.ended(INTENT.id, 1, status)

    with pytest.raises(Bug):
        store.rebuilt(request(1), 99, 8)


def test_outcomes_are_kept_with_the_end_of_the_attempt(store: Attempts) -> None:
    fill = a_fill(INTENT)
    store.begin(request(), 1, 5)

    store.ended(INTENT.id, 1, Status.LANDED, (fill,))

    last = store.last(INTENT.id)
    assert last is not None
    assert last.outcomes == (fill,)
    assert store.unsaid(100) == []


def test_an_end_without_a_beginning_is_a_bug(store: Attempts) -> None:
    with pytest.raises(Bug):
        store.ended("unknown", 1, Status.LANDED)


def test_a_second_guard_on_the_same_store_does_not_start(store: Attempts, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="another wallet_guard"):
        Attempts(tmp_path / "guard.db")


def test_every_write_reaches_the_disk_before_it_is_acted_on(store: Attempts) -> None:
    modes = [store._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode", "busy_timeout")]

    assert modes == [2, "wal", 5_000]  # 2: FULL


def test_requests_of_different_intents_do_not_meet(store: Attempts) -> None:
    other = msgspec.structs.replace(request(), intent=an_intent())
    store.begin(request(), 1, 5)
    store.begin(other, 1, 6)

    assert sorted(store.unsaid(100)) == sorted([INTENT.id, other.intent.id])


def test_an_order_that_ended_lately_is_among_those_to_be_said_again(store: Attempts) -> None:
    store.begin(request(1), 1, 5)
    store.ended(INTENT.id, 1, Status.LANDED, (a_fill(INTENT),))

    assert (store.unsaid(5), store.unsaid(6)) == ([INTENT.id], [])


def test_an_order_whose_last_attempt_expired_without_an_outcome_is_unfinished(store: Attempts) -> None:
    store.begin(request(1), 1, 5)
    store.ended(INTENT.id, 1, Status.EXPIRED)

    assert store.unsaid(100) == [INTENT.id]
