"""What a stage sees of the bus: read a batch, then commit everything it caused in one step. No Redis words here."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from memesnipe.bus.topology import Reader, Stream


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One decoded stream entry."""

    stream: str
    """Real stream name; the strategy of an intent is read from here (`strategy`), never from the message."""
    id: str
    message: Any
    strategy: str = ""


class Batch(msgspec.Struct, frozen=True):
    """What one read gave, in stream order (in a replay: by event time, strategy, sequence)."""

    group: str
    entries: tuple[Entry, ...]


class Output(msgspec.Struct, frozen=True, gc=False):
    """One message to write. `key` is its business id on that stream: the second one with the same key is dropped."""

    stream: str
    message: Any
    key: str


class State(msgspec.Struct, frozen=True):
    """A stage's folded state. `version` is the one that was loaded; a commit on any other version is refused whole."""

    name: str
    """Real key."""
    version: int
    data: bytes
    parts: Mapping[str, bytes] = {}
    """Pieces kept beside `data` by name. On a commit only those that changed, b"" for one to forget; a load gives all of them.

    A stage that knows hundreds of tokens and changed one writes that one, in the same step as everything else.
    """


class Subscription(msgspec.Struct, frozen=True):
    """A stage's interest in one row of the topology, for the strategies given (all rows that are not split: empty)."""

    stream: Stream
    reader: Reader
    strategies: tuple[str, ...] = ()


class StaleState(Exception):  # noqa: N818 - it reads as what it says
    """Another instance of this stage committed since we loaded our state: reload, then go on. Nothing was written."""


class Bus(Protocol):
    """The one way to reach the streams."""

    async def subscribe(self, subscriptions: Sequence[Subscription]) -> None:
        """Create groups from id 0 where missing, adopt what dead consumers left. Call again when strategies come or go."""
        ...

    async def read(self, *, count_max: int = 256, block_ms: int = 1_000) -> Batch | None:
        """Return what came for our subscriptions, or None after `block_ms` without any.

        Own entries that were read before a crash come first. Undecodable entries go to the dead-letter stream, acknowledged
        and counted, and are not in the batch. Market streams: a reader that fell behind skips to the newest, counted.
        Raises Unavailable when Redis cannot be reached.
        """
        ...

    async def commit(self, batch: Batch, outputs: Sequence[Sequence[Output]], state: State | None = None) -> int:
        """Acknowledge the batch and write what it caused, exactly once: `outputs[i]` are the effects of `batch.entries[i]`.

        One atomic step: state (if its version is still current), acknowledgement, outputs. Effects of an entry that somebody
        else acknowledged are dropped. Returns the new state version (0 without state). A batch without entries commits the
        state alone. A batch of market entries that caused nothing, without state, may be acknowledged up to a second later,
        with the next commit: whoever reads it again after a crash will find again that it causes nothing.

        Raises StaleState (load the state, decide the batch again) and Unavailable (the outcome is unknown, or the entries are
        no longer ours: load the state and read; what is still ours comes again first).
        """
        ...

    async def publish(self, stream: str, message: Any, key: str = "") -> str:
        """Write one message that no entry caused (a source's frame, a person's command); returns its entry id, "" if `key` was seen."""
        ...

    async def fold(self, stream: str, after: str = "0") -> list[Entry]:
        """Return the entries of a FOLD stream after an id, without a group; every reader sees all of them."""
        ...

    async def load(self, name: str) -> State:
        """Return a stage's state; version 0 and empty data when there is none."""
        ...

    async def get(self, key: str) -> bytes | None:
        """Return a plain key's value."""
        ...

    async def put(self, key: str, value: bytes, ttl_ms: int = 0) -> None:
        """Set a plain key, for `ttl_ms` milliseconds (0: for good)."""
        ...

    async def drop(self, key: str) -> None:
        """Delete a plain key."""
        ...

    async def replace(self, key: str, values: Sequence[bytes]) -> None:
        """Make a list key (perf:*:pnl_history) hold exactly these values: writing the same twice changes nothing."""
        ...

    async def values(self, key: str) -> list[bytes]:
        """Return a list key's values; none where there is no such key."""
        ...

    async def settled(self) -> bool:
        """Return whether every group of a running system exists and has nothing left to do: a replay's next event may go out."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
