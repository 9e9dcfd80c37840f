"""All that the ledger has of one order, found by its id or the beginning of it: a person types the first letters of a long id."""

from typing import Any

from sqlalchemy import Connection, Select, Table, select

from memesnipe.ledger.rows import fill_of, rejection_of, struct_of
from memesnipe.ledger.tables import FILLS, PAIRS, REJECTIONS
from memesnipe.messages.orders import Fill, Rejection
from memesnipe.messages.pairs import Pair

ROWS_MAX = 200
"""Far more than one order has; a beginning that fits more rows fits more orders, and is answered by asking for more of it."""


def fills_of(connection: Connection, id_begins: str) -> list[Fill]:
    """Return the fills, failed attempts among them, oldest first."""
    rows = connection.execute(_wanted(FILLS, id_begins).order_by(FILLS.c.time_ns, FILLS.c.attempt)).mappings()
    return [fill_of(dict(row)) for row in rows]


def rejections_of(connection: Connection, id_begins: str) -> list[Rejection]:
    """Return the refusals, oldest first."""
    rows = connection.execute(_wanted(REJECTIONS, id_begins).order_by(REJECTIONS.c.time_ns)).mappings()
    return [rejection_of(dict(row)) for row in rows]


def pairs_of(connection: Connection, id_begins: str) -> list[Pair]:
    """Return the live order beside its paper twin, where it has one."""
    return [struct_of(Pair, dict(row)) for row in connection.execute(_wanted(PAIRS, id_begins)).mappings()]


def _wanted(table: Table, id_begins: str) -> Select[Any]:
    return select(table).where(table.c.intent_id.startswith(id_begins, autoescape=True)).limit(ROWS_MAX)
