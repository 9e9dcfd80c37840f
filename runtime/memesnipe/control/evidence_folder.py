"""Records of evidence in a folder: whoever may write it decides what counts as evidence on this host, as with the manifests.

A file that is no record is one clear error and no more: others count, and what relied on it goes back to paper.
"""

from pathlib import Path

from memesnipe.control.metrics import EVIDENCE_ERRORS, EVIDENCE_RECORDS
from memesnipe.control.proofs import Damaged, Sighting
from memesnipe.evidence.record import RECORD_BYTES_MAX, open_record
from memesnipe.kernel.errors import BadInput
from memesnipe.kernel.logs import logger

PATTERN = "*.evidence.json"
FILES_MAX = 4_096
Stamp = tuple[int, int, int, int]
"""(inode, size, times of change): what says that a file is another one, without reading it."""


class EvidenceFolder:
    """Reads a file anew only where it changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, tuple[Stamp, Sighting]] = {}
        self._too_many = False

    def look(self) -> tuple[Sighting, ...]:
        """Return what the folder holds now, by file name. Raises nothing: what cannot be read is damaged."""
        files = sorted(self._folder.glob(PATTERN))
        if len(files) > FILES_MAX and not self._too_many:
            logger().error("evidence_refused", origin=str(self._folder), detail=f"more than {FILES_MAX} records; the rest is not read")
        self._too_many = len(files) > FILES_MAX
        self._read = {file: self._sighting(file) for file in files[:FILES_MAX]}
        found = tuple(one for _, one in self._read.values())
        EVIDENCE_RECORDS.set(sum(not isinstance(one, Damaged) for one in found))
        return found

    def _sighting(self, file: Path) -> tuple[Stamp, Sighting]:
        stamp, known = _stamp(file), self._read.get(file)
        if known is not None and known[0] == stamp:
            return known
        found = _read(file)
        if isinstance(found, Damaged):
            EVIDENCE_ERRORS.inc()
            logger().error("evidence_refused", origin=found.origin, detail=found.why)
        else:
            logger().info("evidence_read", origin=str(file), strategy=found.evidence.subject.strategy, record=found.sha256)
        return stamp, found


def _stamp(file: Path) -> Stamp:
    try:
        found = file.stat()
    except OSError:
        return (0, 0, 0, 0)
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _read(file: Path) -> Sighting:
    """Bounded: what is no record may be of any size, or a pipe that never ends."""
    try:
        if not file.is_file():
            return Damaged(file.name, "it is no file")
        with file.open("rb") as opened:
            return open_record(opened.read(RECORD_BYTES_MAX + 1))
    except OSError as error:
        return Damaged(file.name, f"it cannot be read: {error.strerror}")
    except BadInput as error:
        return Damaged(file.name, str(error))
