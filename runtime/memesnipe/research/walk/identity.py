"""Which study this is: its name in the research database says all that its trials depend on and that no trial carries itself.

A study that is called again goes on where it stopped and takes the outcomes it has. Were it called the same after a change of the limits,
the fees or the engine, it would take outcomes of another world for its own.
"""

import hashlib

import msgspec

from memesnipe.evidence.code import code_version, release
from memesnipe.kernel.ids import derive
from memesnipe.manifests.models import Strategy
from memesnipe.research.trials.values import Study
from memesnipe.research.walk.engine_code import engine_code
from memesnipe.research.walk.ground import Ground, MarketFile
from memesnipe.strategy.code import code_of
from memesnipe.strategy.loading import load

SINGLE_HASH = 64


def study_of(ground: Ground, period_s: int, label: str) -> Study:
    """Return the study that this label names on this ground. Raises ConfigError on code that is not here."""
    one = ground.strategy
    plugin = load(one.spec.strategy, ground.folders)
    return Study(
        strategy=one.spec.strategy,
        study=f"{label}-{_conditions(ground, one)[:16]}",
        data_hash=_data_hash(ground.market),
        code_version=code_version(code_of(plugin), release()),
        period_s=period_s,
    )


def _conditions(ground: Ground, one: Strategy) -> str:
    """Return the hash of name, limits, capital, terms, the pool of candles, and the engine."""
    manifests = ground.manifests
    return derive(
        one.metadata.name,
        manifests.allocation.spec.model_dump_json(include={"capital_sol", "method", "weights_bps"}),
        manifests.policy.spec.model_dump_json(exclude={"kill_switch", "on_delete"}),
        msgspec.json.encode(ground.costs),
        ground.market.depth_lamports,
        engine_code(),
    )


def _data_hash(market: MarketFile) -> str:
    """Return the file's own hash; one over all of them where a market is several files."""
    return market.sha256 if len(market.sha256) == SINGLE_HASH else hashlib.sha256(market.sha256.encode()).hexdigest()
