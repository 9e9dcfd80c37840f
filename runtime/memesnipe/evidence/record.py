"""The evidence record: what was tested, how, what was measured, what was demanded and the verdict, sealed by its hash. Needs no numpy.

Whoever relies on a record opens it with `open_record`, which recomputes hash and verdict, and asks whether it speaks of the spec at
hand and passes the thresholds in force NOW: a record made under laxer ones does not pass by having passed them. `objections` is that
question for a person with a file; the gates (`control.evidence`) ask for the code as it runs and for the age, too.

The hash finds damage and edits. It does not say who made the record: whoever can write the place where records are kept can make one.
"""

import hashlib
from typing import Annotated

import msgspec
from msgspec import Meta

from memesnipe.evidence.verdict import Metrics, Thresholds, Verdict, judge
from memesnipe.kernel import strict_json
from memesnipe.kernel.clock import Clock
from memesnipe.kernel.errors import BadInput, Bug
from memesnipe.messages.bounds import Count, Id, StrategyId, TimeNs

RECORD_BYTES_MAX = 65_536
KnownHash = Annotated[str, Meta(min_length=8, max_length=88, pattern=r"^[A-Za-z0-9]+\Z")]
Sha256 = Annotated[str, Meta(min_length=64, max_length=64, pattern=r"^[0-9a-f]+\Z")]


class Subject(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the evidence is about: code with parameters, judged by code, on data."""

    strategy: StrategyId
    """The code's entry point."""
    spec_hash: KnownHash
    """Of code name and parameters, as leases and intents carry it."""
    code_version: Id
    data_hash: KnownHash
    study: Id
    """The search in the research database."""
    seed: Count


class Evidence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that the hash covers."""

    schema: Annotated[int, Meta(ge=1, le=1)] = 1
    subject: Subject
    metrics: Metrics
    thresholds: Thresholds
    verdict: Verdict
    created_ns: TimeNs


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Evidence and its seal."""

    evidence: Evidence
    sha256: Sha256


_DECODER = msgspec.json.Decoder(Record)
_EVIDENCE = msgspec.json.Decoder(Evidence)


def seal(subject: Subject, metrics: Metrics, thresholds: Thresholds, clock: Clock) -> Record:
    """Judge, and return the record. The verdict is made here and nowhere else. Raises Bug on a value that a reader would refuse."""
    evidence = Evidence(
        subject=subject, metrics=metrics, thresholds=thresholds, verdict=judge(metrics, thresholds), created_ns=clock.now_ns()
    )
    try:
        # As its reader will have it: a whole number where a fraction may stand is written as 94, read as 94.0 and hashed as another text.
        read = _EVIDENCE.decode(canonical(evidence))
    except msgspec.ValidationError as error:
        raise Bug(f"evidence that its own reader refuses: {error}") from None
    if read != evidence:
        raise Bug("evidence with a number that is not finite: it must be None")
    return Record(evidence=read, sha256=hashlib.sha256(canonical(read)).hexdigest())


def canonical(evidence: Evidence) -> bytes:
    """Return the bytes that the hash is of: JSON with sorted keys, no spaces, shortest floats."""
    return msgspec.json.encode(evidence, order="sorted")


def to_json(record: Record) -> bytes:
    """Return the record as one line of JSON."""
    return msgspec.json.encode(record, order="sorted")


def open_record(raw: bytes) -> Record:
    """Return a record that is whole: bounded, typed, hash and verdict recomputed. Raises BadInput with what does not fit."""
    if len(raw) > RECORD_BYTES_MAX:
        raise BadInput("evidence", f"{len(raw)} bytes, a record has {RECORD_BYTES_MAX} at most")
    record = strict_json.decode(_DECODER, raw, "evidence")
    evidence = record.evidence
    if hashlib.sha256(canonical(evidence)).hexdigest() != record.sha256:
        raise BadInput("sha256", "the record was changed after it was sealed; make it anew")
    if judge(evidence.metrics, evidence.thresholds) != evidence.verdict:
        raise BadInput("verdict", "the verdict does not follow from the metrics and thresholds; make the record anew")
    return record


def objections(record: Record, *, strategy: str, spec_hash: str, thresholds: Thresholds) -> tuple[str, ...]:
    """Return every reason not to rely on a whole record for this spec under the thresholds in force; none: it is accepted."""
    subject = record.evidence.subject
    found = []
    if subject.strategy != strategy:
        found.append(f"the record is about {subject.strategy}, not {strategy}")
    if subject.spec_hash != spec_hash:
        found.append("the record is about other code or parameters; run the walk-forward for this spec")
    verdict = judge(record.evidence.metrics, thresholds)
    return (*found, *(f"{failure.demand}: {failure.reason}" for failure in verdict.failures))
