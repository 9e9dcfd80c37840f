"""A trial of a search, as a value: what was tried, on what, and what came of it.

The number of tries is what makes a good result believable or not, so every trial is one row of the research database
(`registry`), written BEFORE it runs (`search`).
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from memesnipe.kernel.errors import BadInput
from memesnipe.kernel.ids import derive
from memesnipe.messages.bounds import Hash, Id, StrategyId
from memesnipe.research.stats.series import Floats

PARAMETERS_BYTES_MAX = 16_384


class Study(msgspec.Struct, frozen=True, kw_only=True):
    """What all trials of one search share."""

    strategy: StrategyId
    """The code that is searched: its entry point's name."""
    study: Id
    data_hash: Hash
    code_version: Id
    period_s: int
    """How long one observation lasts, so that Sharpe ratios of other periods can be compared."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One set of parameters to try, with the seed that makes its run repeatable."""

    study: Study
    parameters: Mapping[str, Any]
    seed: int

    @property
    def parameters_json(self) -> str:
        """The parameters as canonical JSON. Raises BadInput beyond 16 KiB."""
        raw = msgspec.json.encode(self.parameters, order="deterministic")
        if len(raw) > PARAMETERS_BYTES_MAX:
            raise BadInput("parameters", f"{len(raw)} bytes of JSON, take {PARAMETERS_BYTES_MAX} at most")
        return raw.decode()

    @property
    def parameters_hash(self) -> str:
        """Of the canonical JSON: the order in which parameters are named makes no other trial."""
        return derive(self.parameters_json)

    @property
    def key(self) -> str:
        """Of all that makes a trial this trial; a search under another name tries anew, and that counts."""
        study = self.study
        return derive(study.strategy, study.study, self.parameters_hash, study.data_hash, study.code_version, study.period_s, self.seed)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a finished trial earned: net returns in time order, the same observations for all trials of a study."""

    trial: Trial
    returns: Floats


class Census(msgspec.Struct, frozen=True, kw_only=True):
    """How hard a strategy was searched for: what the deflated Sharpe ratio asks for."""

    trials: int
    """All of them, whatever became of them, over all studies, data, versions and seeds."""
    finished: int
    sharpe_variance: float
    """Of the finished ones, for one observation of the asked period. 0 for one trial; NaN where none finished."""
