"""Whatever a host outside says, its reader answers with an event within bounds, with nothing, or with BadInput, and with nothing else."""

import contextlib
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe.consumers.book import Book
from memesnipe.consumers.decide import Bounds, admit
from memesnipe.consumers.sources import jetstream_posts, pumpportal_launches, wormhole_operations
from memesnipe.consumers.sources.subscription import notice_of
from memesnipe.kernel.errors import BadInput
from memesnipe.messages.market import MarketEvent
from memesnipe.testing.social_servers import a_creation, a_post, an_operation

MINT = "8gQkv453h8zzwBNDvJdtVo74DYX5kqAAog1tdHNypump"
NOW_US = 1_757_812_456_000_000
NOW = NOW_US * 1_000
BOUNDS = Bounds(3_600 * 10**9, 60 * 10**9)

scalars = (
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats() | st.text(max_size=60) | st.sampled_from(["", "0", MINT, "1e9"])
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3))


def paths_of(record: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value in a record."""
    items = record.items() if isinstance(record, dict) else enumerate(record) if isinstance(record, list) else ()
    return [path, *(found for key, value in items for found in paths_of(value, (*path, key)))]


def replaced(record: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return the record with another value at a path."""
    if not path:
        return value
    copied = dict(record) if isinstance(record, dict) else list(record)
    copied[path[0]] = replaced(copied[path[0]], path[1:], value)
    return copied


def mutations(record: dict[str, Any]) -> st.SearchStrategy[str]:
    """One or two values of a good record are something else, or its text is cut or spliced."""
    once = st.tuples(st.sampled_from(paths_of(record)), values).map(lambda change: replaced(record, *change))
    text = once.map(json.dumps)
    return text | st.tuples(text, st.integers(0, 400), st.text(max_size=5)).map(lambda cut: cut[0][: cut[1]] + cut[2] + cut[0][cut[1] :])


def within_bounds(event: MarketEvent | None) -> None:
    if event is not None:
        admit(Book(), event, NOW, BOUNDS)


@given(mutations(a_post(f"buy {MINT}", NOW_US)) | st.text())
@settings(max_examples=300, deadline=None)
def test_any_message_of_jetstream(raw: str) -> None:
    with contextlib.suppress(BadInput):
        within_bounds(jetstream_posts.told_in(raw, BOUNDS).post)


@given(mutations(a_creation(MINT, "5" * 88)) | st.text())
@settings(max_examples=300, deadline=None)
def test_any_message_of_pumpportal(raw: str) -> None:
    with contextlib.suppress(BadInput):
        within_bounds(pumpportal_launches.told_in(raw, NOW).launch)


@given(mutations(an_operation(7, NOW_US)) | st.text())
@settings(max_examples=300, deadline=None)
def test_any_operation_of_wormholescan(raw: str) -> None:
    with contextlib.suppress(BadInput):
        within_bounds(wormhole_operations.told_in(raw.encode(errors="replace")).transfer)


NOTICE = {
    "jsonrpc": "2.0",
    "method": "transactionNotification",
    "params": {
        "subscription": 1,
        "result": {
            "signature": "5" * 88,
            "slot": 7,
            "transaction": {
                "transaction": {"message": {"accountKeys": [MINT]}},
                "meta": {
                    "err": None,
                    "logMessages": ["Program data: AAAA"],
                    "loadedAddresses": {"writable": [MINT], "readonly": []},
                    "innerInstructions": [{"index": 0, "instructions": [{"programIdIndex": 0, "accounts": [], "data": MINT}]}],
                },
            },
        },
    },
}


@given(mutations(NOTICE) | st.text())
@settings(max_examples=500, deadline=None)
def test_any_notice_of_the_chain(raw: str) -> None:
    with contextlib.suppress(BadInput):
        notice_of(raw, 1)
