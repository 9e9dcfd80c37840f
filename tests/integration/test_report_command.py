"""`memesnipe report` reads a real ledger: a column for each strategy and mode, the same in JSON, and a plain word where there is none."""

from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from memesnipe.cli.commands import app
from memesnipe.kernel.errors import ConfigError
from memesnipe.ledger.attribution import Attribution
from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.ledger.migrate import migrate
from memesnipe.ledger.write import LedgerWriter
from memesnipe.testing.builders import SOL, START_NS, STRATEGY, a_fill, a_sale


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEMESNIPE_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return tmp_path


def traded(data: Path) -> None:
    """Let the strategy buy, and sell for a tenth more."""
    bought = a_fill()
    sold = msgspec.structs.replace(
        a_fill(a_sale(size_units=bought.token_delta_units, time_ns=START_NS + SOL)),
        slot=bought.slot + 1,
        time_ns=bought.time_ns + SOL,
        sol_delta_lamports=-bought.sol_delta_lamports * 11 // 10,
    )
    migrate(ledger_url(str(data)))
    engine = open_engine(ledger_url(str(data)))
    LedgerWriter(engine).record([bought, sold])
    engine.dispose()


def test_a_closed_trade_is_shown_and_the_same_in_json(data: Path) -> None:
    traded(data)

    said = CliRunner().invoke(app, ["report", "--out", str(data / "report.json")])

    (found,) = msgspec.json.decode((data / "report.json").read_bytes(), type=list[Attribution])
    assert said.exit_code == 0
    assert STRATEGY in said.output
    assert (found.strategy, found.trades, found.hit_bps) == (STRATEGY, 1, 10_000)
    assert f"{found.net_lamports / SOL:.4f}" in said.output


def test_numbers_that_cannot_be_written_are_one_clear_word_about_the_option(data: Path) -> None:
    traded(data)

    said = CliRunner().invoke(app, ["report", "--out", str(data / "nowhere" / "report.json")])

    assert isinstance(said.exception, ConfigError)
    assert str(said.exception).startswith("--out: ")


def test_a_strategy_that_closed_nothing_is_said_so(data: Path) -> None:
    traded(data)

    assert "no closed trade yet of nobody" in CliRunner().invoke(app, ["report", "--strategy", "nobody"]).output


def test_without_a_ledger_it_says_what_to_do(data: Path) -> None:
    said = CliRunner().invoke(app, ["report"])

    assert isinstance(said.exception, ConfigError)
    assert "make up" in str(said.exception)
