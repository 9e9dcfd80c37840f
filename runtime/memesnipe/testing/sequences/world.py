"""The three stages of capital in one process, each behind a queue of its own: who hears what, and when, is drawn.

Outside is what really happened (`happened`); `seen` is what risk_guardian has heard of it. Every step is held to `promises`.
"""

import random
from collections import Counter, deque

from memesnipe.allocator.decide import decide as allocate
from memesnipe.bus.api import Entry
from memesnipe.bus.topology import FILLS, INTENTS, KILL_SWITCH, PRICE, REJECTED
from memesnipe.kernel.errors import BadInput, Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.ledger.booked import Booked, Verdict
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.control import AllocationDecision, CloseRequest, ConfigApplied, HaltCommand, RiskLimits
from memesnipe.messages.market import MarketFrame, PriceTick
from memesnipe.messages.orders import ApprovedOrder, ExitIntent, Fill, Intent, Outcome, Rejection
from memesnipe.positions import book as positions_book
from memesnipe.positions import decide as position_manager
from memesnipe.positions.causes import Rules as PositionRules
from memesnipe.research.backtest.accounts import Accounts
from memesnipe.risk import book as risk_book
from memesnipe.risk import decide as risk_guardian
from memesnipe.risk.rules import Rules
from memesnipe.testing.builders import START_NS
from memesnipe.testing.sequences import breakers, promises, protection
from memesnipe.testing.sequences.counting import Count

Heard = MarketFrame | Outcome | CloseRequest
"""What position_manager reads."""
AGAIN_MAX = 12
"""So many of the last entries may be said once more."""


