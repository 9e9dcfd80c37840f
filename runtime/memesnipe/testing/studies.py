"""A small study to be run for real: a made-up market on tape, and a strategy in a folder of its own that trades by its parameters alone.

The strategy can be held at a gate: its trials from `waits_from` on do not begin before the file `gate` is there. So a test can kill a
study of which some trials are done and others are not, without a race.
"""

from pathlib import Path
from typing import Any

from memesnipe.guard.paper import Terms
from memesnipe.kernel.clock import EventClock
from memesnipe.market import recording
from memesnipe.research.backtest.engine import Costs
from memesnipe.research.backtest.market import open_market
from memesnipe.research.backtest.setup import documents_in, manifests_of
from memesnipe.research.trials.registry import Registry
from memesnipe.research.trials.tables import open_research
from memesnipe.research.walk.engine_code import run_code
from memesnipe.research.walk.ground import Ground, MarketFile
from memesnipe.research.walk.plan import Plan
from memesnipe.testing.builders import SOL
from memesnipe.testing.tapes import PHASES, a_tape

TERMS = Terms(seed=7, slots_max=2, failure_bps=200, timeout_ns=10 * 10**9, fee_lamports=25_000, tip_lamports=10_000)
PLAN = Plan(period_s=60, horizon_s=60, folds=3, prefixes=4)
STRATEGY = '''"""Buys at every n-th price and sells at the next."""

import time
from pathlib import Path
from typing import Annotated

from pydantic import Field

from memesnipe.messages.market import PriceTick
from memesnipe.strategy.contract import Buy, EventType, Parameters, RiskProfile, Sell, Strategy, strategy


class EveryParameters(Parameters):
    every: Annotated[int, Field(ge=2)] = 5
    fails_at: int = 0
    waits_from: int = 10**6
    gate: str = ""


RISK = RiskProfile(thesis="none", exposures=("none",), failure_modes=("all",), holding_time_s=1, loss_per_trade_bps_max=1)


@strategy(id="every", version="1.0.0", subscriptions={EventType.PRICE}, parameters=EveryParameters, risk_profile=RISK)
class Every(Strategy[EveryParameters]):
    seen = 0

    def init(self, params, view, meter):
        super().init(params, view, meter)
        while params.every >= params.waits_from and not Path(params.gate).exists():
            time.sleep(0.02)

    async def on_event(self, event):
        self.seen += 1
        if self.params.every == self.params.fails_at:
            raise ZeroDivisionError
        if self.view.in_flight(event.mint):
            return None
        if held := self.view.holding(event.mint):
            return Sell(event.mint, held.units, 500, event.quote_lamports, event.base_units)
        if self.seen % self.params.every:
            return None
        return Buy(event.mint, 10**8, 500, event.quote_lamports, event.base_units)
'''
MANIFEST = """
apiVersion: memesnipe.io/v1alpha1
kind: Strategy
metadata: {{name: every}}
spec: {{strategy: every, parameters: {parameters}}}
"""


def files_in(folder: Path, **parameters: Any) -> tuple[Path, Path, Path]:
    """Write the market, the strategy's folder and its manifest; return them as (manifest, market, folder of strategies)."""
    market, own, manifest = folder / "tape.parquet", folder / "own", folder / "every.yaml"
    own.mkdir(exist_ok=True)
    (own / "every.py").write_text(STRATEGY)
    manifest.write_text(MANIFEST.format(parameters="{" + ", ".join(f"{name}: {value}" for name, value in parameters.items()) + "}"))
    recording.write(market, a_tape(16, PHASES * 3))
    return manifest, market, own


def a_ground(folder: Path, **parameters: Any) -> Ground:
    """Return the ground of such a study."""
    manifest, market, own = files_in(folder, **parameters)
    return Ground(
        market=MarketFile(path=market, sha256=open_market(market).sha256),
        manifests=manifests_of(documents_in([manifest])),
        costs=Costs(TERMS, SOL),
        folders=(own,),
        code=run_code("every", (own,)),
    )


def a_registry(folder: Path) -> Registry:
    """Return a registry of its own in a folder."""
    folder.mkdir(exist_ok=True)
    return Registry(open_research(f"sqlite:///{folder / 'research.db'}"), EventClock())
