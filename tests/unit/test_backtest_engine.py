"""What a backtest promises whatever the strategy: the same seed the same run, every lamport accounted for, nothing kinder than paper."""

import random
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from memesnipe.control.applied import applied
from memesnipe.guard.paper import Terms
from memesnipe.kernel.errors import ConfigError
from memesnipe.ledger.accounting import Trade, apply, fill_order, position_of
from memesnipe.manifests.reading import parse
from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.control import BreakerLimits, RiskLimits
from memesnipe.messages.market import MarketEvent, PriceTick
from memesnipe.messages.orders import Fill, FillStatus
from memesnipe.research.backtest import curve, stage_positions
from memesnipe.research.backtest.accounts import Accounts
from memesnipe.research.backtest.bands import EMPTY
from memesnipe.research.backtest.engine import Costs, Engine
from memesnipe.research.backtest.market import Market, of_events
from memesnipe.research.backtest.quiet import Quiet
from memesnipe.research.backtest.result import Result
from memesnipe.research.backtest.setup import Setup, documents_in, manifests_of, setup_of
from memesnipe.research.backtest.stage_risk import RiskStage
from memesnipe.research.backtest.stress import Stress
from memesnipe.research.report.summary import costs_of, summary_of
from memesnipe.risk.breakers.refusal import WORDS
from memesnipe.strategy.contract import Action, Buy, EventType, Parameters, RiskProfile, Sell, Strategy, strategy
from memesnipe.strategy.loading import Plugin
from memesnipe.strategy.spec import StrategySpec
from memesnipe.testing.builders import MINT, OTHER_MINT, SOL, START_NS, a_fill, a_tick
from memesnipe.testing.tapes import a_tape, over_midnight

NS_PER_SLOT = 400_000_000
TERMS = Terms(seed=7, slots_max=2, failure_bps=0, timeout_ns=10 * 10**9, fee_lamports=25_000, tip_lamports=10_000)
MANIFEST = b"""
apiVersion: memesnipe.io/v1alpha1
kind: Strategy
metadata: {name: swing}
spec: {strategy: swing, mode: live, parameters: {hold: 5}}
"""


class SwingParameters(Parameters):
    hold: int = 5
    fail: bool = False


