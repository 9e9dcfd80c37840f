"""The compiled lane against the engine: the same market, parameters, seed and stress make the same fills and returns."""

import math
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from memesnipe.guard.paper import Terms
from memesnipe.guard.service import terms_of
from memesnipe.guard.settings import GuardSettings
from memesnipe.kernel.errors import ConfigError
from memesnipe.manifests.reading import parse
from memesnipe.market import pumpfun_csv
from memesnipe.messages.bounds import Side
from memesnipe.messages.orders import ExitCause
from memesnipe.research.backtest.candles import Candle, moments
from memesnipe.research.backtest.engine import Costs, Engine
from memesnipe.research.backtest.market import Market, of_events, open_market
from memesnipe.research.backtest.returns import returns_of
from memesnipe.research.backtest.setup import Setup, manifests_of, setup_of
from memesnipe.research.backtest.stress import Stress
from memesnipe.research.lane.columns import columns_of
from memesnipe.research.lane.fills import fills_of, require_equal, trades_of
from memesnipe.research.lane.returns import lane_returns
from memesnipe.research.lane.running import ran
from memesnipe.risk.breakers.refusal import WORDS
from memesnipe.strategy.signals import LEAVE, Marks, Signal, Times, Values
from memesnipe.testing.builders import SOL, START_NS, a_tick
from memesnipe.testing.crosses import POLICY, Crosses, crossing
from memesnipe.testing.recorded import recorded
from memesnipe.testing.tapes import a_tape, over_midnight
from memesnipe_strategies.momentum import Momentum

pytestmark = pytest.mark.timeout(1_200)  # the first of them compiles the lane

SHARP = {
    "fast_s": 1, "slow_s": 4, "warmup_s": 2, "warmup_ticks": 3, "breakout_bps": 50, "breakout_sigmas": 0.2, "flow_lamports_min": 100_000,
    "trailing_bps": 300, "cooldown_s": 1, "retry_s": 0,
}  # fmt: skip
TERMS = terms_of(GuardSettings())


def momentum(policy: dict[str, Any] | None = None, **parameters: Any) -> Setup:
    """Return what the shipped momentum runs with these parameters, and with these fields of the RiskPolicy."""
    fields = {"parameters": {**SHARP, **parameters}, "strategy": "momentum", "mode": "paper"}
    document = {"apiVersion": "memesnipe.io/v1alpha1", "kind": "Strategy", "metadata": {"name": "momentum"}, "spec": fields}
    limits = {"apiVersion": "memesnipe.io/v1alpha1", "kind": "RiskPolicy", "metadata": {"name": "default"}, "spec": policy or {}}
    return setup_of(manifests_of([*parse(msgspec.json.encode(document), "test"), *parse(msgspec.json.encode(limits), "test")]))


def costs(seed: int = 7, stress: Stress = Stress(), **terms: int) -> Costs:  # noqa: B008 - frozen
    return Costs(msgspec.structs.replace(TERMS, seed=seed, **terms), 5 * SOL, stress)


def a_market(seed: int) -> Market:
    """Return a market of three tokens."""
    return of_events(list(a_tape(seed)))


@pytest.mark.parametrize("seed", range(3, 9))
@pytest.mark.parametrize("stress", [Stress(), Stress(2, 2)], ids=["plain", "stressed"])
def test_a_made_up_market_comes_out_fill_by_fill_as_in_the_engine(seed: int, stress: Stress) -> None:
    shared = require_equal(momentum(), costs(seed, stress, failure_bps=1_000), a_market(seed))

    assert shared > 5


