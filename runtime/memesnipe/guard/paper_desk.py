"""The paper half at work: fold a batch, commit acknowledgement, outcomes and book in one step, count.

Prices that end no waiting are held and committed with the next order or outcome (see `bus.holding`).
"""

from collections.abc import Sequence

from memesnipe.bus import topology
from memesnipe.bus.api import Batch, Bus, Output, StaleState, State
from memesnipe.bus.holding import HOLD_S, Held
from memesnipe.guard import book as books
from memesnipe.guard import decide, desk, effects, metrics
from memesnipe.guard.book import Book
from memesnipe.guard.paper import Terms
from memesnipe.guard.rehearsal import Rehearsal
from memesnipe.guard.standing import Standing
from memesnipe.kernel.clock import NS_PER_S, Clock, SystemClock
from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.metrics import HOP_LATENCY_S
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import ApprovedOrder, Outcome

GROUP = "wallet_guard"
STATE = topology.STATE_KEY.format(stage=GROUP)
LATENCY_S = HOP_LATENCY_S.labels(decide.STAGE)
PENDING = metrics.PENDING.labels(Mode.PAPER.value)


class PaperDesk:
    """The book in use, the version it was loaded at, and what was decided since its last commit."""

    def __init__(self, bus: Bus, clock: Clock, terms: Terms, rehearsal: Rehearsal | None) -> None:
        self._bus, self._clock, self._terms, self._rehearsal = bus, clock, terms, rehearsal
        self._book, self._version = Book(), 0
        self._hold_s = HOLD_S if isinstance(clock, SystemClock) else 0.0
        self._held, self._outcomes = Held(self._hold_s), list[Outcome]()
        self._in_doubt = False

    @property
    def holds(self) -> bool:
        """Whether something waits for its commit."""
        return bool(self._held.entries)

    @property
    def book(self) -> Book:
        """The book in use; never to be changed."""
        return self._book

    async def restore(self) -> None:
        """Load the book as last committed; what was decided since is given again by the bus."""
        state = await self._bus.load(STATE)
        self._book, self._version = books.from_bytes(state.data, state.parts), state.version
        self._held, self._outcomes = Held(self._hold_s), []
        self._in_doubt = False

    async def handle(self, batch: Batch, standing: Standing) -> None:
        """Decide on a batch; write it, with what was held, in one step if it holds an order or caused something."""
        if self._in_doubt:
            await self.restore()
        batch, taken_ns = self._held.unseen(batch), self._clock.now_ns()
        rehearsed = await self._rehearsal.of(batch, standing) if self._rehearsal else {}
        folded = desk.fold(self._book, batch.entries, standing, self._terms, self._clock.now_ns(), rehearsed, taken_ns)
        self._book = folded.book
        self._held.add(batch, [effects.outputs(outcomes) for outcomes in folded.outcomes])
        self._outcomes += [outcome for caused in folded.outcomes for outcome in caused]
        if self._held.is_due() or any(isinstance(entry.message, ApprovedOrder) for entry in batch.entries):
            await self.flush()

    async def flush(self) -> None:
        """Commit what is held."""
        if not self.holds:
            return
        failpoint("guard.before_commit")
        if await self._commit(self._held.batch(), self._held.outputs):
            failpoint("guard.after_commit")
            self._settled()

    async def expire(self) -> None:
        """End overdue orders. No entry causes this, so each outcome is published under its key first: again is harmless."""
        if self._in_doubt:
            await self.restore()
        book = self._book.copy() if self._book.waits else self._book
        outcomes = decide.expire(book, self._clock.now_ns(), self._terms)
        if not outcomes:
            return
        failpoint("guard.before_expire")
        for output in effects.outputs(outcomes):
            await self._bus.publish(output.stream, output.message, output.key)
        failpoint("guard.after_expire_published")
        self._book = book
        self._outcomes += outcomes
        if await self._commit(Batch(GROUP, tuple(self._held.entries)), self._held.outputs):
            self._settled()

    async def _commit(self, batch: Batch, written: list[Sequence[Output]]) -> bool:
        """Commit the book with a batch; False when another instance was first and its book was taken up."""
        state = State(STATE, self._version, books.to_bytes(self._book), books.changed_parts(self._book))
        try:
            self._version = await self._bus.commit(batch, written, state)
        except StaleState:
            await self.restore()  # nothing was written, and the bus gives the batch again
            return False
        except Unavailable:
            self._in_doubt = True
            raise
        self._book = books.stored(self._book)
        return True

    def _settled(self) -> None:
        """Count what was committed, and start with empty hands."""
        now_ns = self._clock.now_ns()
        effects.count(self._outcomes)
        for entry in self._held.entries:
            if isinstance(entry.message, ApprovedOrder):
                LATENCY_S.observe((now_ns - entry.message.time_ns) / NS_PER_S)
        PENDING.set(self._book.waits)
        self._held, self._outcomes = Held(self._hold_s), []
