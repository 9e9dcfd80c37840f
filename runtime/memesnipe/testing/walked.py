"""A study that never ran, for what judges and draws studies: series with an edge of a stated size, trades and fills that fit them."""

from itertools import pairwise, product

import numpy as np

from memesnipe.ledger.accounting import Trade
from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.orders import Fill
from memesnipe.research.backtest.result import Result
from memesnipe.research.backtest.stress import Stress
from memesnipe.research.lookahead import Report
from memesnipe.research.stats.series import Floats, known, sharpe
from memesnipe.research.trials.values import Census, Study
from memesnipe.research.walk.values import FoldChoice, OutOfSample, Tried, Walked
from memesnipe.strategy.spec import StrategySpec
from memesnipe.testing.builders import SOL, START_NS, a_fill

CAPITAL_LAMPORTS = 20 * SOL
HOUR_S = 3_600
NS_PER_HOUR = HOUR_S * 10**9
OBSERVATIONS, FOLDS = 1_200, 4
FAST, SLOW = (5, 10, 20, 40), (60, 120, 240)
CODE = "18.0.0:" + "c" * 64
MINT = "So11111111111111111111111111111111111111112"


def a_walked(*, edge: float = 0.2, parameters: tuple[str, ...] = ("fast_s", "slow_s"), seed: int = 3) -> Walked:
    """Return a study of 12 trials over 1,200 hours; `edge` is the best trial's Sharpe ratio for one hour before chance."""
    draw = np.random.default_rng(seed)
    points = [dict(zip(parameters, point, strict=False)) for point in product(*(FAST, SLOW, (1, 2))[: len(parameters)])]
    returns: Floats = 0.004 * (draw.standard_normal((OBSERVATIONS, len(points))) + edge * np.linspace(0.3, 1.0, len(points)))
    ratios = [sharpe(column) for column in returns.T]
    chosen = int(np.argmax(ratios))
    outside = _outside(returns[OBSERVATIONS // 2 :, chosen], chosen)
    return Walked(
        name="momentum",
        study=Study(strategy="momentum", study="grid-1", data_hash="d" * 32, code_version=CODE, period_s=HOUR_S),
        market="tape.parquet",
        seed=seed,
        capital_lamports=CAPITAL_LAMPORTS,
        starts_ns=START_NS + np.arange(OBSERVATIONS, dtype=np.int64) * NS_PER_HOUR,
        horizon_s=1_800,
        embargo_s=0,
        trials=tuple(Tried(parameters=dict(one), spec_hash=f"{at:032x}", sharpe=known(ratios[at])) for at, one in enumerate(points)),
        returns=returns,
        failed={},
        refused={},
        census=Census(trials=len(points), finished=len(points), sharpe_variance=float(np.var(ratios, ddof=1))),
        chosen=chosen,
        result=_result(returns[:, chosen], seed),
        folds=_folds(returns[:, chosen], chosen),
        outside=outside,
        paths=np.stack([outside.returns, outside.returns[::-1]]),
        path_sharpes=(known(sharpe(outside.returns)), known(0.8 * sharpe(outside.returns)), None),
        incumbent=None,
        lookahead=Report(prefixes=64, actions=40),
    )


def _outside(returns: Floats, chosen: int) -> OutOfSample:
    return OutOfSample(
        positions=np.arange(OBSERVATIONS // 2, OBSERVATIONS, dtype=np.int64),
        chosen=np.full(OBSERVATIONS // 2, chosen, dtype=np.int64),
        returns=returns,
        trade_profits=returns[::2],
        double_costs=returns - 0.0001,
        two_slots_later=returns - 0.00005,
    )


def _folds(returns: Floats, chosen: int) -> tuple[FoldChoice, ...]:
    edges = np.linspace(OBSERVATIONS // 2, OBSERVATIONS, FOLDS + 1).astype(int).tolist()
    return tuple(
        FoldChoice(
            train=(0, begin - 1),
            test=(begin, end - 1),
            chosen=chosen,
            sharpe_in=known(sharpe(returns[:begin])),
            sharpe_out=known(sharpe(returns[begin:end])),
        )
        for begin, end in pairwise(edges)
    )


def _result(returns: Floats, seed: int) -> Result:
    equity = (CAPITAL_LAMPORTS * (1.0 + np.cumsum(returns))).astype(np.int64).tolist()
    peaks = np.maximum.accumulate([CAPITAL_LAMPORTS, *equity])[1:].tolist()
    times = [START_NS + (at + 1) * NS_PER_HOUR - 1 for at in range(OBSERVATIONS)]
    return Result(
        market="tape.parquet",
        market_sha256="d" * 64,
        specs=(StrategySpec("momentum", "momentum", "a" * 32, {}),),
        policy_hash="b" * 32,
        seed=seed,
        stress=Stress(),
        capital_lamports=CAPITAL_LAMPORTS,
        events=80_000,
        first_ns=START_NS,
        last_ns=times[-1],
        fills=_fills(),
        intents=(),
        trades=_trades(returns, seed),
        left=(),
        waiting=0,
        rejected={},
        refused={},
        faults=(),
        halts={},
        points=tuple(zip(times, equity, peaks, strict=True)),
        closes={time_ns // (60 * 10**9): lamports for time_ns, lamports in zip(times, equity, strict=True)},
        drawdown_bps_max=900,
        net_lamports=equity[-1] - CAPITAL_LAMPORTS,
    )


def _fills() -> tuple[Fill, ...]:
    return tuple(a_fill(side=Side.BUY, tip_lamports=10_000, rent_lamports=2_039_280, venue_fee_lamports=1_000_000) for _ in range(40))


def _trades(returns: Floats, seed: int) -> tuple[Trade, ...]:
    held_s = np.random.default_rng(seed).lognormal(4.0, 1.5, OBSERVATIONS).tolist()
    return tuple(_trade(at, held_s[at], float(returns[at])) for at in range(0, OBSERVATIONS, 2))


def _trade(at: int, held_s: float, earned: float) -> Trade:
    opened_ns = START_NS + at * NS_PER_HOUR
    return Trade(
        strategy="momentum",
        mode=Mode.PAPER,
        mint=MINT,
        opened_intent_id=f"o{at}",
        closed_intent_id=f"c{at}",
        closed_signature=f"s{at}",
        opened_ns=opened_ns,
        closed_ns=opened_ns + int(held_s * 1e9),
        outlay_lamports=SOL,
        net_lamports=int(20 * SOL * earned),
        exit_cause="" if at % 3 else "stop_loss",
    )
