"""What a start on paper would leave without protection: positions bought live, whose exits nobody could sign."""

from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from memesnipe.ledger import read
from memesnipe.ledger.engine import FILE_NAME, ledger_url, open_engine
from memesnipe.messages.bounds import Mode
from memesnipe.supervisor.settings import UpSettings


def warning(settings: UpSettings) -> str:
    """Return what the person must know before a start on paper, "" if there is nothing."""
    if not settings.paper_trading_mode:
        return ""
    held = _held_live(settings)
    if not held:
        return ""
    return (
        f"WARNING: {len(held)} position(s) bought live are open ({', '.join(held)}) and PAPER_TRADING_MODE is true: no signer runs, "
        "so their stops cannot be signed. Start with PAPER_TRADING_MODE=false and `mode: paper` in the manifests: "
        "then nothing new is bought and exits still work."
    )


def _held_live(settings: UpSettings) -> list[str]:
    if not settings.database_url and not (Path(settings.data_dir) / FILE_NAME).exists():
        return []
    engine = open_engine(ledger_url(settings.data_dir, settings.database_url))
    try:
        with engine.connect() as connection:
            return [f"{p.strategy} {p.mint}" for p in read.open_positions(connection) if p.mode is Mode.LIVE]
    except SQLAlchemyError:
        return []  # no ledger there yet; position_manager says more when it starts
    finally:
        engine.dispose()
