"""A ledger under two hands at once: a fill that arrives while the wallet's walk is between its look and its writing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from memesnipe.ledger.write import LedgerWriter
from memesnipe.messages.orders import Fill

BETWEEN_S = 0.5
"""How long a look of the walk waits for the fill: longer than any write takes that nothing holds up."""


@contextmanager
def a_fill_arrives_during_the_walk(engine: Engine, fill: Fill) -> Iterator[None]:
    """Record `fill` from another thread as soon as the walk has asked for the fill of its first signature."""
    recording = threading.Thread(target=lambda: LedgerWriter(engine).record([fill]))

    def looked(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if recording.ident is None and statement.startswith("SELECT fills.signature"):
            recording.start()
            recording.join(BETWEEN_S)

    event.listen(engine, "after_cursor_execute", looked)
    try:
        yield
    finally:
        event.remove(engine, "after_cursor_execute", looked)
        recording.join()
