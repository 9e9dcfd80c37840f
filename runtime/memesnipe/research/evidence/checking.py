"""Looking at a record that somebody hands over: is it whole, is it about what trades here, and does the same study give it again?"""

from pathlib import Path

import msgspec

from memesnipe.evidence.code import code_hash_of
from memesnipe.evidence.record import RECORD_BYTES_MAX, Record, objections, open_record
from memesnipe.evidence.verdict import Thresholds, judge
from memesnipe.kernel.errors import BadInput, ConfigError


class Wanted(msgspec.Struct, frozen=True):
    """What a record should be about."""

    strategy: str
    """The code's entry point."""
    spec_hash: str
    code_hash: str
    """Of the code as it is here."""


def read(file: Path) -> Record:
    """Return the whole record in a file, its hash and verdict recomputed. Raises ConfigError on one that is not whole."""
    try:
        with file.open("rb") as opened:
            return open_record(opened.read(RECORD_BYTES_MAX + 1))
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    except BadInput as error:
        raise ConfigError(f"{file}: {error}") from None


def against(record: Record, thresholds: Thresholds, wanted: Wanted | None = None) -> list[str]:
    """Return everything that speaks against relying on a whole record under these thresholds; for what is `wanted`, where it is known."""
    found, code_hash = [], code_hash_of(record.evidence.subject.code_version)
    if not code_hash:
        found.append(
            "code_version: it names no hash of the strategy's code, so nobody can tell which code was judged; make the record anew"
        )
    if wanted is None:
        return [*found, *(f"{failure.demand}: {failure.reason}" for failure in judge(record.evidence.metrics, thresholds).failures)]
    if code_hash and code_hash != wanted.code_hash:
        found.append("code_version: the strategy's code here is another than the one that was judged; make the record anew")
    return [*found, *objections(record, strategy=wanted.strategy, spec_hash=wanted.spec_hash, thresholds=thresholds)]


def differences(record: Record, again: Record) -> list[str]:
    """Return in what a record made again from its study differs, but for when it was made and what was demanded then."""
    found = []
    for part in ("subject", "metrics"):
        was, now = (msgspec.structs.asdict(getattr(one.evidence, part)) for one in (record, again))
        found += [f"{part}.{name}: recorded {was[name]}, recomputed {now[name]}" for name in was if was[name] != now[name]]
    return found
