"""Alerts as Prometheus posts them itself: each is said once when it begins and once when it ends, whatever is repeated or lost."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import BadInput
from memesnipe.notify.alerts import ALERTS_MAX, BYTES_MAX, of_alertmanager, of_prometheus
from memesnipe.notify.book import Book, hear_alerts, hear_silence
from memesnipe.notify.firing import FIRING_MAX, SILENT_NS, away
from memesnipe.notify.notes import Level
from memesnipe.notify.settings import NotifySettings
from memesnipe.notify.wording import stakes_of
from memesnipe.testing.builders import START_NS, a_config

TERMS = NotifySettings(notify_runbooks_url="https://git.example.org/alerts.md").terms()
STARTED = Book(began_ms=1, stakes=stakes_of(a_config()))
MINUTE_NS = 60 * NS_PER_S
RUNBOOK = "docs/reference/alerts.md#exitstuck"


def posted(*, ends_in_s: float | None = 240, now_ns: int = START_NS, **labels: str) -> dict[str, Any]:
    """One alert as Prometheus writes it: an end that is ahead while it fires, and past when it does not."""
    ends = {} if ends_in_s is None else {"endsAt": time_at(now_ns + int(ends_in_s * NS_PER_S))}
    named = {"alertname": "ExitStuck", "severity": "critical", **labels}
    return {"labels": named, "annotations": {"summary": "it is held", "runbook_url": RUNBOOK}, "startsAt": time_at(START_NS), **ends}


def time_at(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / NS_PER_S, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def after(book: Book, *alerts: dict[str, Any], now_ns: int = START_NS) -> Book:
    return hear_alerts(book, of_prometheus(json.dumps(alerts).encode(), now_ns), TERMS, now_ns)[0]


def titles(book: Book) -> list[str]:
    return [one.note.title.partition("] ")[2] for one in book.waiting]


def test_an_alert_is_said_once_however_often_it_is_repeated_and_its_end_once() -> None:
    book = STARTED
    for minute in range(5):
        now_ns = START_NS + minute * MINUTE_NS
        book = after(book, posted(now_ns=now_ns), now_ns=now_ns)
    for _ in range(15):
        book = after(book, posted(ends_in_s=-1))

    assert (titles(book), book.firing) == (["critical: ExitStuck", "resolved: ExitStuck"], {})


def test_an_alert_that_comes_back_is_said_again() -> None:
    book = after(STARTED, posted())

    book = after(after(book, posted(ends_in_s=-1)), posted())

    assert titles(book) == ["critical: ExitStuck", "resolved: ExitStuck", "critical: ExitStuck"]


def test_after_a_restart_what_was_said_is_not_said_again() -> None:
    stored = msgspec.msgpack.encode(after(STARTED, posted()))

    book = after(msgspec.msgpack.decode(stored, type=Book), posted())

    assert titles(book) == ["critical: ExitStuck"]


def test_alerts_are_told_apart_by_their_labels_and_by_nothing_else() -> None:
    book = after(STARTED, posted(strategy="momentum"), posted(strategy="sniper"), posted(strategy="momentum", ends_in_s=60))

    assert [one.note.body.splitlines()[-1] for one in book.waiting] == ["strategy=momentum", "strategy=sniper"]


def test_the_end_of_what_was_never_said_is_not_said() -> None:
    assert after(STARTED, posted(ends_in_s=-1)).waiting == ()


@pytest.mark.parametrize("end", [None, "0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59Z"], ids=["none", "go's zero", "never"])
def test_an_end_that_is_missing_or_absurd_is_an_alert_that_fires_and_can_be_kept(end: str | None) -> None:
    book = after(STARTED, {**posted(ends_in_s=None), **({"endsAt": end} if end else {})})

    assert titles(book) == ["critical: ExitStuck"]
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(book), type=Book) == book


def test_a_prometheus_that_fell_silent_is_not_taken_for_the_alerts_end() -> None:
    book = after(STARTED, posted(pod="executor"))
    until_ns = START_NS + 4 * MINUTE_NS

    early, _ = hear_silence(book, TERMS, until_ns + SILENT_NS)
    late, _ = hear_silence(book, TERMS, until_ns + SILENT_NS + 1)

    assert (early, titles(late)[1:], late.firing) == (book, ["no word of alerts any more"], {})
    assert "\n- ExitStuck (pod=executor)" in late.waiting[-1].note.body


def test_a_sign_of_life_is_told_when_it_stops_and_never_before() -> None:
    book = after(STARTED, posted(severity="none"), posted(severity="none", pod="gone"))
    book = after(book, posted(severity="none"), posted(severity="none", pod="gone", ends_in_s=-1))

    late, _ = hear_silence(book, TERMS, START_NS + 4 * MINUTE_NS + SILENT_NS + 1)

    assert (titles(book), titles(late)) == ([], ["no word of alerts any more"])


def test_after_a_time_away_an_alert_is_waited_for_before_it_is_called_silent() -> None:
    book = after(STARTED, posted())
    back_ns = START_NS + 3_600 * NS_PER_S

    known = msgspec.structs.replace(book, firing=away(book.firing, back_ns))

    assert hear_silence(known, TERMS, back_ns + SILENT_NS)[0] == known


def test_what_is_remembered_is_bounded_and_what_is_beyond_still_is_said() -> None:
    book = STARTED
    for first in range(0, FIRING_MAX + 1, 100):
        book = after(book, *(posted(pod=f"pod-{number}") for number in range(first, first + 100)))

    suppressed = hear_alerts(book, of_prometheus(json.dumps([posted(pod="pod-599")]).encode(), START_NS), TERMS, START_NS)[1]

    assert (len(book.firing), suppressed) == (FIRING_MAX, 1)


def test_a_runbook_that_is_a_path_leads_where_the_person_reads_it_and_an_address_stays() -> None:
    own = posted(pod="a")
    own["annotations"]["runbook_url"] = "https://runbooks.example.org/#x"

    book = after(STARTED, posted(), own)

    assert [one.note.body.splitlines()[1] for one in book.waiting] == [
        "https://git.example.org/alerts.md#exitstuck",
        "https://runbooks.example.org/#x",
    ]


def test_an_alert_that_ends_is_good_news() -> None:
    book = after(after(STARTED, posted()), posted(ends_in_s=-1))

    assert [one.note.level for one in book.waiting] == [Level.FAILURE, Level.SUCCESS]


@pytest.mark.parametrize("read", [of_alertmanager, of_prometheus])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b'{"alerts":1}',
        b'[{"labels":{}}]',
        b'[{"labels":{"a":1}}]',
        b'[{"labels":{"a":"b"},"endsAt":"soon"}]',
        json.dumps([{"labels": {"a": "b"}}] * (ALERTS_MAX + 1)).encode(),
        b"[" * 100_000,
        b" " * (BYTES_MAX + 1),
    ],
    ids=["empty", "no text", "no alerts", "no label", "a number", "no time", "too many", "too deep", "too long"],
)
def test_what_is_no_list_of_alerts_is_refused(read: Any, body: bytes) -> None:
    with pytest.raises(BadInput):
        read(body, START_NS)
