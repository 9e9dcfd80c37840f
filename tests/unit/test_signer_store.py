"""The signer's store, step by step: what is durable when, what a failure leaves, and what a restart finds."""

import sqlite3
from pathlib import Path
from unittest.mock import patch

import msgspec
import pytest

from memesnipe.kernel.errors import Unavailable
from memesnipe.signer import audit
from memesnipe.signer import store as stores
from memesnipe.signer.audit import GENESIS_HASH, AuditBroken, Line, chain
from memesnipe.signer.store import PART, Signed, Store
from memesnipe.signer.windows import DAY_NS, HOUR_NS, Spent

NOW_NS = 100 * DAY_NS


def a_line(seq: int = 1, **changes: object) -> Line:
    line = Line(
        seq, NOW_NS + seq, "momentum", f"intent-{seq}", 1, bytes([seq]) * 32, bytes([seq]) * 64, 1_000 + seq, 10 * seq, seq % 2,
        "b0", seq, b"risk", b"guard", b"lease",
    )  # fmt: skip
    return msgspec.structs.replace(line, **changes)


def filled(path: Path, *lines: Line) -> Store:
    store = Store.open(path)
    for line in lines:
        store.append(line)
    return store


def seen_of(store: Store) -> tuple[object, ...]:
    return store.lines, store.head, store.watermark_ns, store.halt_epoch, store.windows.spent(NOW_NS + 100)


def test_a_signature_is_on_disk_between_its_two_failpoints_and_in_memory_after_them(tmp_path: Path) -> None:
    store, seen = Store.open(tmp_path / "signer.db"), []

    def failpoint(name: str) -> None:
        seen.append((name, len(store.of_intent("intent-1")), store.lines))

    with patch.object(stores, "failpoint", failpoint):
        store.append(a_line())

    assert seen == [("signer.before_persist", 0, 0), ("signer.after_persist", 1, 0)]
    assert store.lines == 1
    store.close()


def test_what_was_signed_is_given_back_as_it_was_by_attempt(tmp_path: Path) -> None:
    second = a_line(2, intent_id="intent-1", attempt=2)
    store = filled(tmp_path / "signer.db", a_line(1), second, a_line(3))

    signed = store.of_intent("intent-1")

    assert signed == (Signed(1, bytes([1]) * 32, bytes([1]) * 64, 1_001), Signed(2, bytes([2]) * 32, bytes([2]) * 64, 1_002))
    store.close()


def test_a_restart_finds_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "signer.db"
    store = filled(path, a_line(1, halt_epoch=7), a_line(2), a_line(3))
    before = seen_of(store)
    store.close()

    again = Store.open(path)

    assert seen_of(again) == before
    assert before[0] == 3
    assert before[2:] == (NOW_NS + 3, 7, Spent(60, 60, 40, 40))
    again.close()


def test_an_empty_store_has_no_past(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "deeper" / "signer.db")

    assert seen_of(store) == (0, GENESIS_HASH, 0, 0, Spent())
    store.close()


@pytest.mark.parametrize(("age_ns", "counted"), [(DAY_NS, 0), (DAY_NS - 1, 10)])
def test_a_restart_counts_a_day_of_signatures_and_no_older_ones(age_ns: int, counted: int, tmp_path: Path) -> None:
    path = tmp_path / "signer.db"
    first = a_line(1, time_ns=NOW_NS - age_ns)
    filled(
        path, a_line(1, time_ns=NOW_NS - 2 * DAY_NS), msgspec.structs.replace(first, seq=2, intent_id="two"), a_line(3, time_ns=NOW_NS)
    ).close()

    store = Store.open(path)

    assert store.windows.spent(NOW_NS).day == counted + 30
    assert store.windows.spent(NOW_NS).hour == 30
    assert store.windows.spent(NOW_NS + HOUR_NS).hour == 0
    store.close()


def test_each_line_is_chained_to_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "signer.db"
    store = filled(path, a_line(1), a_line(2))

    head = store.head

    assert head == chain(chain(GENESIS_HASH, a_line(1)), a_line(2))
    store.close()
    assert audit.verify(path) == 2


def test_a_signature_that_cannot_be_kept_changes_nothing_and_says_which_part_failed(tmp_path: Path) -> None:
    store = filled(tmp_path / "signer.db", a_line(1))
    before = seen_of(store)

    with pytest.raises(Unavailable) as failed:
        store.append(a_line(2, intent_id="intent-1"))  # the same intent and attempt

    assert failed.value.part == PART
    assert "UNIQUE" in str(failed.value)
    assert seen_of(store) == before
    store.close()


def test_a_store_that_cannot_be_read_says_which_part_failed(tmp_path: Path) -> None:
    store = filled(tmp_path / "signer.db", a_line(1))
    store.close()

    with pytest.raises(Unavailable, match="closed") as failed:
        store.of_intent("intent-1")

    assert failed.value.part == PART


def test_a_second_signer_finds_the_store_held_and_gets_it_after_the_first(tmp_path: Path) -> None:
    path = tmp_path / "signer.db"
    first = Store.open(path)

    with pytest.raises(Unavailable, match=r"another signer holds .*signer\.db\.lock") as held:
        Store.open(path)

    assert held.value.part == PART
    first.close()
    Store.open(path).close()


def test_a_path_that_is_no_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "signer.db").mkdir()

    with pytest.raises(Unavailable, match=r"signer\.db") as failed:
        Store.open(tmp_path / "signer.db")

    assert failed.value.part == PART


def test_the_store_is_for_its_owner_alone_and_waits_for_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "signer.db"
    store = Store.open(path)

    settings = [store._database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "page_size")]

    assert settings == ["wal", 2, 4_096]  # 2: FULL
    assert [file.stat().st_mode & 0o777 for file in (path, path.with_name("signer.db.lock"))] == [0o600, 0o600]
    store.close()


@pytest.mark.parametrize(
    ("tampering", "named"),
    [
        ("UPDATE signatures SET spend_lamports = 1 WHERE seq = 2", r"line 2 \(seq 2, intent intent-2\)"),
        ("DELETE FROM signatures WHERE seq = 1", r"line 1 \(seq 2, intent intent-2\)"),
        ("DELETE FROM signatures WHERE seq = 2", r"line 2 \(seq 3, intent intent-3\)"),
    ],
)
def test_a_changed_store_is_found_at_its_first_wrong_line(tampering: str, named: str, tmp_path: Path) -> None:
    path = tmp_path / "signer.db"
    filled(path, a_line(1), a_line(2), a_line(3)).close()
    with sqlite3.connect(path) as database:
        database.execute(tampering)

    with pytest.raises(AuditBroken, match=named):
        audit.verify(path)


def test_what_is_no_store_has_no_audit(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"not a database, and long enough to be looked at" * 100)

    for path, said in ((tmp_path / "missing", "cannot be opened"), (other, "cannot be read")):
        with pytest.raises(AuditBroken, match=f"{path}: {said}: "):
            audit.verify(path)
