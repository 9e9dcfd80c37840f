"""The paper half at work: fold a batch, commit acknowledgement, outcomes and book in one step, count."""

from memesnipe.bus import topology
from memesnipe.bus.api import Batch, Bus, Output, StaleState, State
from memesnipe.guard import book as books
from memesnipe.guard import decide, desk, effects, metrics
from memesnipe.guard.book import Book
from memesnipe.guard.paper import Terms
from memesnipe.guard.rehearsal import Rehearsal
from memesnipe.guard.standing import Standing
from memesnipe.kernel.clock import NS_PER_S, Clock
from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.metrics import HOP_LATENCY_S
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import ApprovedOrder, Outcome

GROUP = "wallet_guard"
STATE = topology.STATE_KEY.format(stage=GROUP)


class PaperDesk:
    """The book in use and the version it was loaded at."""

    def __init__(self, bus: Bus, clock: Clock, terms: Terms, rehearsal: Rehearsal | None) -> None:
        self._bus, self._clock, self._terms, self._rehearsal = bus, clock, terms, rehearsal
        self._book, self._version = Book(), 0

    async def restore(self) -> None:
        """Load the book as last committed."""
        state = await self._bus.load(STATE)
        self._book, self._version = books.from_bytes(state.data), state.version

    async def handle(self, batch: Batch, standing: Standing) -> None:
        """Decide on a batch and write it all in one step."""
        refusals = await self._rehearsal.refusals(batch, standing) if self._rehearsal else {}
        folded = desk.fold(self._book, batch.entries, standing, self._terms, self._clock.now_ns(), refusals)
        written = [effects.outputs(outcomes) for outcomes in folded.outcomes]
        failpoint("guard.before_commit")
        try:
            await self._commit(batch, written, folded.book)
        except StaleState:
            await self.restore()  # nothing was written, and the bus gives the batch again
            return
        failpoint("guard.after_commit")
        self._count(batch, folded.outcomes)

    async def expire(self) -> None:
        """End overdue orders. No entry causes this, so each outcome is published under its key first: again is harmless."""
        book = self._book.copy() if self._book.waits else self._book
        outcomes = decide.expire(book, self._clock.now_ns(), self._terms)
        if not outcomes:
            return
        failpoint("guard.before_expire")
        for output in effects.outputs(outcomes):
            await self._bus.publish(output.stream, output.message, output.key)
        failpoint("guard.after_expire_published")
        try:
            await self._commit(Batch(GROUP, ()), [], book)
        except StaleState:
            await self.restore()
            return
        effects.count(outcomes)

    async def _commit(self, batch: Batch, written: list[list[Output]], book: Book) -> None:
        state = State(STATE, self._version, books.to_bytes(book))
        self._version = await self._bus.commit(batch, written, state)
        self._book = book
        metrics.PENDING.labels(Mode.PAPER.value).set(book.waits)

    def _count(self, batch: Batch, outcomes: list[list[Outcome]]) -> None:
        now_ns = self._clock.now_ns()
        for entry, caused in zip(batch.entries, outcomes, strict=True):
            effects.count(caused)
            if isinstance(entry.message, ApprovedOrder):
                HOP_LATENCY_S.labels(decide.STAGE).observe((now_ns - entry.message.time_ns) / NS_PER_S)
