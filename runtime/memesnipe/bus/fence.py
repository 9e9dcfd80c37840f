"""The arguments of a commit: what was read, what it caused, and the keys that keep a second time away.

A business key is remembered in a hash for each stream and period: one question then answers for a whole batch, where a key
of its own for each message would cost a call and an expiry each. A hash lives two periods, so a key is known for at least one.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from memesnipe.bus.api import Batch, Output, State
from memesnipe.bus.rows import Row, row_of
from memesnipe.kernel.errors import Bug

PERIOD_S = 6 * 3_600
LIFE_MS = 2 * PERIOD_S * 1_000
CALL_PERIOD_S = 60
CALL_LIFE_MS = 2 * CALL_PERIOD_S * 1_000
"""A message without a business key is only kept from being written twice by the repetition of ONE call."""
KEY_LENGTH_MAX = 256
PART = "p:"
"""Before the name of a state's part, so that none is taken for the version or the data."""


def fences(prefix: str, stream: str) -> tuple[str, str]:
    """Return the real keys of a stream's fence hashes: this period's, and the one before."""
    period = int(time.time()) // PERIOD_S
    return f"{prefix}fence:{stream}:{period}", f"{prefix}fence:{stream}:{period - 1}"


def call_fences(prefix: str, stream: str) -> tuple[str, str]:
    """Return the same for messages without a business key."""
    period = int(time.time()) // CALL_PERIOD_S
    return f"{prefix}fence:{stream}:call:{period}", f"{prefix}fence:{stream}:call:{period - 1}"


def checked(stream: str, key: str) -> str:
    """Return the business key. Raises Bug if it is too long to be one, or begins with a blank."""
    if len(key) > KEY_LENGTH_MAX or key[:1] == " ":
        raise Bug(f"key of {len(key)} characters on {stream}: at most {KEY_LENGTH_MAX}, and no blank first")
    return key


class Commit:
    """One commit's KEYS and ARGV for the script, and how many outputs go to which stream."""

    def __init__(self, prefix: str, batch: Batch, outputs: Sequence[Sequence[Output]], state: State | None) -> None:
        self._prefix = prefix
        self._indexes: dict[str, int] = {}
        self.keys: list[str] = [prefix + (state.name if state else "dead_letters")]
        self.written: dict[Row, int] = {}
        self._sources: dict[int, list[str]] = {}
        self._outputs: list[Any] = []
        targets = {output.stream: row_of(output.stream) for caused in outputs for output in caused}
        self._targets = {name: (self._target(name), row) for name, row in targets.items()}
        for entry, caused in zip(batch.entries, outputs, strict=True):
            source = self._source(entry.stream)
            self._sources[source].append(entry.id)
            for output in caused:
                self._add(entry.id, source, output)

    def arguments(self, group: str, consumer: str, state: State | None, token: str, late: Mapping[str, list[str]]) -> list[Any]:
        """Return the script's ARGV, in the order that commit.lua says. `late`: ids by stream that are only acknowledged."""
        head: list[Any] = [group, consumer, state.version if state else "", state.data if state else b"", token, LIFE_MS]
        parts = state.parts if state else {}
        head.append(len(parts))
        for name, part in parts.items():
            head += (PART + name, part)
        head.append(len(self._sources))
        for key, ids in self._sources.items():
            head += (key, len(ids), *ids)
        tail: list[Any] = [len(late)]
        for stream, ids in late.items():
            tail += (self._key(stream), len(ids), *ids)
        return [*head, len(self._outputs) // 5, *self._outputs, *tail]

    def _add(self, entry_id: str, source: int, output: Output) -> None:
        target, row = self._targets[output.stream]
        self._outputs += (entry_id, source, target, checked(output.stream, output.key), row.encode(output.message))
        self.written[row] = self.written.get(row, 0) + 1

    def _source(self, stream: str) -> int:
        index = self._key(stream)
        self._sources.setdefault(index, [])
        return index

    def _key(self, stream: str) -> int:
        index = self._indexes.get(stream)
        if index is None:
            self.keys.append(self._prefix + stream)
            index = self._indexes[stream] = len(self.keys)
        return index

    def _target(self, stream: str) -> int:
        """Put a stream and its fence hashes among the keys; return the stream's index."""
        self.keys += (self._prefix + stream, *fences(self._prefix, stream))
        return len(self.keys) - 2
