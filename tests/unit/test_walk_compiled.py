"""A search by the compiled lane is the search by the engine: the same study, trial by trial, to the last bit."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from memesnipe.kernel.errors import ConfigError
from memesnipe.market import recording
from memesnipe.research.backtest.engine import Costs
from memesnipe.research.backtest.market import open_market
from memesnipe.research.backtest.setup import documents_in, manifests_of
from memesnipe.research.walk.engine_code import run_code
from memesnipe.research.walk.ground import Ground, MarketFile
from memesnipe.research.walk.plan import Lane
from memesnipe.research.walk.study import study
from memesnipe.research.walk.summary import summary_of
from memesnipe.testing.builders import SOL
from memesnipe.testing.stacks import ROOT
from memesnipe.testing.studies import PLAN, TERMS, a_ground, a_registry
from memesnipe.testing.tapes import PHASES, a_tape

COMPILED = msgspec.structs.replace(PLAN, lane=Lane.COMPILED)
POINTS = [{"breakout_bps": bps, "warmup_s": 5} for bps in (200, 400)]


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    recording.write(tmp_path / "tape.parquet", a_tape(16, PHASES * 3))
    manifest = ROOT / "strategies" / "memesnipe_strategies" / "momentum.yaml"
    file = MarketFile(path=tmp_path / "tape.parquet", sha256=open_market(tmp_path / "tape.parquet").sha256)
    return Ground(market=file, manifests=manifests_of(documents_in([manifest])), costs=Costs(TERMS, SOL), code=run_code("momentum", ()))


def test_the_lanes_give_the_same_study(ground: Ground, tmp_path: Path) -> None:
    one, other = (study(ground, plan, POINTS, a_registry(tmp_path / str(plan.lane))) for plan in (PLAN, COMPILED))

    assert len(one.result.fills) > 0
    assert summary_of(one) == summary_of(other)
    assert np.array_equal(one.returns, other.returns)


def test_a_strategy_without_a_signal_is_not_searched_by_the_compiled_lane(tmp_path: Path) -> None:
    registry = a_registry(tmp_path)

    with pytest.raises(ConfigError, match="declares no signal"):
        study(a_ground(tmp_path), COMPILED, [{"every": 10}], registry)

    assert registry.census("every", 60).trials == 0
