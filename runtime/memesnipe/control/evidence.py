"""Which evidence there is for a strategy, and whether it may go live by it: for exactly this spec and code, under the demands in force.

A record that passed once does not count for that: it is judged anew, under the Allocation's promotion policy as it is now. Pure.
"""

from collections.abc import Iterable

import msgspec

from memesnipe.control.proofs import Damaged, Sighting
from memesnipe.evidence.code import code_hash_of
from memesnipe.evidence.record import Record
from memesnipe.evidence.verdict import Failure, judge
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.manifests.promotion import Promotion

NS_PER_DAY = 86_400 * NS_PER_S
MAKE = "run `memesnipe evidence` for it (docs/howto/evidence.md)"
PASSED = "EvidenceRecorded"
REASONS = (
    "NoEvidence",
    "EvidenceForAnotherSpec",
    "EvidenceDamaged",
    "CodeNotRegistered",
    "EvidenceForOtherCode",
    "EvidenceTooOld",
    "EvidenceBelowThresholds",
    PASSED,
)
"""From the farthest to the nearest: of several records the nearest one speaks, of those that are equally near the newest."""


class Asked(msgspec.Struct, frozen=True):
    """What evidence is asked for."""

    plugin: str
    """The code's name."""
    spec_hash: str
    code_hash: str
    """Of the code as it is registered now; empty: it is not."""
    promotion: Promotion
    now_ns: int


class Answer(msgspec.Struct, frozen=True):
    """What there is."""

    reason: str
    message: str
    record: Record | None = None

    @property
    def passed(self) -> bool:
        """Return whether it is enough."""
        return self.reason == PASSED


def answer(sightings: Iterable[Sighting], asked: Asked) -> Answer:
    """Return what the nearest of these says."""
    found = [_answer(one, asked) for one in sightings]
    return max(found, key=_nearness, default=Answer("NoEvidence", f"no evidence record for this strategy; {MAKE}"))


def _nearness(one: Answer) -> tuple[int, int]:
    return REASONS.index(one.reason), one.record.evidence.created_ns if one.record else 0


def _answer(one: Sighting, asked: Asked) -> Answer:
    if isinstance(one, Damaged):
        return Answer("EvidenceDamaged", f"{one.origin} cannot be relied on: {one.why}")
    for check in CHECKS:
        if (found := check(one, asked)) is not None:
            return Answer(*found, one)
    return Answer(PASSED, f"evidence for this spec and code, record {one.sha256[:12]}", one)


Found = tuple[str, str] | None
"""(reason, message) against a record."""


def _spec(record: Record, asked: Asked) -> Found:
    subject = record.evidence.subject
    if subject.strategy != asked.plugin:
        return "EvidenceForAnotherSpec", f"the record is about the code {subject.strategy}, not {asked.plugin}; {MAKE}"
    if subject.spec_hash != asked.spec_hash or not asked.spec_hash:
        return "EvidenceForAnotherSpec", f"the record is about other parameters; set them back, or {MAKE}"
    return None


def _code(record: Record, asked: Asked) -> Found:
    """The spec hash covers the code's name and parameters, not its text."""
    if not asked.code_hash:
        return "CodeNotRegistered", f"strategy_factory has not registered the code {asked.plugin}; look at its log"
    if code_hash_of(record.evidence.subject.code_version) != asked.code_hash:
        return "EvidenceForOtherCode", f"the code of {asked.plugin} is not the one that was tested; bring it back, or {MAKE}"
    return None


def _age(record: Record, asked: Asked) -> Found:
    days_max = asked.promotion.evidence_age_days_max
    if not days_max or 0 <= asked.now_ns - record.evidence.created_ns <= days_max * NS_PER_DAY:
        return None
    days = (asked.now_ns - record.evidence.created_ns) // NS_PER_DAY
    return "EvidenceTooOld", f"the record is {days} days old, evidenceAgeDaysMax is {days_max}; {MAKE} on newer data"


def _demands(record: Record, asked: Asked) -> Found:
    failures = judge(record.evidence.metrics, asked.promotion.thresholds()).failures
    if not failures:
        return None
    return "EvidenceBelowThresholds", f"not met: {', '.join(map(_named, failures))}; {failures[0].reason}"


def _named(failure: Failure) -> str:
    measured = "not measured" if failure.measured is None else f"{failure.measured:g}"
    return f"{failure.demand} {measured} (limit {failure.limit:g})"


CHECKS = (_spec, _code, _age, _demands)
"""In the order in which a person would fix them."""
