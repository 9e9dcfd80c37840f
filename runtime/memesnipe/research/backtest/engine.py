"""The backtester: one event after another through the same decisions, in the turns of a replay, without a process, a socket or a wait.

For each event: wallet_guard ends what is due at it (turn 0), risk_guardian marks it (1), position_manager and the strategies hear it (2),
and what comes of that goes round until nothing is left: intents and exits to risk (3), approvals to the guard (4), outcomes to all (1).
`memesnipe up --replay` does the same over Valkey; a test holds the fills of the two against each other, field by field.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf

import msgspec

from memesnipe.bus.api import Entry, Output
from memesnipe.bus.folds import Halts, fold_halts
from memesnipe.bus.topology import KILL_SWITCH, REJECTED
from memesnipe.guard.paper import Terms
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.market import DepthQuote, MarketEvent, PriceTick
from memesnipe.messages.orders import Fill, OrderIntent
from memesnipe.research.backtest.bands import Band
from memesnipe.research.backtest.curve import EquityCurve
from memesnipe.research.backtest.left_over import left_over
from memesnipe.research.backtest.market import Market
from memesnipe.research.backtest.quiet import NEVER_NS, NEVER_SLOT, Bounds, Quiet
from memesnipe.research.backtest.result import Fault, Result
from memesnipe.research.backtest.setup import Setup
from memesnipe.research.backtest.stage_positions import PositionsStage
from memesnipe.research.backtest.stage_risk import RiskStage
from memesnipe.research.backtest.stages import GuardStage, Stage, price_entry
from memesnipe.research.backtest.strategies import StrategyStage
from memesnipe.research.backtest.stress import Stress
from memesnipe.research.backtest.wire import Wire, wire_for

GUARD, RISK, POSITIONS = "wallet_guard", "risk_guardian", "position_manager"
TOLD_EVERY = 8_192
ANYWHERE = (-inf, inf)
Progress = Callable[[int], None]
"""Told how many events are done, now and then."""


class Costs(msgspec.Struct, frozen=True):
    """What trading costs and what wallet_guard allows by itself: from its settings, as on paper."""

    terms: Terms
    own_size_lamports_max: int
    stress: Stress = Stress()


class Engine:
    """One run. Feed it events in order, then ask for the result."""

    def __init__(self, setup: Setup, costs: Costs) -> None:
        config = setup.config
        self.setup, self.costs = setup, costs
        self.guard = GuardStage(config, costs.own_size_lamports_max, costs.terms, costs.stress)
        self.risk = RiskStage(config, setup.capital)
        self.positions = PositionsStage(config)
        self.strategies = [StrategyStage(spec, setup.plugins[spec.plugin], setup.capital.get(spec.id, 0)) for spec in setup.specs]
        self.halts, self.fills = Halts(), list[Fill]()
        self.intents: list[tuple[int, OrderIntent]] = []
        self.rejected: Counter[str] = Counter()
        self.curve = EquityCurve(config.capital_lamports)
        self.quiet, self._over = Quiet(), False
        self.events, self.first_ns, self.last_ns = 0, 0, 0
        named = {f"executor:{one.seat.spec.id}": one for one in self.strategies}
        self._stages: dict[str, Stage] = {GUARD: self.guard, RISK: self.risk, POSITIONS: self.positions, **named}
        self._wire: Wire = wire_for([spec.id for spec in setup.specs], self._stages)

    def run(self, market: Market, progress: Progress | None = None) -> Result:
        """Go through a market from its first event to its last. Raises BadInput on an event that cannot be read."""
        events = self.risk.following(market.events() if progress is None else _telling(market.events(), progress))
        while not self._over:
            self.strategies[0].listen(self._heard(events))
        self._catch_up()
        return self._ended(market)

    def _ended(self, market: Market) -> Result:
        """The last point of the curve counts what is left at what a sale would bring: paper value is no profit."""
        left = left_over(self.positions.accounts, self.guard.book.pools, self.last_ns, self.guard.terms)
        net = sum(fill.sol_delta_lamports for fill in self.fills) + sum(one.value_lamports for one in left)
        self.curve.note(self.last_ns, net)
        return Result(
            market=market.name,
            market_sha256=market.sha256,
            specs=self.setup.specs,
            policy_hash=self.setup.config.policy_hash,
            seed=self.costs.terms.seed,
            stress=self.costs.stress,
            capital_lamports=self.setup.config.capital_lamports,
            events=self.events,
            first_ns=self.first_ns,
            last_ns=self.last_ns,
            fills=tuple(self.fills),
            intents=tuple(self.intents),
            trades=tuple(self.positions.accounts.trades),
            left=left,
            waiting=self.guard.book.waits,
            rejected=dict(sorted(self.rejected.items())),
            refused=dict(sorted(sum((one.refused for one in self.strategies), Counter[str]()).items())),
            faults=self._faults(),
            halts={scope: self.halts.reasons[scope] for scope, state in self.halts.states.items() if state is not HaltState.ACTIVE},
            points=tuple(self.curve.points),
            closes=self.curve.closes,
            drawdown_bps_max=self.curve.drawdown_bps_max,
            net_lamports=net,
        )

    def _faults(self) -> tuple[Fault, ...]:
        return tuple(
            Fault(one.seat.spec.id, failure.kind, failure.count, failure.detail[:512])
            for one in self.strategies
            for failure in one.heard.faults.values()
        )

    def _heard(self, events: Iterator[tuple[MarketEvent, bool]]) -> Iterator[MarketEvent]:
        """Yield what the first strategy hears; what it answers is there when the next event is asked for.

        Ends where a halt changed how that strategy stands; what is left of the events is for the next call. Everything in the loop
        is paid for each event of a market.
        """
        first, others, quiet = self.strategies[0], self.strategies[1:], self.quiet
        standing, intents, refused = first.standing, first.heard.intents, first.heard.refused
        for event, by_strategies in events:
            self.events += 1
            if type(event) is not PriceTick:
                self._other(event)
            elif not quiet.keeps(event, self.events):
                self._price(event)
            if by_strategies:
                if first.standing is standing:
                    yield event
                else:
                    first.listen((event,))
                if intents or refused or others:
                    self._answer(event, others)
            if not quiet.until_ns:
                self._come_to_rest()
                if first.standing is not standing:
                    return
        self._over = True

    def _answer(self, event: MarketEvent, others: Sequence[StrategyStage]) -> None:
        """Let the other strategies hear an event too, and send on what all of them want."""
        outputs = list(self.strategies[0].taken())
        for strategy in others:
            strategy.listen((event,))
            outputs += strategy.taken()
        if outputs:
            self._catch_up()
            self.intents += [(self.events - 1, output.message) for output in outputs]
            self._put(outputs)

    def _price(self, tick: PriceTick) -> None:
        self._catch_up()
        self._seen(tick.time_ns)
        held = tick.mint in self.risk.held
        if outcomes := self.guard.price(tick):
            self._put(outcomes)
            self._wire.give(1, RISK, *price_entry(tick))  # risk_guardian reads a price and the fills it made together
            self._settle(turn_max=1)
        elif outputs := self.risk.price(tick):
            self._put(outputs)
        if outputs := self.positions.price(tick):
            self._put(outputs)
        if held:
            self.curve.note(tick.time_ns, self.risk.pnl_lamports)

    def _other(self, event: MarketEvent) -> None:
        """Take what is no price: of depth risk_guardian hears, after the prices that were put off."""
        if isinstance(event, DepthQuote):
            self._catch_up()
            self.risk.hear(event)
        self._seen(event.time_ns)

    def _seen(self, time_ns: int) -> None:
        if time_ns > self.last_ns:
            self.first_ns, self.last_ns = self.first_ns or time_ns, time_ns

    def _catch_up(self) -> None:
        """Tell every stage of the prices that were put off, before anything is decided that might look at them."""
        ticks, now_ns = self.quiet.taken(), self.quiet.latest_ns
        if not ticks:
            return
        self._seen(now_ns)
        self.guard.catch_up(ticks, now_ns)
        self.positions.catch_up(ticks, now_ns)
        if self.risk.catch_up(ticks, now_ns):
            self.curve.note(now_ns, self.risk.pnl_lamports)

    def _come_to_rest(self) -> None:
        """Let everything happen that waits to happen, then look what could happen next."""
        if self._wire.waiting:
            self._settle()
            self.curve.note(self.last_ns, self.risk.pnl_lamports)
        now_ns = max(self.guard.now_ns, self.risk.now_ns, self.positions.now_ns)
        slots, until_ns = self.guard.waits()
        until_ns = min(until_ns, self.positions.due_ns, self.curve.due_ns(now_ns) if self.risk.held else NEVER_NS)
        self.quiet.bound(self._bounds(slots, now_ns), now_ns, self.guard.book.slot, until_ns)

    def _bounds(self, slots: Mapping[str, int], now_ns: int) -> dict[str, Bounds]:
        room = self.risk.room(*self.curve.room_lamports(), now_ns) if self.risk.held else {}
        bounds = dict[str, Bounds]()
        for mint in room.keys() | slots.keys() | self.positions.bands.keys():
            (low, high), band = room.get(mint, ANYWHERE), self.positions.bands.get(mint, Band())
            bounds[mint] = Bounds(max(low, band.above), min(high, band.below), slots.get(mint, NEVER_SLOT), band.reserves)
        return bounds

    def _settle(self, turn_max: int = 99) -> None:
        """Go round until nothing waits up to this turn: the lowest turn first, as the stages of a replay wait for each other."""
        while (found := self._wire.take(turn_max)) is not None:
            group, entries = found
            self._put(self._stages[group].take(entries))

    def _put(self, outputs: Sequence[Output]) -> None:
        for output in outputs:
            if output.stream == KILL_SWITCH.name:
                self._halt(output)
            elif output.stream == REJECTED.name:
                self.rejected[f"{output.message.stage}/{output.message.reason.value}"] += 1
            elif isinstance(output.message, Fill):
                self.fills.append(output.message)
        self._wire.put(outputs)

    def _halt(self, output: Output) -> None:
        entry = Entry(output.stream, f"{self.halts.epoch + 1}-0", output.message)
        self.halts = fold_halts(self.halts, [entry])
        self.risk.obey(entry)
        self.guard.obey(self.halts)
        self.positions.obey(self.halts)
        for strategy in self.strategies:
            strategy.obey(self.halts)


def _telling(events: Iterator[tuple[MarketEvent, bool]], progress: Progress) -> Iterator[tuple[MarketEvent, bool]]:
    for done, event in enumerate(events, start=1):
        yield event
        if not done % TOLD_EVERY:
            progress(done)