class World:
    """Everything of one sequence. Not to be used again after a promise was broken."""

    def __init__(self, seed: int, config: ConfigApplied) -> None:
        self.draw = random.Random(seed)  # noqa: S311 - a course of events, not a secret
        self.now_ns, self.slot, self.number = START_NS, 1_000, 0
        self.rules = Rules()
        self.decision: AllocationDecision | None = None
        self.risk, self.positions, self.accounts = risk_book.Book(), positions_book.Book(), Accounts()
        self.to_risk, self.to_positions, self.to_switch = deque[Entry](), deque[Heard](), deque[HaltCommand]()
        self.risk_heard, self.positions_heard = deque[Entry](maxlen=AGAIN_MAX), deque[Fill](maxlen=AGAIN_MAX)
        self.flying: dict[str, tuple[Mode, Intent]] = {}
        self.prices: dict[str, PriceTick] = {}
        self.happened, self.seen, self.tripped = Count(), Count(), set[Mode]()
        self.orders_ns: dict[tuple[Mode, str], list[int]] = {}
        self.answered: set[str] = set()
        self.committed = dict.fromkeys(Mode, 0)
        self.paused: dict[tuple[str, ...], int] = {}
        """Breakers that said until when they stand, by scope."""
        self.seal_works = True
        self.tally = Counter[str]()
        self.config: ConfigApplied
        self.apply(config)

    @property
    def limits(self) -> RiskLimits:
        """The policy in force."""
        return self.config.limits

    def fresh(self, what: str) -> str:
        """Return an id that nothing had yet."""
        self.number += 1
        return f"{what}-{self.number}"

    # What people and the world outside do.
    def apply(self, config: ConfigApplied) -> None:
        """Put a configuration in force, and let the allocator decide on it."""
        self.config, self.rules = config, self.rules.with_config(config)
        self.paused.clear()
        self.allocate()

    def allocate(self) -> None:
        """Decide on the capital; weights that do not fit leave the last decision in force."""
        try:
            decision: AllocationDecision | None = allocate(self.decision, self.config, self.now_ns)
        except BadInput:
            self.tally["allocator/weights_refused"] += 1
            return
        if decision is not None:
            promises.whole_at_most(decision, self.config)
            self.decision, self.rules = decision, self.rules.with_allocation(decision)
            self.tally[f"allocator/{decision.method}"] += 1

    def wish(self, strategy: str, intent: Intent) -> None:
        """A strategy, or whoever writes its stream, asks for something."""
        self.to_risk.append(Entry(INTENTS.of(strategy), f"{self.number}-0", intent, strategy))

    def price(self, tick: PriceTick) -> None:
        """A trade moves a price."""
        self.prices[tick.mint] = tick
        self.to_risk.append(Entry(PRICE.name, f"{self.number}-0", MarketFrame((tick,))))
        self.to_positions.append(MarketFrame((tick,)))

    def ends(self, outcome: Outcome) -> None:
        """wallet_guard says how an order ended, or that an attempt failed."""
        if isinstance(outcome, Fill):
            self.happened.fill(outcome)
        else:
            self.happened.end(outcome.intent_id)
        self.to_risk.append(Entry(FILLS.of(outcome.strategy), f"{self.number}-0", outcome, outcome.strategy))
        self.to_positions.append(outcome)

    def command(self, command: HaltCommand) -> None:
        """An entry on the kill switch: everybody folds it."""
        self.rules = self.rules.with_halt(Entry(KILL_SWITCH.name, f"{self.rules.halt_epoch + 1}-0", command))
        self.risk = risk_guardian.take_halt(self.risk, self.rules, command)
        if command.state is HaltState.ACTIVE and command.by == promises.PERSON:
            self.paused.clear()
            for mode in [one for one in self.tripped if command.scope == "*" or self.rules.mode_of(command.scope) is one]:
                self.tripped.discard(mode)
                self.seen.rearm(mode)

    # What the stages do.
    def risk_reads(self, entry: Entry | None = None) -> None:
        """Let risk_guardian decide what came first, or once more what it decided before."""
        again, entry = entry is not None, entry or self.to_risk.popleft()
        before = self.risk
        promises.note(self, entry)
        self.risk, outputs = risk_guardian.decide(self.risk, self.rules, entry, self.now_ns, self._seal)
        self.risk_heard.append(entry)
        for output in outputs:
            message = output.message
            if isinstance(message, HaltCommand):
                self.tally["halts/drawdown"] += 1
                self.to_switch.append(message)
            elif isinstance(message, ApprovedOrder):
                promises.approved(self, entry, message)
                if message.intent.id in self.seen.promised and self.seen.promised[message.intent.id].lamports:
                    breakers.allow(self, message.mode, message.intent)
                self.flying[message.intent.id] = (message.mode, message.intent)
            elif output.stream == REJECTED.name:
                promises.refused(self, entry, message)
                breakers.stands(self, entry.message, message)
                self.to_positions.append(message)
        promises.after_risk(self, entry, outputs, before, again=again)

    def positions_read(self, again: Fill | None = None) -> None:
        """Let position_manager decide what came first, or once more a fill that its ledger knows."""
        message = again or self.to_positions.popleft()
        rules = self.position_rules()
        if isinstance(message, Fill):
            booked = self._booked(message, known=again is not None)
            self.positions_heard.append(message)
            decided = position_manager.on_booked(self.positions, booked, rules)
        elif isinstance(message, Rejection):
            decided = position_manager.on_rejection(self.positions, message, rules)
        elif isinstance(message, CloseRequest):
            decided = position_manager.on_close_request(self.positions, message, rules)
        else:
            decided = position_manager.on_frame(self.positions, message, rules)
        self.exits_of(decided)
        self.time_goes_on()

    def time_goes_on(self) -> None:
        """What position_manager does at every turn."""
        self.exits_of(position_manager.on_time(self.positions, self.position_rules()))
        protection.after_positions(self)

    def exits_of(self, decided: position_manager.Decision) -> None:
        """Take the book, and send the exits that it asks for."""
        self.positions, effects = decided
        for effect in effects:
            if isinstance(effect, ExitIntent):
                protection.asked_for(self, effect)
                self.wish(effect.strategy, effect)

    def position_rules(self) -> PositionRules:
        """What position_manager goes by now."""
        return PositionRules(self.limits, self.rules.halt, self.now_ns)

    def kill_risk(self) -> None:
        """A kill and a start: what is stored is all there is."""
        self.risk = risk_book.decode(risk_book.encode(self.risk))

    def kill_positions(self) -> None:
        """The same; positions come from the ledger."""
        held = [one for one in self.accounts.positions.values() if one.units > 0]
        self.positions = positions_book.restore(positions_book.save(self.positions), held, self.positions.realized, self.positions.trades)

    def _booked(self, fill: Fill, *, known: bool) -> Booked:
        if not known:
            return self.accounts.book(fill)
        return Booked(fill, self.accounts.positions[(fill.strategy, fill.mode, fill.mint)], 0, None, Verdict.KNOWN)

    def _seal(self, intent: Intent, mode: Mode, rules: Rules, now_ns: int) -> bytes:
        if not self.seal_works:
            raise Refused(ReasonCode.APPROVAL_INVALID, "no key")
        return b"sealed"
