"""The risk guardian's one decision: book + rules + message -> book + what to say. No clock, no I/O, no Redis.

An intent ends here as an ApprovedOrder, with its room reserved, or as a Rejection. An outcome gives the room back. Fills and
prices move equity; when it falls too far from its peak the portfolio is HALTED, never FROZEN, so that exits go on.
"""

from collections.abc import Callable

import msgspec

from memesnipe.bus.api import Entry, Output
from memesnipe.bus.folds import MACHINES
from memesnipe.bus.topology import APPROVED, FILLS, KILL_SWITCH, REJECTED
from memesnipe.kernel.clock import NS_PER_MS
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.ids import derive
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import HaltState, Mode, Side
from memesnipe.messages.control import BREAKER, PORTFOLIO, HaltCommand
from memesnipe.messages.market import MarketFrame, PriceTick
from memesnipe.messages.orders import ApprovedOrder, ExitIntent, Fill, Intent, OrderIntent, Rejection, way_of
from memesnipe.risk import book as books
from memesnipe.risk.book import Book
from memesnipe.risk.breakers import fold as breakers
from memesnipe.risk.breakers.refusal import sentence
from memesnipe.risk.case import Case, Finding
from memesnipe.risk.checks import EXIT_CHECKS, INTENT_CHECKS, first_finding, genuine, room_of
from memesnipe.risk.market import clocks
from memesnipe.risk.market.memory import Memory
from memesnipe.risk.rules import Rules

STAGE = "risk_guardian"

Seal = Callable[[Intent, Mode, Rules, int], bytes]
"""(intent, mode, rules, now) -> signed approval. Raises Refused when it cannot sign."""

Decision = tuple[Book, tuple[Output, ...]]


def decide(book: Book, rules: Rules, entry: Entry, now_ns: int, seal: Seal, market: Memory | None = None) -> Decision:
    """Return the next book and what this entry causes. `market` is told of prices; without one nothing is known of them."""
    message, market = entry.message, market or Memory()
    if isinstance(message, OrderIntent | ExitIntent):
        return decide_intent(book, rules, entry.strategy, message, now_ns, seal, market)
    if isinstance(message, Fill):
        after = breakers.filled(book, books.apply_fill(book, entry.strategy, message), entry.strategy, message, rules, now_ns)
        return watch(book, after, rules, now_ns)
    if isinstance(message, Rejection):
        return books.apply_rejection(book, entry.strategy, message), ()
    return mark(book, rules, message, now_ns, market)


def decide_intent(book: Book, rules: Rules, strategy: str, intent: Intent, now_ns: int, seal: Seal, market: Memory) -> Decision:
    """Approve or refuse; one that was decided before is dropped in silence, for a second outcome would release the first one's room."""
    if books.was_decided(book, strategy, intent.id):
        return book, ()
    book = _noticed(book, rules, int(intent.time_ns > _latest_ns(rules, now_ns)), now_ns)
    mode = mode_of(book, rules, strategy, intent)
    finding = find(book, rules, strategy, intent, mode, now_ns, market)
    if finding is None:
        try:
            approved = approve(rules, intent, mode, now_ns, seal)
        except Refused as refused:
            finding = Finding(refused.code, refused.detail)
        else:
            return reserve(book, rules, strategy, intent, mode, now_ns), (Output(APPROVED.name, approved, intent.id),)
    after = books.note_refused(book, mode, strategy, intent.id)
    if finding.reason is ReasonCode.ORDER_RATE:
        after = breakers.refused_for_rate(after, mode, strategy, rules, now_ns)
    return after, reject(strategy, intent, mode, finding, now_ns) + _breaker_halts(book, after, rules, now_ns)


def find(book: Book, rules: Rules, strategy: str, intent: Intent, mode: Mode, now_ns: int, market: Memory) -> Finding | None:
    """Return the first reason against the intent."""
    if rules.config is None:
        return Finding(ReasonCode.NO_POLICY, "no config applied yet")
    portfolio, limits = book.of(mode), rules.config.limits
    buys = isinstance(intent, OrderIntent) and intent.side is Side.BUY
    case = Case(
        intent, strategy, mode, portfolio.account(strategy), portfolio, rules, limits, rules.config.capital_lamports, now_ns, buys,
        room_of(intent, limits), market, book.skew,
    )  # fmt: skip
    return first_finding(EXIT_CHECKS if isinstance(intent, ExitIntent) else INTENT_CHECKS, case)


def mode_of(book: Book, rules: Rules, strategy: str, intent: Intent) -> Mode:
    """Return the mode an intent trades in: the strategy's effective one, and for an exit the one whose book holds the tokens.

    After live -> paper a live position is still there: its stop must sell the real tokens.
    """
    effective = rules.mode_of(strategy)
    if not isinstance(intent, ExitIntent):
        return effective
    if intent.mode is not None:
        return intent.mode
    other = Mode.PAPER if effective is Mode.LIVE else Mode.LIVE
    holds = {mode: book.of(mode).account(strategy).sellable_units(intent.mint) >= intent.size_units for mode in Mode}
    return other if holds[other] and not holds[effective] else effective


def approve(rules: Rules, intent: Intent, mode: Mode, now_ns: int, seal: Seal) -> ApprovedOrder:
    """Return the yes. Paper carries no signature: nothing on paper can be taken to the signer. Raises Refused if it cannot be signed."""
    if rules.config is None:
        raise Refused(ReasonCode.NO_POLICY, "no config applied yet")
    envelope = seal(intent, mode, rules, now_ns) if mode is Mode.LIVE else b""
    return ApprovedOrder(intent, mode, rules.config.policy_hash, rules.halt_epoch, now_ns, envelope)


