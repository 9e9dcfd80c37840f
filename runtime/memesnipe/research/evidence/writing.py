"""Record, numbers and page of a study as files. The record comes last and whole: where it is, the report that explains it is too."""

import tempfile
from pathlib import Path

import msgspec

from memesnipe.control.files import write_whole
from memesnipe.evidence.record import to_json
from memesnipe.kernel.errors import ConfigError
from memesnipe.research.evidence.judging import Judged
from memesnipe.research.evidence.numbers import numbers_of
from memesnipe.research.evidence.page import page_of


class Written(msgspec.Struct, frozen=True):
    """Where everything is."""

    record: Path
    numbers: Path
    page: Path


def prepare(folder: Path) -> None:
    """Make the folder. Raises ConfigError where nothing could be written there: better before hours of study than after."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(f"--out: {folder}: {error.strerror}") from None


def write(judged: Judged, folder: Path) -> Written:
    """Write `<strategy>.evidence.json`, `.report.json` and `.evidence.html`, each in the place of an older one. Raises ConfigError."""
    name = judged.walked.name
    files = Written(*(folder / f"{name}.{kind}" for kind in ("evidence.json", "report.json", "evidence.html")))
    try:
        write_whole(files.page, page_of(judged).encode())
        write_whole(files.numbers, msgspec.json.encode(numbers_of(judged)) + b"\n")
        write_whole(files.record, to_json(judged.record) + b"\n")
    except OSError as error:
        raise ConfigError(f"--out: {error.filename}: {error.strerror}") from None
    return files