def test_stops_goals_time_stops_failures_and_a_halt_come_out_the_same() -> None:
    draw, seen, halted = random.Random(5), set[tuple[Side, ExitCause | None, str]](), 0

    for seed in range(24):
        policy = {
            "stopLossBps": draw.choice((100, 300, 1_500)), "takeProfitBps": draw.choice((0, 100, 700)),
            "timeStopS": draw.choice((0, 5, 20)),
            "drawdownBpsMax": draw.choice((20, 40, 2_000)), "ordersPerMinuteMax": draw.choice((2, 6, 30)),
            "openPositionsMax": draw.choice((1, 10)),
        }  # fmt: skip
        setup = momentum(
            policy, hold_s_max=draw.choice((3, 900)), size_bps=draw.choice((500, 3_000)), slippage_bps_max=draw.choice((50, 500))
        )
        charged = costs(seed, failure_bps=3_000, slots_max=draw.choice((0, 2, 6)), timeout_ns=draw.choice((10**9, 10**10)))
        market = a_market(seed)
        require_equal(setup, charged, market)
        done = ran(setup, charged, columns_of(market), 60, rows=1)
        seen |= {(fill.side, fill.exit_cause, fill.error[:8]) for fill in fills_of(done, columns_of(market))}
        halted += done.halted

    exits = {(Side.SELL, cause, "") for cause in (ExitCause.STOP_LOSS, ExitCause.TAKE_PROFIT, ExitCause.TIME_STOP)}
    assert seen >= exits | {(Side.BUY, None, "slippage"), (Side.BUY, None, "drawn to"), (Side.SELL, ExitCause.STOP_LOSS, "drawn to")}
    assert halted


def test_breakers_come_out_the_same() -> None:
    draw, said = random.Random(11), set[str]()

    for seed in range(36):
        tight = {
            "portfolioDayDrawdownBpsMax": (2, 10_000), "portfolioWeekDrawdownBpsMax": (3, 10_000), "strategyDrawdownBpsMax": (12, 10_000),
            "strategyDayDrawdownBpsMax": (2, 10_000), "strategyWeekDrawdownBpsMax": (3, 10_000), "lossesInARowMax": (1, 64),
            "rateBreachesMax": (0, 500), "tokenCooldownS": (9, 0), "strategyStopsMax": (0, 64), "portfolioStopsMax": (0, 64),
            "closedDrawdownBpsMax": (3, 10_000), "tokenLossBpsMax": (20, 10_000),
        }  # fmt: skip
        chosen = frozenset(draw.sample(sorted(tight), 3))
        breakers = {name: values[name not in chosen] for name, values in tight.items()} | {"closedTradesMin": 2, "tokenTradesMin": 1}
        breakers |= {"lossesPauseS": 30, "stopsWindowS": 60, "stopsPauseS": 30, "closedPauseS": 40, "tokenPauseS": 90, "tokenWindowS": 90}
        policy = {
            "market": {"duplicateWindowMs": 1_000},
            "breakers": breakers,
            "stopLossBps": 150,
            "ordersPerMinuteMax": 3 if seed % 4 == 0 else 60,
            "timeStopS": 20,
        }
        setup, charged = momentum(policy, size_bps=2_500), costs(seed, failure_bps=500)
        market = of_events(over_midnight(seed))
        require_equal(setup, charged, market)
        whole = Engine(setup, charged).run(market)
        said |= {reason.removeprefix("risk_guardian/") for reason in whole.rejected}
        said |= {reason.split()[1].removesuffix(":") for reason in whole.halts.values()}

    assert said >= {reason.value for reason in WORDS}


@pytest.mark.parametrize("windows", [(3, 9), (5, 20)])
def test_another_strategys_signal_comes_out_as_what_it_trades(windows: tuple[int, int]) -> None:
    assert require_equal(crossing(*windows), costs(), a_market(4)) > 5


def test_candles_of_which_strategies_hear_the_close_alone_come_out_the_same() -> None:
    draw, price, rows = random.Random(3), 0.001, list[Candle]()
    for number in range(600):
        after = price * math.exp(draw.gauss(0, 0.02))
        low, high = min(price, after) * (1 - draw.random() / 30), max(price, after) * 1.01
        rows.append(Candle(START_NS + number * 300 * 10**9, price, high, low, after, 1_000.0))
        price = after
    market = Market("candles", "", 0, lambda: ((one.tick, one.heard) for one in moments(rows, "MADE", 1_000 * SOL)))
    policy = POLICY.replace("stopLossBps: 2000", "stopLossBps: 300").replace("timeStopS: 1800", "timeStopS: 100000")

    assert require_equal(crossing(3, 9, policy), costs(), market) > 20


