"""Reading the ledger for the page: one connection, one consistent moment, bounded numbers of rows."""

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from memesnipe.dashboard.facts import LedgerFacts
from memesnipe.kernel.errors import Unavailable
from memesnipe.ledger import read
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import PORTFOLIO

EQUITY_POINTS = 2_000
ROWS = 30


def look(engine: Engine, mode: Mode) -> LedgerFacts:
    """Return what the ledger says now, with the equity curve of one mode. Raises Unavailable, also while it has no tables yet."""
    try:
        with engine.connect() as connection:
            return LedgerFacts(
                equity=tuple(read.equity_curve(connection, PORTFOLIO, mode, EQUITY_POINTS)),
                positions=tuple(read.open_positions(connection)),
                fills=tuple(read.last_fills(connection, ROWS)),
                rejections=tuple(read.last_rejections(connection, ROWS)),
                refusals=tuple(read.rejections_by_reason(connection)),
                totals=tuple(read.totals(connection)),
            )
    except SQLAlchemyError as error:
        raise Unavailable("ledger", type(error).__name__) from error
