"""position_manager's loop: read, write the ledger, decide, commit, count. In that order, so that a crash anywhere loses nothing.

A crash after the ledger's write and before the commit delivers the entries again; the ledger knows them by signature.
While the ledger cannot be written, entries with something for it stay unacknowledged, and exits go on from memory.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import msgspec

from memesnipe.bus.api import Batch, Bus, Output, StaleState, State
from memesnipe.bus.topology import HOLDINGS_KEY, KILL_SWITCH, STATE_KEY
from memesnipe.kernel.clock import NS_PER_S, Clock
from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.logs import logger
from memesnipe.ledger.write import Booked, Verdict
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.codec import encode
from memesnipe.messages.control import CloseRequest, ExitLimits
from memesnipe.messages.market import MarketFrame
from memesnipe.messages.orders import ExitIntent, Fill, Rejection
from memesnipe.positions import decide, metrics, order_path, report
from memesnipe.positions.book import Book, Key, restore, save
from memesnipe.positions.causes import Rules
from memesnipe.positions.curve import Curve
from memesnipe.positions.following import GROUP, Following, follow
from memesnipe.positions.gaps import Gaps
from memesnipe.positions.insist import insist
from memesnipe.positions.outage import Held, Outage, Rows, book_in_memory, ledger_rows, stop_new_risk
from memesnipe.positions.settings import PositionSettings
from memesnipe.positions.store import Store

STATE = STATE_KEY.format(stage=GROUP)
READ_MS = 200
"""Longest wait for entries: time stops, retries and the kill switch are looked at this often."""

SETTLED_NS = 2 * 3_600 * NS_PER_S
"""wallet_guard says the outcomes of its last hour again; twice that, so that no clock can bring one in a second time."""


class Service:
    """One position_manager: its book, what is in force, and what waits for the ledger."""

    def __init__(self, bus: Bus, clock: Clock, store: Store, settings: PositionSettings) -> None:
        self._bus, self._clock, self._store, self._settings = bus, clock, store, settings
        self._curve, self._gaps = Curve(store, settings.snapshot_every_s), Gaps(store)
        self._version, self._saved = 0, b""
        self._outage: Outage | None = None
        self._retry_ns = self._told_ns = 0
        self._unreported: set[str] = set()
        self._dust: frozenset[Key] = frozenset()
        self.book = Book()
        self.following = Following()
        self.worse_tokens: Mapping[str, str] = {}
        """Held mints that turned against their holders, and what changed; somebody else's to fill."""

    @property
    def exit_limits(self) -> ExitLimits:
        """What the policy in force says of exits; nothing before there is one."""
        return self.following.config.limits.exits if self.following.config else ExitLimits()

    async def restore(self) -> None:
        """Take positions from the ledger and watches from the bus. Raises Unavailable."""
        state = await self._bus.load(STATE)
        # A server that lost everything has no watches: those we stored last hold a person's wish to close, and exits under way.
        watches = state.data or self._saved
        self._version, self._saved = state.version, state.data
        await self._reload(watches)
        await self._gaps.restore()
        await self._tell_holdings()

    async def turn(self) -> bool:
        """Do one turn of the loop; return whether a configuration is in force, that is, whether this service takes work."""
        known = self.following.config
        self.following = await follow(self._bus, self.following, {key[0] for key in self.book.open})
        if self.following.config is None:
            await asyncio.sleep(READ_MS / 1_000)
            return False
        if self.following.config is not known:
            self._unreported.update(self.following.modes)
        await self._retry_ledger()
        await self._take_amended()
        await self._take_worse()
        batch = await self._bus.read(block_ms=READ_MS)
        if batch is not None and self._outage is not None:
            batch = self._outage.unheld(batch)
        await (self._handle(batch) if batch is not None and batch.entries else self._idle())
        await self._report()
        return True

    async def _handle(self, batch: Batch) -> None:
        rows = ledger_rows(batch)
        try:
            booked = await self._record(rows)
        except Unavailable:
            await self._hold(batch, rows.fills)
            return
        outputs = self._decide(batch, booked)
        self._unreported.update(one.trade.strategy for one in booked if one.trade is not None)
        await self._commit(batch, outputs)
        if rows.fills:
            self._told_ns = 0
            await self._curve.write(self.book, self._capital(), self._clock.now_ns())

    async def _record(self, rows: Rows) -> list[Booked]:
        if not rows:
            return []
        if self._outage is not None:
            raise Unavailable("ledger", "earlier entries wait for it")
        failpoint("positions.before_ledger")
        booked = await self._write(rows)
        failpoint("positions.after_ledger")
        for one in booked:
            metrics.FILLS.labels(one.verdict.value).inc()
            if one.verdict is Verdict.NEW:
                order_path.show(one.fill)
            if one.verdict is Verdict.CONFLICT:
                logger().error("fill_conflict", signature=one.fill.signature, intent=one.fill.intent_id)
        return booked

    async def _write(self, rows: Rows) -> list[Booked]:
        booked = await self._store.record(rows.fills, rows.rejections)
        await self._gaps.book(rows.pairs)
        await self._store.decided(rows.decisions)
        return booked

    def _decide(self, batch: Batch, booked: Iterable[Booked]) -> list[list[Output]]:
        """Fold a batch entry by entry: each sees what the one before it changed."""
        rules, answers = self._rules(), iter(booked)
        outputs: list[list[Output]] = []
        for entry in batch.entries:
            message = next(answers) if isinstance(entry.message, Fill) else entry.message
            self.book, effects = _fold(self.book, message, rules)
            outputs.append(report.outputs_of(effects, entry.id))
        self.book, late = decide.on_time(self.book, rules)
        outputs[-1] += report.outputs_of(late, batch.entries[-1].id)
        return outputs

    async def _commit(self, batch: Batch, outputs: Sequence[Sequence[Output]]) -> None:
        data = save(self.book)
        state = State(STATE, self._version, data) if data != self._saved else None
        failpoint("positions.before_commit")
        try:
            version = await self._bus.commit(batch, outputs, state)
        except (StaleState, Unavailable) as error:
            # Unknown, or another instance came before us: what is stored decides, and what is still ours is read again.
            logger().warning("commit_not_known", entries=len(batch.entries), detail=str(error))
            await insist(self._start_over)
            return
        failpoint("positions.after_commit")
        if state is not None:
            self._version, self._saved = version, data

    async def _start_over(self) -> None:
        self._outage = None
        await self.restore()
        # Subscribing again makes the bus give us our unacknowledged entries first.
        self.following = msgspec.structs.replace(self.following, subscribed=frozenset())

    async def _idle(self) -> None:
        """Nothing came: time itself may still end a position, or a waiting exit."""
        book, effects = decide.on_time(self.book, self._rules())
        if not effects:
            return
        for output in report.outputs_of(effects, "time"):
            await self._bus.publish(output.stream, output.message, output.key)
        # Only now: had publishing failed, the same exit would be decided again under the same id.
        self.book = book
        await self._commit(Batch(GROUP, ()), ())

    async def _report(self) -> None:
        """Tell of performance, the equity curve and the positions' marks; what fails is told again at the next turn."""
        now_ns, rules = self._clock.now_ns(), self._rules()
        await report.publish_performance(self._bus, self.book, self.following.modes, self._unreported)
        self._unreported.clear()
        if self._outage is None:
            await self._gaps.tell(self._bus)
        if await self._curve.write_if_due(self.book, self._capital(), now_ns):
            for output in report.marks(self.book, rules):
                await self._bus.publish(output.stream, output.message, output.key)
        if self._outage is None and now_ns - self._told_ns >= int(self._settings.snapshot_every_s * NS_PER_S):
            with contextlib.suppress(Unavailable):  # counted where it happened
                await self._tell_holdings()
        report.show(self.book, rules, self._outage.entries if self._outage else 0)
        self._dust = report.tell_of_dust(self.book, rules, self._dust)

    async def _tell_holdings(self) -> None:
        """Say all that is held, for a risk_guardian whose own book is gone; never what was booked in memory alone. Raises Unavailable."""
        now_ns = self._clock.now_ns()
        settled = await self._store.settled_since(now_ns - SETTLED_NS)
        await self._bus.put(HOLDINGS_KEY, encode(report.holdings(self.book, settled)))
        self._told_ns = now_ns

    async def _hold(self, batch: Batch, fills: Sequence[Fill]) -> None:
        """Decide without the ledger, send the exits, and keep the batch until the ledger can be written again."""
        now_ns = self._clock.now_ns()
        outputs = self._decide(batch, book_in_memory(self.book, fills))
        for output in (one for group in outputs for one in group if isinstance(one.message, ExitIntent)):
            await insist(partial(self._bus.publish, output.stream, output.message, output.key))
        if self._outage is None:
            self._outage = Outage(now_ns)
            self._retry_ns = now_ns + int(self._settings.ledger_retry_s * NS_PER_S)
        self._outage = self._outage.hold(Held(batch, outputs))
        if self._outage.entries > self._settings.ledger_backlog_max and self.following.halts.portfolio is HaltState.ACTIVE:
            command = stop_new_risk(self._outage, now_ns)
            logger().error("ledger_backlog", entries=self._outage.entries, halt=command.state.value)
            await insist(lambda: self._bus.publish(KILL_SWITCH.name, command, command.id))

    async def _retry_ledger(self) -> None:
        outage, now_ns = self._outage, self._clock.now_ns()
        if outage is None or now_ns < self._retry_ns:
            return
        self._retry_ns = now_ns + int(self._settings.ledger_retry_s * NS_PER_S)
        rows = ledger_rows(*(one.batch for one in outage.held))
        try:
            await self._write(rows)
            await self._reload(save(self.book))
        except Unavailable:
            return
        self._outage = None
        logger().info("ledger_back", entries=outage.entries)
        for one in outage.held:
            await self._commit(one.batch, one.outputs)

    async def _take_amended(self) -> None:
        """The finalized chain changed positions: take them as the ledger has them now, and tell everybody. Raises Unavailable."""
        amended = dict(self._store.amended)
        if not amended or self._outage is not None:
            return
        await self._reload(save(self.book))
        for output in report.amended(self.book, amended.values(), self._rules()):
            await self._bus.publish(output.stream, output.message, output.key)
        self._unreported.update(key[0] for key in amended)
        self._told_ns = 0
        for key, position in amended.items():
            if self._store.amended.get(key) is position:  # it may have been changed once more since
                del self._store.amended[key]

    async def _take_worse(self) -> None:
        """Sell what turned against its holders. Raises Unavailable."""
        for mint, what in list(self.worse_tokens.items()):
            book, effects = decide.on_token_worse(self.book, mint, what, self._rules())
            if book is self.book:
                continue
            for output in report.outputs_of(effects, "token"):
                await self._bus.publish(output.stream, output.message, output.key)
            self.book = book
            await self._commit(Batch(GROUP, ()), ())

    async def _reload(self, watches: bytes) -> None:
        holdings = await self._store.holdings()
        self.book = restore(watches, holdings.positions, holdings.realized, holdings.trades)
        self._unreported.update(owner[0] for owner in self.book.trades)

    def _rules(self) -> Rules:
        return self.following.rules(self._clock.now_ns())

    def _capital(self) -> int:
        return self.following.config.capital_lamports if self.following.config else 0


def _fold(book: Book, message: object, rules: Rules) -> decide.Decision:
    if isinstance(message, Booked):
        return decide.on_booked(book, message, rules)
    if isinstance(message, Rejection):
        return decide.on_rejection(book, message, rules)
    if isinstance(message, CloseRequest):
        if not decide.asked_of(book, message):
            metrics.CLOSE_WITHOUT_POSITION.inc()
            logger().warning("close_without_position", strategy=message.strategy, mint=message.mint, by=message.by)
        return decide.on_close_request(book, message, rules)
    return decide.on_frame(book, message, rules) if isinstance(message, MarketFrame) else (book, [])
