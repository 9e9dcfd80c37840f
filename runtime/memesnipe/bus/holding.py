"""What a stage has decided and not committed yet: entries that caused nothing wait for one that does, and go in its commit.

Acknowledgements and state still go in ONE step, so a crash in between gives the entries again to the state from before them, and
nothing differs from committing each. A stage that hears a thousand prices for one order then writes its state once, not a
thousand times. In a replay nothing is held: the source waits until everything is acknowledged.
"""

import time
from collections.abc import Sequence, Set

from memesnipe.bus.api import Batch, Entry, Output

HOLD_S = 0.05
"""So long an acknowledgement may wait."""
HELD_MAX = 1_024


def unseen(batch: Batch, ids: Set[tuple[str, str]]) -> Batch:
    """Return a batch without the entries of these (stream, id)."""
    if not ids or not any((entry.stream, entry.id) in ids for entry in batch.entries):
        return batch
    return Batch(batch.group, tuple(entry for entry in batch.entries if (entry.stream, entry.id) not in ids))


class Held:
    """The entries in hand, in the order they were decided, and what they caused."""

    def __init__(self, hold_s: float) -> None:
        self._hold_s = hold_s
        self._since_s = 0.0
        self._urgent = False
        self._ids: set[tuple[str, str]] = set()
        self.group = ""
        self.entries: list[Entry] = []
        self.outputs: list[Sequence[Output]] = []

    def unseen(self, batch: Batch) -> Batch:
        """Return a batch without what is in hand: after a lost connection the bus gives again what is not acknowledged."""
        return unseen(batch, self._ids)

    def add(self, batch: Batch, outputs: Sequence[Sequence[Output]]) -> None:
        """Take a decided batch in hand."""
        if not self.entries:
            self._since_s = time.monotonic()
        self.group = batch.group
        self.entries += batch.entries
        self.outputs += outputs
        self._ids.update((entry.stream, entry.id) for entry in batch.entries)
        self._urgent = self._urgent or any(outputs)

    def is_due(self) -> bool:
        """Return whether to commit now: something was caused, or it waited long enough."""
        if not self.entries:
            return False
        return self._urgent or len(self.entries) >= HELD_MAX or time.monotonic() - self._since_s >= self._hold_s

    def batch(self) -> Batch:
        """Return everything in hand as one batch."""
        return Batch(self.group, tuple(self.entries))
