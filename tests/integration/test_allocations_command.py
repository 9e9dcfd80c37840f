"""`memesnipe allocations` reads a real ledger: what was decided and why, and whether it follows from its own inputs."""

import json
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from memesnipe.allocator.decide import decide
from memesnipe.allocator.records import recorded, split_of
from memesnipe.cli.commands import app
from memesnipe.kernel.errors import ConfigError
from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.ledger.migrate import migrate
from memesnipe.ledger.write import LedgerWriter
from memesnipe.messages.decisions import Decision
from memesnipe.testing.builders import START_NS, a_config, a_strategy


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEMESNIPE_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return tmp_path


def allocated(data: Path, *versions: int) -> list[Decision]:
    config = a_config(a_strategy("alpha"), a_strategy("beta"), weights_bps=(6_000, 3_000))
    decision = decide(None, config, START_NS)
    assert decision is not None
    made = [msgspec.structs.replace(decision, version=version, time_ns=START_NS + version) for version in versions]
    records = [recorded(one, split_of(config)) for one in made]
    migrate(ledger_url(str(data)))
    engine = open_engine(ledger_url(str(data)))
    LedgerWriter(engine).decided(records)
    engine.dispose()
    return records


def test_decisions_are_listed_with_weights_and_reason_and_the_same_in_json(data: Path) -> None:
    _, newest = allocated(data, 1, 2)

    shown = CliRunner().invoke(app, ["allocations"], env={"COLUMNS": "200"})
    said = json.loads(CliRunner().invoke(app, ["allocations", "--json", "-s", "beta"]).output)

    assert "alpha 60.0 %, beta 30.0 %" in shown.output
    assert [one["version"] for one in said] == [2, 1]
    assert (said[0]["reason"], said[0]["shares"]["beta"]["weight_bps"], list(said[0]["shares"])) == (newest.reason, 3_000, ["beta"])


def test_a_recorded_decision_is_said_to_be_equal(data: Path) -> None:
    allocated(data, 1, 2)

    by_version, newest = (CliRunner().invoke(app, ["allocations", "replay", *version]) for version in (["1"], []))

    assert (by_version.exit_code, newest.exit_code) == (0, 0)
    assert "allocation 1 " in by_version.output
    assert newest.output.rstrip().endswith("equal")


def test_a_weight_that_was_changed_in_the_ledger_is_found(data: Path) -> None:
    allocated(data, 1)
    with open_engine(ledger_url(str(data))).begin() as connection:
        connection.execute(text("UPDATE decisions SET outcome = replace(outcome, '6000', '9000')"))

    shown = CliRunner().invoke(app, ["allocations", "replay"])
    said = CliRunner().invoke(app, ["allocations", "replay", "--json"])

    assert (shown.exit_code, said.exit_code) == (1, 1)
    assert "NOT equal" in shown.output
    assert "alpha: recorded 9000 bps" in shown.output
    assert (json.loads(said.output)["equal"], len(json.loads(said.output)["differences"])) == (False, 1)


def test_a_version_that_is_not_there_is_said_so(data: Path) -> None:
    allocated(data, 1)

    said = CliRunner().invoke(app, ["allocations", "replay", "7"])

    assert isinstance(said.exception, ConfigError)
    assert "no allocation 7" in str(said.exception)