def test_real_trades_come_out_the_same(tmp_path: Path) -> None:
    tape = tmp_path / "real.parquet"
    pumpfun_csv.convert(recorded(), tape)

    for stress in (Stress(), Stress(2, 2), Stress(3, 30)):
        assert require_equal(momentum(), costs(stress=stress), open_market(tape)) > 20


def test_trades_net_result_and_returns_are_the_engines() -> None:
    setup, market = momentum(), a_market(16)
    whole = Engine(setup, costs()).run(market)

    columns = columns_of(market)
    done = ran(setup, costs(), columns, 60, rows=8)

    assert trades_of(fills_of(done, columns)) == list(whole.trades)
    assert sorted(int(net) for net in done.trades[:, 3]) == sorted(trade.net_lamports for trade in whole.trades)
    assert (done.net_lamports, done.intents) == (whole.net_lamports, len(whole.intents))
    for period_s in (60, 300, 86_400):
        assert lane_returns(setup, costs(), columns, period_s) == returns_of(whole, period_s)


def late(times_ns: Times, prices: Values, flows: Values, numbers: Values, marks: Marks) -> None:
    """Say what no momentum says."""
    for at in range(len(prices)):
        marks[at] = LEAVE


def test_a_signal_that_is_not_what_the_strategy_trades_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Crosses.signal is not None
    monkeypatch.setattr(Crosses, "signal", Signal(late, Crosses.signal.numbers, Crosses.signal.orders))

    with pytest.raises(ConfigError, match="its signal is not what it trades"):
        require_equal(crossing(3, 9), costs(), a_market(4))


def test_what_is_outside_of_the_scope_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = columns_of(a_market(3))

    with pytest.raises(ConfigError, match="without a cooldown"):
        lane_returns(momentum(cooldown_s=0), costs(), columns, 60)
    with pytest.raises(ConfigError, match="remembers 2 tokens, the market has 3"):
        lane_returns(momentum(tracked_mints_max=2), costs(), columns, 60)
    with pytest.raises(ConfigError, match="wait for 120 s or longer"):
        lane_returns(momentum(), costs(timeout_ns=10**12), columns, 60)
    with pytest.raises(ConfigError, match="not compiled: trailing_bps, stale_exit_s"):
        lane_returns(momentum({"exits": {"trailingBps": 100, "staleExitS": 9}}), costs(), columns, 60)
    monkeypatch.setattr(Momentum, "signal", None)
    with pytest.raises(ConfigError, match="momentum declares no signal"):
        lane_returns(momentum(), costs(), columns, 60)


@pytest.mark.parametrize(("left", "passes"), [(0.51, True), (0.49, False)])
def test_a_market_in_which_liquidity_was_withdrawn_is_the_engines(left: float, passes: bool) -> None:
    reserves = {"quote_lamports": int(30 * SOL * left), "base_units": int(10**12 * left)}
    whole = a_tick(base_units=10**12)
    columns = columns_of(of_events([whole, a_tick(time_ns=whole.time_ns + 1, **reserves)]))

    if passes:
        assert lane_returns(momentum(), costs(), columns, 60)
    else:
        with pytest.raises(ConfigError, match=r"5100 bps of a pool's.*drainBps 5000"):
            lane_returns(momentum(), costs(), columns, 60)


def test_a_market_that_the_engine_alone_can_run_is_refused_by_name() -> None:
    first, second = a_tick(time_ns=2 * 10**18), a_tick(time_ns=2 * 10**18 - 1)

    with pytest.raises(ConfigError, match="not in the order of their times"):
        columns_of(of_events([first, second]))
    with pytest.raises(ConfigError, match="an event comes twice"):
        columns_of(of_events([first, first]))
    with pytest.raises(ConfigError, match="reserves reach beyond"):
        columns_of(of_events([a_tick(quote_lamports=2**62)]))


def test_terms_of_the_tests_have_delays_and_failures_that_go_with_the_market() -> None:
    plain: Terms = TERMS

    assert plain.slots_stir > 0
    assert plain.failure_stir_bps > 0
