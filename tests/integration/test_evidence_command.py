"""`memesnipe evidence` as a person runs it: a verdict and its reasons, files that explain it, and a record that can be made again."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner, Result

from memesnipe.cli.commands import app
from memesnipe.cli.evidence import EXIT_FAILED
from memesnipe.control.applied import hash_of
from memesnipe.evidence.code import code_hash_of, code_version
from memesnipe.evidence.record import open_record
from memesnipe.kernel.errors import ConfigError
from memesnipe.market import recording
from memesnipe.research.evidence.checking import read
from memesnipe.strategy.code import code_of
from memesnipe.strategy.loading import load
from memesnipe.testing.studies import files_in
from memesnipe.testing.tapes import a_tape

STUDY = ("every.yaml", "tape.parquet", "--grid", "every=3,4", "--period", "1m", "--purge", "1m", "--folds", "2", "--jobs", "1",
         "--database", "sqlite:///research.db")  # fmt: skip
RECORD = Path("out/every.evidence.json")


def evidence(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["evidence", *map(str, arguments)])


class Here(NamedTuple):
    """A folder in which the command was run once."""

    folder: Path
    done: Result


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    folder = tmp_path_factory.mktemp("evidence")
    _, market, _ = files_in(folder)
    recording.write(market, a_tape(16))  # a third of it is enough to be judged
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("MEMESNIPE_")]:
            patch.delenv(name)
        patch.setenv("MEMESNIPE_STRATEGIES_PATH", str(folder / "own"))
        patch.setenv("COLUMNS", "120")
        patch.chdir(folder)
        yield Here(folder, evidence(*STUDY, "--out", "out"))


def test_a_strategy_that_fails_ends_with_its_own_exit_code_a_sentence_and_what_to_do(here: Here) -> None:
    verdict = open_record(RECORD.read_bytes()).evidence.verdict

    assert here.done.exit_code == EXIT_FAILED, here.done.output
    assert verdict.sentence() in here.done.output
    for failure in verdict.failures:
        assert failure.demand in here.done.output


def test_the_record_is_about_the_best_parameters_and_the_code_that_the_factory_registers(here: Here) -> None:
    subject = open_record(RECORD.read_bytes()).evidence.subject

    assert subject.spec_hash in {hash_of("every", {"every": every}) for every in (3, 4)}
    assert code_hash_of(subject.code_version) == code_hash_of(code_version(code_of(load("every", (here.folder / "own",))), ""))
    assert "give these to every: {every: " in here.done.output


def test_numbers_and_page_lie_beside_the_record(here: Here) -> None:
    assert sorted(path.name for path in RECORD.parent.iterdir()) == ["every.evidence.html", "every.evidence.json", "every.report.json"]
    assert open_record(RECORD.read_bytes()).evidence.verdict.sentence() in RECORD.with_suffix(".html").read_text()


def test_the_same_study_gives_the_record_again_without_running_a_trial_twice(here: Here) -> None:
    done = evidence(*STUDY, "--check", RECORD)

    assert done.exit_code == EXIT_FAILED
    assert "recorded" not in done.output, done.output
    assert "whole; its hash and its verdict were recomputed" in done.output


def test_a_record_about_other_parameters_than_the_manifest_s_is_objected_to(here: Here) -> None:
    done = evidence("every.yaml", "--check", RECORD)

    assert "objection: the record is about other code or parameters" in done.output


def test_an_edited_record_ends_the_check_with_what_is_wrong(here: Here, tmp_path: Path) -> None:
    edited = tmp_path / "every.evidence.json"
    edited.write_bytes(RECORD.read_bytes().replace(b'"passed":false', b'"passed":true'))

    assert isinstance(evidence("--check", edited).exception, ConfigError)
    with pytest.raises(ConfigError, match="sha256"):
        read(edited)


@pytest.mark.parametrize("arguments", [(), ("every.yaml",), ("every.yaml", "tape.parquet")])
def test_what_is_missing_is_said(here: Here, arguments: tuple[str, ...]) -> None:
    assert "want STRATEGY, MARKET and --out FOLDER, or --check FILE" in str(evidence(*arguments).exception)
