"""A start on paper says which live positions it would leave without a stop."""

from pathlib import Path

from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.ledger.migrate import migrate
from memesnipe.ledger.write import LedgerWriter
from memesnipe.messages.bounds import Mode
from memesnipe.supervisor.settings import UpSettings
from memesnipe.supervisor.unprotected import warning
from memesnipe.testing.builders import a_fill


def a_ledger_with_a_buy(folder: Path, mode: Mode) -> None:
    url = ledger_url(str(folder))
    migrate(url)
    engine = open_engine(url)
    LedgerWriter(engine).record([a_fill(mode=mode)], [])
    engine.dispose()


def test_a_live_position_under_the_paper_switch_is_named(tmp_path: Path) -> None:
    a_ledger_with_a_buy(tmp_path, Mode.LIVE)

    told = warning(UpSettings(data_dir=str(tmp_path), paper_trading_mode=True))

    assert a_fill().mint in told
    assert "PAPER_TRADING_MODE=false" in told


def test_a_paper_position_needs_no_signer(tmp_path: Path) -> None:
    a_ledger_with_a_buy(tmp_path, Mode.PAPER)

    assert warning(UpSettings(data_dir=str(tmp_path), paper_trading_mode=True)) == ""


def test_a_live_start_protects_its_positions_itself(tmp_path: Path) -> None:
    a_ledger_with_a_buy(tmp_path, Mode.LIVE)

    assert warning(UpSettings(data_dir=str(tmp_path), paper_trading_mode=False)) == ""


def test_a_first_start_has_nothing_to_say(tmp_path: Path) -> None:
    assert warning(UpSettings(data_dir=str(tmp_path), paper_trading_mode=True)) == ""
