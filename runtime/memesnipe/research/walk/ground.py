"""What every run of a study has in common, small enough to be sent with each task: files by path, manifests, terms.

A worker opens the market itself and keeps it for the trials that follow. It must be the one that the study is about: a cluster's machine
may have another file under the same name, and a trial on that would be a result about nothing.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from memesnipe.kernel.errors import BadInput, ConfigError, Unavailable
from memesnipe.manifests.models import Strategy
from memesnipe.manifests.reading import Manifests
from memesnipe.messages.market import MarketEvent
from memesnipe.research.backtest.engine import Costs, Engine
from memesnipe.research.backtest.market import DEPTH_LAMPORTS, Market, open_market
from memesnipe.research.backtest.result import Result
from memesnipe.research.backtest.setup import Setup, setup_of
from memesnipe.research.backtest.stress import Stress
from memesnipe.research.walk.engine_code import run_code

HELD_EVENTS_MAX = 500_000
"""A worker keeps the events of a market up to this size; a larger one it reads from the disk for each trial."""


class MarketFile(msgspec.Struct, frozen=True, kw_only=True):
    """A market by its path, as `open_market` takes it."""

    path: Path
    sha256: str
    """What the file must be."""
    depth_lamports: int = DEPTH_LAMPORTS
    quote: Path | None = None


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """Where trials run."""

    market: MarketFile
    manifests: Manifests
    """With exactly one Strategy that is not paused; its parameters are what a trial's are put over."""
    costs: Costs
    folders: tuple[Path, ...] = ()
    """Of a person's own strategies."""
    code: str
    """`run_code` where the study was started; a worker with other code does not answer for it."""

    @property
    def strategy(self) -> Strategy:
        """The one that is searched. Raises ValueError where it is none or several."""
        (one,) = (one for one in self.manifests.strategies if not one.spec.paused)
        return one


def whole(ground: Ground, point: dict[str, Any]) -> dict[str, Any]:
    """Return all parameters of a point: the manifest's own, with the point's over them."""
    return {**ground.strategy.spec.parameters, **point}


def setup(ground: Ground, parameters: dict[str, Any]) -> Setup:
    """Return what the engine runs with these parameters. Raises ConfigError on code that is not here."""
    one = ground.strategy
    spec = one.spec.model_copy(update={"parameters": parameters})
    changed = one.model_copy(update={"spec": spec})
    return setup_of(msgspec.structs.replace(ground.manifests, strategies=(changed,)), ground.folders)


def run(ground: Ground, parameters: dict[str, Any], stress: Stress) -> Result:
    """Run the engine over the market.

    Raises ConfigError on parameters that the strategy refuses and BadInput on a strategy that failed while it ran: they have no result.
    Raises Unavailable where this machine cannot run it at all, which says nothing about the parameters.
    """
    market, prepared = ready(ground, parameters)
    engine = Engine(prepared, msgspec.structs.replace(ground.costs, stress=stress))
    try:
        result = engine.run(market)
    except BadInput as error:
        raise Unavailable("market", str(error)) from None
    for fault in result.faults:
        raise BadInput("strategy", f"failed {fault.count} times ({fault.kind}); first: {fault.detail}")
    return result


def ready(ground: Ground, parameters: dict[str, Any]) -> tuple[Market, Setup]:
    """Return what a run needs. Raises Unavailable where this machine has not the study's code, strategy or market."""
    try:
        if ground.code != run_code(ground.strategy.spec.strategy, ground.folders):
            raise Unavailable("worker", "its release of memesnipe, or of the strategy, is not the one that the study was started with")
        return held(ground.market), setup(ground, parameters)
    except (ConfigError, BadInput) as error:
        raise Unavailable("worker", str(error)) from None


@lru_cache(maxsize=1)
def held(file: MarketFile) -> Market:
    """Return the market, opened once a process. Raises ConfigError, BadInput, and Unavailable on another file under this path."""
    market = open_market(file.path, depth_lamports=file.depth_lamports, quote=file.quote)
    if market.sha256 != file.sha256:
        raise Unavailable("market", f"{file.path} is another file here than where the study was started")
    if not 0 < market.count <= HELD_EVENTS_MAX:
        return market
    events: list[tuple[MarketEvent, bool]] = list(market.events())
    return msgspec.structs.replace(market, events=lambda: iter(events))