@strategy(
    id="swing",
    version="1.0.0",
    subscriptions={EventType.PRICE},
    parameters=SwingParameters,
    risk_profile=RiskProfile(thesis="none", exposures=("none",), failure_modes=("all",), holding_time_s=1, loss_per_trade_bps_max=1),
)
class Swing(Strategy[SwingParameters]):
    """Buys what it does not hold and sells what it held for `hold` prices: no idea, many orders."""

    def init(self, *handles: Any) -> None:
        super().init(*handles)
        self.age: dict[str, int] = {}

    async def on_event(self, event: MarketEvent) -> Action:
        assert isinstance(event, PriceTick)
        if self.params.fail:
            raise ValueError("no idea")
        held = self.view.holding(event.mint)
        if self.view.in_flight(event.mint):
            return None
        if held is None:
            self.age[event.mint] = 0
            return Buy(event.mint, SOL // 10, 500, event.quote_lamports, event.base_units)
        self.age[event.mint] += 1
        if self.age[event.mint] < self.params.hold:
            return None
        return Sell(event.mint, held.units, 500, event.quote_lamports, event.base_units)


def a_setup(**parameters: Any) -> Setup:
    """Return what the shipped limits make of Swing with 20 SOL: `setup_of` finds installed code only, and this is none."""
    manifests = manifests_of(parse(MANIFEST, "test"))
    config = applied(manifests, version=1, time_ns=START_NS, paper_switch=True, genesis="")
    spec = StrategySpec("swing", "swing", config.strategies[0].spec_hash, parameters)
    return Setup(config, (spec,), {"swing": Plugin("swing", Swing, Path(__file__))}, {"swing": config.capital_lamports})


def run(market: Market, terms: Terms = TERMS, stress: Stress = Stress(), **parameters: Any) -> Result:  # noqa: B008 - frozen
    return Engine(a_setup(**parameters), Costs(terms, SOL, stress)).run(market)


def ticks(count: int, mint: str = MINT, first_slot: int = 1_000) -> list[PriceTick]:
    """Return quiet trades, one a slot, on a pool that hardly moves."""
    return [
        a_tick(
            event_id=f"{mint}-{slot}", mint=mint, slot=slot, time_ns=START_NS + slot * NS_PER_SLOT, venue="raydium",
            quote_lamports=50 * SOL + slot % 7, trade_side=Side.BUY,
        )
        for slot in range(first_slot, first_slot + count)
    ]  # fmt: skip


def with_failures(bps: int) -> Terms:
    return msgspec.structs.replace(TERMS, failure_bps=bps)


def test_the_same_seed_makes_the_same_run_and_another_seed_another_one() -> None:
    market = of_events(list(a_tape(seed=3)))

    first, second, other = run(market), run(market), run(market, msgspec.structs.replace(TERMS, seed=8))

    assert first == second
    assert [fill.slot for fill in first.fills] != [fill.slot for fill in other.fills]


def test_every_lamport_of_the_net_result_is_in_a_fill_or_in_what_is_left() -> None:
    result = run(of_events(list(a_tape(seed=3))), with_failures(2_000))

    moved = sum(fill.sol_delta_lamports for fill in result.fills)
    assert result.net_lamports == moved + sum(one.value_lamports for one in result.left)
    assert {fill.status for fill in result.fills} == set(FillStatus)


def test_a_token_that_nobody_trades_any_more_is_marked_to_zero_and_stays_in_the_count() -> None:
    dying, alive = ticks(3), ticks(2_000, OTHER_MINT)
    market = of_events(sorted([*dying, *alive], key=lambda tick: tick.time_ns))

    result = run(market, msgspec.structs.replace(TERMS, slots_max=0), hold=10**6)

    assert {one.mint: (one.dead, one.value_lamports > 0) for one in result.left} == {MINT: (True, False), OTHER_MINT: (False, True)}
    assert summary_of(result).dead == 1


def test_a_failed_attempt_pays_its_fee_and_nothing_else() -> None:
    result = run(of_events(list(ticks(50))), with_failures(10_000))

    assert result.fills
    assert result.net_lamports == -TERMS.fee_lamports * len(result.fills)
    assert costs_of(result.fills).failed == -result.net_lamports
    assert set(result.rejected) == {"wallet_guard/paper_failed"}


def test_twice_the_costs_doubles_each_cost_of_the_same_fill() -> None:
    plain, dear = run(of_events(list(ticks(3)))), run(of_events(list(ticks(3))), stress=Stress(costs=2))

    one, two = plain.fills[0], dear.fills[0]
    assert (two.fee_lamports, two.tip_lamports, two.rent_lamports) == (2 * one.fee_lamports, 2 * one.tip_lamports, 2 * one.rent_lamports)
    assert abs(two.venue_fee_lamports - 2 * one.venue_fee_lamports) <= one.venue_fee_lamports // 10
    assert two.token_delta_units < one.token_delta_units


def test_slots_more_make_the_same_order_land_so_many_slots_later() -> None:
    market = of_events(list(ticks(20)))

    plain, late = run(market).fills[0], run(market, stress=Stress(slots_more=2)).fills[0]

    assert plain.intent_id == late.intent_id
    assert late.slot == plain.slot + 2


def test_a_strategy_that_raises_is_in_the_result_with_its_count_and_first_words() -> None:
    result = run(of_events(list(ticks(30))), fail=True)

    assert [(fault.kind, fault.count) for fault in result.faults] == [("ValueError", 30)]
    assert result.fills == ()


def test_a_strategy_that_asks_for_live_runs_on_paper() -> None:
    result = run(of_events(list(ticks(20))))

    assert {fill.mode for fill in result.fills} == {Mode.PAPER}


def test_a_manifest_without_a_strategy_to_run_is_refused() -> None:
    manifests = manifests_of(parse(MANIFEST.replace(b"mode: live", b"paused: true"), "test"))

    with pytest.raises(ConfigError, match="no Strategy to run"):
        setup_of(manifests)


def test_capital_that_is_named_is_in_place_of_the_allocation(tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text(MANIFEST.decode().replace("strategy: swing", "strategy: momentum").replace("parameters: {hold: 5}", "parameters: {}"))

    setup = setup_of(manifests_of(documents_in([file]), Decimal("1.5")))

    assert setup.capital == {"swing": 1_500_000_000}


TIGHT = BreakerLimits(
    portfolio_day_drawdown_bps_max=60, portfolio_week_drawdown_bps_max=90, strategy_drawdown_bps_max=150, strategy_day_drawdown_bps_max=70,
    strategy_week_drawdown_bps_max=100, losses_in_a_row_max=3, losses_pause_s=20, rate_breaches_max=2, rate_window_s=60, token_cooldown_s=2,
    strategy_stops_max=1, portfolio_stops_max=2, stops_window_s=60, stops_pause_s=20, closed_drawdown_bps_max=40, closed_trades_min=2,
    closed_window_s=120, closed_pause_s=15, token_loss_bps_max=50, token_trades_min=2, token_window_s=60, token_pause_s=10,
)  # fmt: skip


def test_what_is_put_off_until_it_matters_changes_no_breaker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curve, "POINTS_MAX", 2)
    kept, said = Counter[bool](), set[str]()

    for seed in range(18):
        market, setup = of_events(over_midnight(seed)), _with_breakers(a_setup(hold=7), seed)
        with monkeypatch.context() as patched:
            patched.setattr(Quiet, "keeps", _counting(kept))
            late = Engine(setup, Costs(with_failures(1_000), SOL)).run(market)
            _decide_each_price_in_full(patched)
            at_once = Engine(setup, Costs(with_failures(1_000), SOL)).run(market)
        assert late == at_once
        said |= {reason.removeprefix("risk_guardian/") for reason in late.rejected}
        said |= {reason.split()[1].removesuffix(":") for reason in late.halts.values()}

    assert kept[True] > 1_000
    assert said >= {reason.value for reason in WORDS}


def _with_breakers(setup: Setup, seed: int) -> Setup:
    """Return breakers that trip early: by falls, by closed trades, by orders that come too fast."""
    falls = {name: 64 if value < 64 else 9_999 for name, value in msgspec.structs.asdict(TIGHT).items() if name.endswith("_max")}
    by_falls = msgspec.structs.replace(TIGHT, **falls, token_cooldown_s=0)
    week = {"portfolio_week_drawdown_bps_max": 4, "strategy_week_drawdown_bps_max": 4}
    chosen = (
        TIGHT,
        TIGHT,
        msgspec.structs.replace(by_falls, portfolio_day_drawdown_bps_max=3),
        msgspec.structs.replace(by_falls, portfolio_week_drawdown_bps_max=3),
        msgspec.structs.replace(by_falls, strategy_day_drawdown_bps_max=3),
        msgspec.structs.replace(by_falls, strategy_week_drawdown_bps_max=3),
        msgspec.structs.replace(by_falls, strategy_drawdown_bps_max=8),
        msgspec.structs.replace(by_falls, closed_drawdown_bps_max=2),
        msgspec.structs.replace(by_falls, token_loss_bps_max=20, **week),
    )[seed % 9]
    tight = {"stop_loss_bps": 150, "take_profit_bps": 500, "time_stop_s": 25, "orders_per_minute_max": 6 if seed % 9 == 0 else 60}
    limits = msgspec.structs.replace(_changed(setup.config.limits, tight), breakers=chosen)
    return msgspec.structs.replace(setup, config=msgspec.structs.replace(setup.config, limits=limits))


def _decide_each_price_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Quiet, "keeps", lambda *_: False)
    monkeypatch.setattr(RiskStage, "_is_quiet", lambda *_: False)
    monkeypatch.setattr(stage_positions, "band_of", lambda *_: EMPTY)
    monkeypatch.setattr(stage_positions, "due_ns", lambda *_: 0)


