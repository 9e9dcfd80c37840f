"""One strategy's way on a virtual clock, through the decisions of the services themselves: gates, machine, allocation, risk, ledger.

Made up are the trades' results (`edges`), the record of evidence (sealed and judged as any is), and that live orders end as paper says. A
person takes it live a while after it is proposed, and after a demotion sets the mode back to paper the next day.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from memesnipe.allocator.decide import decide as share_out
from memesnipe.allocator.promoting import caps_of, moved
from memesnipe.allocator.seen import trades_of
from memesnipe.bus.topology import APPROVED
from memesnipe.chain.programs import MAINNET_GENESIS
from memesnipe.control.applied import Around, hash_of, in_force, judged
from memesnipe.control.proofs import Track
from memesnipe.evidence.gap import PAIRS_MAX, Gap, gap_of
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.ledger import accounting
from memesnipe.manifests.reading import Manifests, understand
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import AllocationDecision, ConfigApplied, MarketLimits
from memesnipe.messages.orders import Fill
from memesnipe.messages.pairs import Pair
from memesnipe.messages.promotion import PromotionStage, PromotionStep, PromotionTerms
from memesnipe.positions.performance import history_of
from memesnipe.promotion.sequential import together
from memesnipe.promotion.values import WHOLE_BPS, Facts, Standing
from memesnipe.risk import book as risk_books
from memesnipe.risk.decide import decide_intent
from memesnipe.risk.market.memory import Memory
from memesnipe.risk.rules import Rules
from memesnipe.testing.builders import MINT, START_NS, a_pair
from memesnipe.testing.evidence import a_record_for
from memesnipe.testing.manifests import PORTFOLIO, a_strategy
from memesnipe.testing.promotion.edges import Edge, results
from memesnipe.testing.risk_cases import moved as filled
from memesnipe.testing.risk_cases import wish

STRATEGY, CODE = "momentum", "c" * 64
TRADE_NS = 1_800 * NS_PER_S
EVIDENCE_AT, THINKS_FOR = 40, 20
"""Trades until there is evidence, and trades that a person thinks for."""
UNITS = 1_000_000_000
SIZE_SHARE = 40
"""It wishes for a fortieth of its capital: half a SOL of 20, which is as much as the default policy allows."""


class Seen(msgspec.Struct, frozen=True):
    """Where it stood after one trade."""

    time_ns: int
    mode: Mode
    stage: PromotionStage
    step: int
    capital_lamports: int
    live_pnl_lamports: int
    loss: float
    """How far both tests are on their way to an alarm: 1 is there."""
    decay: float


class Way(msgspec.Struct, frozen=True):
    """A whole way."""

    seen: tuple[Seen, ...]
    words: tuple[PromotionStep, ...]


class Walk:
    """The state of all that decides, each as its service has it."""

    def __init__(self, edge: Edge, seed: int) -> None:
        self._results, self._seed = results(edge, seed), seed
        self.now_ns, self.mode = START_NS, "paper"
        self.config: ConfigApplied | None = None
        self.standings: dict[str, Standing] = {}
        self.words: list[PromotionStep] = []
        self.decision: AllocationDecision | None = None
        self._risk, self._market = risk_books.Book(), Memory()
        self._trades: dict[Mode, list[accounting.Trade]] = {mode: [] for mode in Mode}
        self._positions: dict[Mode, accounting.Position] = {}
        self._pairs: list[Pair] = []
        self._number = 0

    def trade(self) -> None:
        """Let half an hour pass: judge, step, share out, then one round trip."""
        self._number += 1
        self.now_ns += TRADE_NS
        self.config = self._judged()
        self._step(self.config)
        self.config = self._judged()  # control folds the word within a turn
        terms = self.config.promotion or PromotionTerms()
        caps = caps_of(self.standings, self.config)
        self.decision = share_out(self.decision, self.config, self.now_ns, caps) or self.decision
        self._person(self.standings[STRATEGY], terms)
        self._round_trip(next(self._results))

    def _judged(self) -> ConfigApplied:
        spec = hash_of(STRATEGY, {})
        around = Around(
            paper_switch=False,
            genesis=MAINNET_GENESIS,
            time_ns=self.now_ns,
            records=(a_record_for(spec, CODE),) if self._number >= EVIDENCE_AT else (),
            track=Track({STRATEGY: CODE}, {STRATEGY: len(self._trades[Mode.PAPER])}, {STRATEGY: self._gap()}),
            words={word.strategy: word for word in self.words},
        )
        manifests = self._manifests()
        return in_force(manifests, judged(manifests, around), around, self._number)

    def _manifests(self) -> Manifests:
        text = f"{PORTFOLIO}---\n{a_strategy(STRATEGY, f'strategy: {STRATEGY}, mode: {self.mode}')}"
        return understand({"all.yaml": text.encode()})

    def _gap(self) -> Gap:
        return gap_of(self._pairs[-PAIRS_MAX:])

    def _step(self, config: ConfigApplied) -> None:
        (strategy,) = config.strategies
        history = history_of(self._trades[strategy.mode][-1_000:])
        facts = Facts(
            strategy=STRATEGY,
            mode=strategy.mode,
            asked=strategy.asked,
            unmet=strategy.unmet,
            spec_hash=strategy.spec_hash,
            code_hash=strategy.code_hash,
            trades=trades_of(STRATEGY, history),
            pnl_lamports=self._live_pnl(),
            capital_lamports=self._capital(),
            gap=self._gap() if strategy.mode is Mode.LIVE else None,
            until_ns=strategy.cooling_until_ns,
        )
        self.standings, found = moved(self.standings, [facts], self.now_ns, config.promotion or PromotionTerms())
        self.words += [one.word for one in found]

    def _person(self, standing: Standing, terms: PromotionTerms) -> None:
        waited = (self.now_ns - standing.since_ns) // TRADE_NS >= THINKS_FOR
        if standing.stage is PromotionStage.PROPOSED and waited:
            self.mode = "live"
        if standing.stage is PromotionStage.COOL_DOWN and waited:
            self.mode = "paper"

    def _round_trip(self, result: float) -> None:
        """Buy what risk allows, and sell it for what the edge gives."""
        if self.config is None or self.decision is None:
            return
        limits = msgspec.structs.replace(self.config.limits, market=MarketLimits(), breakers=None)  # there is no market here to be judged
        rules = Rules().with_config(msgspec.structs.replace(self.config, limits=limits)).with_allocation(self.decision)
        named: dict[str, Any] = {"strategy": STRATEGY, "event_id": f"event-{self._number}", "spec_hash": hash_of(STRATEGY, {})}
        intent = wish(sol=self._capital() / SIZE_SHARE / 1e9, time_ns=self.now_ns, code_hash=CODE, **named)
        self._risk, outputs = decide_intent(self._risk, rules, STRATEGY, intent, self.now_ns, lambda *_: b"sealed", self._market)
        if not any(output.stream == APPROVED.name for output in outputs):
            return
        mode, paid = rules.mode_of(STRATEGY), intent.size_lamports
        told: dict[str, Any] = {"mode": mode, "strategy": STRATEGY, "mint": MINT}
        self._fill(filled(intent.id, lamports=-paid, units=UNITS, time_ns=self.now_ns, signature=f"buy-{self._number}", **told))
        back = paid + round(paid * result)
        sold = self.now_ns + TRADE_NS // 2
        self._fill(filled(f"sale-{self._number}", lamports=back, units=-UNITS, time_ns=sold, signature=f"sale-{self._number}", **told))
        if mode is Mode.LIVE:
            self._pairs += [a_pair(strategy=STRATEGY, time_ns=time_ns) for time_ns in (self.now_ns, sold)]

    def _fill(self, fill: Fill) -> None:
        self._risk = risk_books.apply_fill(self._risk, STRATEGY, fill)
        before = self._positions.get(fill.mode) or accounting.position_of(fill)
        self._positions[fill.mode], trade = accounting.apply(before, fill)
        if trade is not None:
            self._trades[fill.mode].append(trade)

    def _capital(self) -> int:
        return self.decision.shares[0].capital_lamports if self.decision else 0

    def _live_pnl(self) -> int:
        return sum(trade.net_lamports for trade in self._trades[Mode.LIVE])

    def seen(self) -> Seen:
        """Return where it stands."""
        standing = self.standings[STRATEGY]
        terms = self.config.promotion if self.config and self.config.promotion else PromotionTerms()
        mode = self.config.strategies[0].mode if self.config else Mode.PAPER
        live = standing.live
        return Seen(
            time_ns=self.now_ns,
            mode=mode,
            stage=standing.stage,
            step=standing.step,
            capital_lamports=self._capital() if mode is Mode.LIVE else 0,
            live_pnl_lamports=self._live_pnl(),
            loss=together(standing.run.loss) * terms.loss_level_bps / WHOLE_BPS if live else 0.0,
            decay=together(standing.run.decay) / terms.decay_alarm_trades if live else 0.0,
        )


def walked(edge: Edge, seed: int, trades: int) -> Way:
    """Return the way of a strategy with this edge over so many trades."""
    walk = Walk(edge, seed)
    return Way(tuple(_after_each(walk, trades)), tuple(walk.words))


def _after_each(walk: Walk, trades: int) -> Iterator[Seen]:
    for _ in range(trades):
        walk.trade()
        yield walk.seen()
