"""From a recording to a verdict: a planted true edge passes the default gate, and the same strategies on a market without one do not."""

from pathlib import Path

import pytest

from memesnipe.evidence.record import open_record, to_json
from memesnipe.evidence.verdict import Thresholds
from memesnipe.guard.service import terms_of
from memesnipe.guard.settings import GuardSettings
from memesnipe.kernel.clock import EventClock
from memesnipe.manifests.reading import parse
from memesnipe.market import recording
from memesnipe.research.backtest.engine import Costs
from memesnipe.research.backtest.market import open_market
from memesnipe.research.backtest.returns import DAY_S
from memesnipe.research.backtest.setup import manifests_of
from memesnipe.research.evidence.judging import Judged, judged
from memesnipe.research.walk.engine_code import run_code
from memesnipe.research.walk.ground import Ground, MarketFile
from memesnipe.research.walk.plan import Plan
from memesnipe.research.walk.study import study
from memesnipe.testing.builders import START_NS
from memesnipe.testing.calibration.markets import Kind, a_market
from memesnipe.testing.calibration.study import ROWS
from memesnipe.testing.studies import a_registry

PLAN = Plan(period_s=DAY_S, horizon_s=30 * DAY_S, ahead_events_min=300)
CODE = """
from memesnipe.strategy.contract import EventType, RiskProfile, strategy
from memesnipe.testing.calibration.rules import RandomParameters, RandomStrategy

@strategy(
    id="crowd-reader", version="1.0.0", subscriptions={EventType.PRICE}, parameters=RandomParameters,
    risk_profile=RiskProfile(thesis="moods", exposures=("one",), failure_modes=("all",), holding_time_s=1, loss_per_trade_bps_max=1),
)
class CrowdReader(RandomStrategy):
    pass
"""
MANIFESTS = b"""
apiVersion: memesnipe.io/v1alpha1
kind: Strategy
metadata: {name: crowd-reader}
spec: {strategy: crowd-reader, mode: paper, parameters: {entry: crowd, exit: time, level: 0.4}}
---
apiVersion: memesnipe.io/v1alpha1
kind: RiskPolicy
metadata: {name: default}
spec: {timeStopS: 0}
"""
POINTS = [{"look": look, "hold": hold} for look in (8, 12) for hold in (9, 12)]


def evidence(folder: Path, kind: Kind) -> Judged:
    """Record a market, search on the recording, walk forward, and ask the gate."""
    (folder / "crowd_reader.py").write_text(CODE)
    recording.write(folder / "market.parquet", a_market((11, 1), kind))
    settings, market = GuardSettings(), open_market(folder / "market.parquet")
    ground = Ground(
        market=MarketFile(path=folder / "market.parquet", sha256=market.sha256),
        manifests=manifests_of(parse(MANIFESTS, "test")),
        costs=Costs(terms_of(settings), settings.guard_trade_size_lamports_max),
        folders=(folder,),
        code=run_code("crowd-reader", (folder,)),
    )
    return judged(study(ground, PLAN, POINTS, a_registry(folder)), Thresholds(), EventClock(START_NS))


@pytest.mark.timeout(600)
def test_a_planted_edge_passes_from_recording_to_record(tmp_path: Path) -> None:
    found = evidence(tmp_path, ROWS[-1].kind)

    opened = open_record(to_json(found.record)).evidence
    assert opened.verdict.sentence() == "Passed: every demand of the gate is met."
    assert opened.metrics.lookahead_clean
    assert opened.metrics.trials == len(POINTS)


@pytest.mark.timeout(600)
def test_the_same_strategies_fail_where_there_is_nothing_to_read(tmp_path: Path) -> None:
    found = evidence(tmp_path, Kind(days=600))

    assert not found.record.evidence.verdict.passed
