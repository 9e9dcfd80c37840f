"""A study becomes a verdict: its series go to the tests, their numbers to the gate, and all of it under a seal.

The same study, thresholds and time give the same bytes. Nothing here chooses: which trial is judged is the study's, what is demanded is
the promotion policy's.
"""

import msgspec

from memesnipe.evidence.gap import Gap
from memesnipe.evidence.record import Record, Subject, seal
from memesnipe.evidence.verdict import Thresholds
from memesnipe.kernel.clock import Clock
from memesnipe.kernel.logs import logger
from memesnipe.research.gate.measure import Examined, Searched, examine, metrics_of
from memesnipe.research.stats.bootstrap import REPLICATIONS
from memesnipe.research.walk.values import Tried, Walked


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A study with its record, and what the record's numbers are taken from."""

    walked: Walked
    searched: Searched
    examined: Examined
    record: Record
    live: Gap | None = None
    """Of live orders beside paper, where there are any."""

    @property
    def tried(self) -> Tried:
        """The trial that was judged."""
        return self.walked.trials[self.walked.chosen]


def judged(walked: Walked, thresholds: Thresholds, clock: Clock, *, replications: int = REPLICATIONS, live: Gap | None = None) -> Judged:
    """Measure, judge and seal. Raises BadInput where the study's series do not fit each other; Bug on a value that no record can hold."""
    searched = searched_of(walked)
    examined = examine(searched, seed=walked.seed, replications=replications)
    record = seal(subject_of(walked), metrics_of(searched, examined), thresholds, clock)
    logger().info("evidence_sealed", strategy=walked.name, sha256=record.sha256, verdict=record.evidence.verdict.sentence())
    return Judged(walked=walked, searched=searched, examined=examined, record=record, live=live)


def searched_of(walked: Walked) -> Searched:
    """Return the study's series as the tests want them."""
    outside, incumbent = walked.outside, walked.incumbent
    return Searched(
        trials=walked.returns,
        chosen=walked.chosen,
        census=walked.census,
        out_of_sample=outside.returns,
        trade_profits=outside.trade_profits,
        double_costs=outside.double_costs,
        two_slots_later=outside.two_slots_later,
        incumbent=None if incumbent is None else incumbent.returns,
        incumbent_out_of_sample=outside.incumbent,
        lookahead=walked.lookahead,
    )


def subject_of(walked: Walked) -> Subject:
    """Return what the record is about: the code with the chosen parameters, on this data."""
    study = walked.study
    return Subject(
        strategy=study.strategy,
        spec_hash=walked.trials[walked.chosen].spec_hash,
        code_version=study.code_version,
        data_hash=study.data_hash,
        study=study.study,
        seed=walked.seed,
    )
