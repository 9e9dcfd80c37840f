"""The ledger as the checker reads it: plain SQL over the columns of the first release, on a connection of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from memesnipe.kernel.errors import Unavailable

Row = Mapping[str, Any]

_QUESTIONS = {
    "fills": "SELECT * FROM fills WHERE mode = 'live'",
    "transfers": "SELECT * FROM wallet_transfers",
    "positions": "SELECT * FROM positions WHERE mode = 'live'",
}


class Books(msgspec.Struct, frozen=True):
    """Every live row, as it stands."""

    fills: Sequence[Row]
    """In canonical order: slot, time, signature (compared here: databases collate text differently)."""
    transfers: Sequence[Row]
    positions: Sequence[Row]


def read_books(url: str) -> Books:
    """Return the ledger's live rows. Raises Unavailable when it cannot be read."""
    # A database made under LC_ALL=C is SQL_ASCII: without this the driver answers its text as bytes.
    options = {"client_encoding": "utf8", "connect_timeout": 10} if url.startswith("postgresql") else {}
    engine = create_engine(url, hide_parameters=True, connect_args=options)
    try:
        with engine.connect() as connection:
            rows = {name: [dict(row) for row in connection.execute(text(sql)).mappings()] for name, sql in _QUESTIONS.items()}
    except SQLAlchemyError as error:
        raise Unavailable("ledger", type(getattr(error, "orig", None) or error).__name__) from None
    finally:
        engine.dispose()
    fills = sorted(rows["fills"], key=lambda row: (row["slot"], row["time_ns"], row["signature"]))
    return Books(fills, rows["transfers"], rows["positions"])