def reserve(book: Book, rules: Rules, strategy: str, intent: Intent, mode: Mode, now_ns: int) -> Book:
    """Return the book with the order's room taken."""
    room = room_of(intent, rules.config.limits) if rules.config else 0
    return books.reserve(book, mode, strategy, intent, room, intent.size_units, now_ns)


def reject(strategy: str, intent: Intent, mode: Mode, finding: Finding, now_ns: int) -> tuple[Output, ...]:
    """Return the no, for the ledger and for the strategy.

    A forged id is never repeated: it may be another order's. Nor is a forged intent's way: its event, times and reason are what the
    forger wrote, and the ledger would keep them for good as what our stages did.
    """
    is_ours = genuine(intent, strategy)
    subject = intent.id if is_ours else derive("forged", strategy, intent.id)
    way = msgspec.structs.replace(way_of(intent), mode=mode) if is_ours else None
    side = intent.side if isinstance(intent, OrderIntent) else Side.SELL
    rejection = Rejection(subject, strategy, STAGE, finding.reason, finding.detail[:512], now_ns, intent.mint, side, way=way)
    return Output(REJECTED.name, rejection, subject), Output(FILLS.of(strategy), rejection, subject)


def mark(book: Book, rules: Rules, frame: MarketFrame, now_ns: int, market: Memory) -> Decision:
    """Take the prices of what is held, of each token the frame's last, and tell the market's memory of all.

    One from the future is left out: it would stand until its time comes, and hide every fall before that.
    """
    before, latest_ns = book, _latest_ns(rules, now_ns)
    book = _noticed(book, rules, market.learn(frame.events, latest_ns), now_ns)
    ticks = (event for event in frame.events if isinstance(event, PriceTick) and before.holds(event.mint) and event.time_ns <= latest_ns)
    for tick in {tick.mint: tick for tick in ticks}.values():
        book = books.apply_price(book, tick)
    return (book, ()) if book is before else watch(before, book, rules, now_ns)


def watch(before: Book, book: Book, rules: Rules, now_ns: int) -> Decision:
    """Order a halt, once, for each portfolio and strategy whose equity fell too far from its peak; `before`: prices and fills moved it."""
    if rules.config is None:
        return book, ()
    book = breakers.looked(before, book, rules, now_ns)
    outputs = _breaker_halts(before, book, rules, now_ns)
    for mode in Mode:
        portfolio, limit = book.of(mode), rules.config.limits.drawdown_bps_max
        drawdown = portfolio.drawdown_bps(rules.config.capital_lamports)
        if not portfolio.tripped and not (drawdown <= limit):
            book = books.trip(book, mode)
            outputs += _halts(book, rules, mode, f"{mode.value} drawdown of {drawdown} bps, limit {limit}", now_ns)
    return book, outputs


def take_halt(book: Book, rules: Rules, command: HaltCommand) -> Book:
    """Fold one kill-switch entry that `rules` already counts; a resume after a drawdown halt starts a new high-water mark."""
    if rules.halt_epoch <= book.halt_epoch:
        return book
    if command.state is HaltState.ACTIVE and command.by not in MACHINES:
        for mode in Mode:
            ours = command.scope == PORTFOLIO or rules.mode_of(command.scope) is mode
            if ours and book.of(mode).tripped:
                book = books.rearm(book, mode)
        book = breakers.resumed(book, command.scope)
    return book.at_epoch(rules.halt_epoch)


def _latest_ns(rules: Rules, now_ns: int) -> int:
    """Return the time from which on an event is from the future."""
    return now_ns + (rules.config.limits.clock_skew_ms_max * NS_PER_MS if rules.config else 0)


def _noticed(book: Book, rules: Rules, events: int, now_ns: int) -> Book:
    """Count events from the future."""
    limit = rules.config.limits.market.skewed_events_max if rules.config else 0
    return msgspec.structs.replace(book, skew=clocks.seen(book.skew, events, limit, now_ns)) if limit and events else book


def _breaker_halts(before: Book, book: Book, rules: Rules, now_ns: int) -> tuple[Output, ...]:
    """Return the halts of strategies whose breaker ends by a person alone."""
    return tuple(
        Output(KILL_SWITCH.name, HaltCommand(name, trip.scope, HaltState.HALTED, STAGE, reason, now_ns), name)
        for trip in breakers.halting(before, book, rules)
        for name in (derive("breaker", trip.mode.value, trip.reason, trip.scope, trip.pause.since_ns),)
        for reason in (f"{BREAKER}{trip.reason}: {sentence(ReasonCode(trip.reason), trip.pause)}",)
    )


def _halts(book: Book, rules: Rules, mode: Mode, reason: str, now_ns: int) -> tuple[Output, ...]:
    portfolio = book.of(mode)
    return tuple(
        Output(KILL_SWITCH.name, HaltCommand(name, scope, HaltState.HALTED, STAGE, reason, now_ns), name)
        for scope in _scopes(rules, mode)
        for name in (derive("drawdown", mode.value, portfolio.trips, portfolio.peak_pnl_lamports, scope),)
    )


def _scopes(rules: Rules, mode: Mode) -> tuple[str, ...]:
    """Everyone, unless strategies of the other mode trade beside these: a loss on paper must not stop what is live."""
    same = tuple(strategy.id for strategy in rules.strategies.values() if strategy.mode is mode)
    return same if 0 < len(same) < len(rules.strategies) else (PORTFOLIO,)