@pytest.mark.parametrize("seed", range(12))
def test_what_is_put_off_until_it_matters_changes_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    market, terms, kept = of_events(list(a_tape(seed))), with_failures(1_000), Counter[bool]()
    monkeypatch.setattr(curve, "POINTS_MAX", 2)  # a short run would look at each price of a held token, for the picture's sake
    monkeypatch.setattr(Quiet, "keeps", _counting(kept))
    tight = {"stop_loss_bps": 300, "take_profit_bps": 500, "time_stop_s": 25, "drawdown_bps_max": 20 + 15 * seed}
    setup = a_setup(hold=7)
    setup = msgspec.structs.replace(setup, config=msgspec.structs.replace(setup.config, limits=_changed(setup.config.limits, tight)))

    late = Engine(setup, Costs(terms, SOL)).run(market)
    _decide_each_price_in_full(monkeypatch)
    at_once = Engine(setup, Costs(terms, SOL)).run(market)

    assert late == at_once
    assert {fill.exit_cause for fill in late.fills} > {None}
    assert kept[True] > 20


def _counting(kept: Counter[bool]) -> Callable[[Quiet, PriceTick, int], bool]:
    keeps = Quiet.keeps

    def counted(quiet: Quiet, tick: PriceTick, number: int) -> bool:
        answer = keeps(quiet, tick, number)
        kept[answer] += 1
        return answer

    return counted


@pytest.mark.parametrize("seed", range(8))
def test_fills_in_any_order_make_the_positions_and_trades_of_the_canonical_one(seed: int) -> None:
    draw, accounts, booked = random.Random(seed), Accounts(), list[Fill]()
    slot = 1_000
    for number in range(60):
        slot += draw.choice((0, 0, 1, 1, 2, -1, -40))
        side = draw.choice((Side.BUY, Side.SELL))
        booked.append(_a_fill_at(slot, number, side, draw.choice((10, 10, 7))))
        accounts.book(booked[-1])

    position, closed = position_of(booked[0]), list[Trade]()
    for fill in sorted(booked, key=fill_order):
        position, trade = apply(position, fill)
        closed += [trade] if trade is not None else []
    assert accounts.positions == {position.key: position}
    assert sorted(closed, key=lambda one: (one.closed_ns, one.closed_signature)) == accounts.trades


def _a_fill_at(slot: int, number: int, side: Side, units: int) -> Fill:
    sign, time_ns = (1 if side is Side.BUY else -1), START_NS + slot * NS_PER_SLOT
    fill = a_fill(intent_id=f"i{number}", signature=f"s{number}", side=side, slot=slot, time_ns=time_ns, intent_time_ns=time_ns)
    return msgspec.structs.replace(fill, token_delta_units=sign * units, sol_delta_lamports=-sign * 100)


def _changed(limits: RiskLimits, fields: dict[str, int]) -> RiskLimits:
    return msgspec.structs.replace(limits, **fields)
