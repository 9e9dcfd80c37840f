"""Limits on markets in a backtest: the same result whether prices are put off or told one by one, and they bind there too."""

import msgspec
import pytest

from memesnipe.guard.paper import Terms
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.control import MarketLimits
from memesnipe.research.backtest.engine import Costs, Engine
from memesnipe.research.backtest.market import of_events
from memesnipe.research.backtest.quiet import Quiet
from memesnipe.research.backtest.result import Result
from memesnipe.research.backtest.stage_risk import RiskStage
from memesnipe.testing.builders import SOL
from memesnipe.testing.crosses import crossing
from memesnipe.testing.tapes import a_tape

TERMS = Terms(seed=7, slots_max=2, failure_bps=1_000, timeout_ns=10 * 10**9, fee_lamports=25_000, tip_lamports=10_000)
BY_DEFAULT = MarketLimits(1, 0, 0, 0, 0, (), 0, 60, 300, 10, 2_000)
BY_MINUTES = MarketLimits(500, 60, SOL, SOL, 7_000, (), 500, 60, 300, 10, 2_000)


def run(held: MarketLimits, seed: int) -> Result:
    setup = crossing(2, 4)
    limits = msgspec.structs.replace(setup.config.limits, market=held)
    setup = msgspec.structs.replace(setup, config=msgspec.structs.replace(setup.config, limits=limits))
    return Engine(setup, Costs(TERMS, SOL)).run(of_events(list(a_tape(seed))))


@pytest.mark.parametrize("held", [BY_DEFAULT, BY_MINUTES])
def test_market_limits_decide_the_same_whether_prices_are_put_off_or_not(held: MarketLimits, monkeypatch: pytest.MonkeyPatch) -> None:
    late = [run(held, seed) for seed in range(6)]
    monkeypatch.setattr(Quiet, "keeps", lambda *_: False)
    monkeypatch.setattr(RiskStage, "_is_quiet", lambda *_: False)

    at_once = [run(held, seed) for seed in range(6)]

    assert late == at_once
    refused = {reason.rpartition("/")[2] for one in late for reason in one.rejected}
    assert refused & {ReasonCode.POOL_SHARE.value, ReasonCode.VOLATILITY.value}
