"""What live orders of a strategy did beside their paper twins, from the ledger of this installation, where it has one.

It is in the report and not in the record: the record is about the past, and whoever has no live orders yet has no gap.
"""

from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from memesnipe.evidence.gap import PAIRS_MAX, Gap, gap_of
from memesnipe.ledger.engine import FILE_NAME, ledger_url, open_engine
from memesnipe.ledger.read import last_pairs


def gap_in(data_dir: str, database_url: str, strategy: str) -> Gap | None:
    """Return the gap of a strategy's newest live orders; None without a ledger, a table of pairs, or a pair. Makes no ledger."""
    if not database_url and not (Path(data_dir) / FILE_NAME).is_file():
        return None
    engine = open_engine(ledger_url(data_dir, database_url))
    try:
        with engine.connect() as connection:
            pairs = last_pairs(connection, strategy, PAIRS_MAX)
    except SQLAlchemyError:  # a ledger of an older release, no ledger at all, or a database that does not answer
        return None
    finally:
        engine.dispose()
    return gap_of(pairs) if pairs else None
