"""Bluesky Jetstream's messages (version 1, JSON): which of them are posts that name a token. Pure: text in, a post or nothing out.

Wire format: https://github.com/bluesky-social/jetstream-legacy (subscribe), lexicon app.bsky.feed.post. Text shows links shortened, so
addresses are also looked for in the links behind it (facets). The author writes `createdAt` himself; the post's time is `time_us`, when
the host saw it, and a post that claims another time than that by too much is refused as a forgery of old or future news.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from memesnipe.consumers.decide import Bounds
from memesnipe.consumers.mentions import mints_in
from memesnipe.consumers.times import CHARS_MAX, rfc3339_ns
from memesnipe.kernel import strict_json
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import BadInput
from memesnipe.kernel.ids import derive
from memesnipe.messages.bounds import TIME_NS_MAX, TIME_NS_MIN
from memesnipe.messages.market import SocialPost

COLLECTION = "app.bsky.feed.post"
SOURCE = "bluesky"
MESSAGE_BYTES_MAX = 128 << 10
TEXT_CHARS_MAX = 1_024
_NS_PER_US = 1_000

TimeUs = Annotated[int, Meta(ge=TIME_NS_MIN // _NS_PER_US, le=TIME_NS_MAX // _NS_PER_US)]


class _Feature(msgspec.Struct, frozen=True):
    uri: Annotated[str, Meta(max_length=8_192)] = ""


class _Facet(msgspec.Struct, frozen=True):
    features: Annotated[tuple[_Feature, ...], Meta(max_length=64)] = ()


class _Record(msgspec.Struct, frozen=True, rename={"created_at": "createdAt"}):
    text: Annotated[str, Meta(max_length=10_000)]
    created_at: Annotated[str, Meta(max_length=CHARS_MAX)]
    facets: Annotated[tuple[_Facet, ...], Meta(max_length=256)] | None = None


class _Commit(msgspec.Struct, frozen=True):
    operation: str
    collection: str
    rkey: Annotated[str, Meta(min_length=1, max_length=512)]
    record: msgspec.Raw = msgspec.Raw(b"null")


class _Message(msgspec.Struct, frozen=True):
    did: Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^did:[a-z]+:[A-Za-z0-9._:%-]+\Z")]
    time_us: TimeUs
    kind: str
    commit: _Commit | None = None


class Told(msgspec.Struct, frozen=True):
    """What a message says: when the host sent it (microseconds since 1970), and the post, or why there is none."""

    time_us: int
    post: SocialPost | None = None
    skipped: str = ""


_MESSAGE = msgspec.json.Decoder(_Message)
_RECORD = msgspec.json.Decoder(_Record)


def told_in(raw: str | bytes, bounds: Bounds) -> Told:
    """Read one message. Raises BadInput naming the field."""
    if len(raw) > MESSAGE_BYTES_MAX:
        raise BadInput("message", f"{len(raw)} bytes, more than {MESSAGE_BYTES_MAX}")
    message = strict_json.decode(_MESSAGE, raw, "message")
    commit = message.commit
    if message.kind != "commit" or commit is None or (commit.operation, commit.collection) != ("create", COLLECTION):
        return Told(message.time_us, skipped="other_kind")
    record = strict_json.decode(_RECORD, bytes(commit.record), "record")
    mints = mints_in([record.text, *_links(record)])
    if not mints:
        return Told(message.time_us, skipped="no_mint")
    time_ns = message.time_us * _NS_PER_US
    _require_honest(record, time_ns, bounds)
    event_id = derive("social", SOURCE, message.did, commit.rkey)
    return Told(message.time_us, SocialPost(event_id, time_ns, SOURCE, message.did, record.text[:TEXT_CHARS_MAX], mints))


def _links(record: _Record) -> list[str]:
    return [feature.uri for facet in record.facets or () for feature in facet.features]


def _require_honest(record: _Record, seen_ns: int, bounds: Bounds) -> None:
    claimed_ns = rfc3339_ns(record.created_at, "createdAt")
    if not (claimed_ns <= seen_ns + bounds.future_ns_max):
        raise BadInput("createdAt", f"{(claimed_ns - seen_ns) / NS_PER_S:.1f} s after it was seen")
    if not (seen_ns - claimed_ns <= bounds.age_ns_max):
        raise BadInput("createdAt", f"{(seen_ns - claimed_ns) / NS_PER_S:.1f} s before it was seen")
