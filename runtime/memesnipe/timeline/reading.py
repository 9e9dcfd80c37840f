"""Asks streams and ledger for the orders whose id begins so: a person types the first letters, a page has the whole."""

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from memesnipe.ledger.one_order import fills_of, pairs_of, rejections_of
from memesnipe.messages.orders import ApprovedOrder, ExitIntent, Fill, FillStatus, OrderIntent, Rejection
from memesnipe.messages.pairs import Pair
from memesnipe.timeline.flowing import Seen, on_streams
from memesnipe.timeline.hops import Found

ID_BEGINS = re.compile(r"[A-Za-z0-9:._\-]{4,128}")
"""What may be asked for: fewer letters fit too many orders."""
KINDS: dict[str, Any] = {
    "intents": (OrderIntent, ExitIntent), "approvals": ApprovedOrder, "fills": Fill, "rejections": Rejection, "pairs": Pair,
}  # fmt: skip


def found(client: Any, prefix: str, connection: Connection | None, id_begins: str) -> list[Found]:
    """Return what is known of each order whose id begins so, by id; of the one alone whose id it is.

    `client` is a `redis.Redis`, `connection` one to the ledger; None for either: that part is not asked. Raises redis' and SQLAlchemy's own
    errors: a part that does not answer is the caller's to tell.
    """
    booked = _in_ledger(connection, id_begins) if connection is not None else {}
    if any(_is_whole(one, id_begins) for group in booked.values() for one in group):
        return [_merged(id_begins, booked, ())]
    flowing = on_streams(client, prefix, id_begins) if client is not None else {}
    ids = sorted({one.intent_id for group in booked.values() for one in group} | set(flowing))
    return [_merged(id_, booked, flowing.get(id_, ())) for id_ in ids if id_ == id_begins or id_begins not in ids]


def _is_whole(one: Fill | Rejection | Pair, id_: str) -> bool:
    """Return whether this ended the order of just this id, and carries its way: the streams, of every strategy, know nothing more of it."""
    if isinstance(one, Pair) or (isinstance(one, Fill) and one.status is not FillStatus.FILLED):
        return False
    return one.intent_id == id_ and one.way is not None and one.way.wished_ns > 0


def _in_ledger(connection: Connection, id_begins: str) -> dict[str, Any]:
    asked = (("fills", fills_of), ("rejections", rejections_of), ("pairs", pairs_of))
    return {name: ask(connection, id_begins) for name, ask in asked}


def _merged(id_: str, booked: dict[str, Any], flowing: Iterable[Seen]) -> Found:
    seen = tuple(flowing)
    own = {name: [one for one in group if one.intent_id == id_] for name, group in booked.items()}
    both = {name: (*own.get(name, ()), *(one.message for one in seen if isinstance(one.message, kind))) for name, kind in KINDS.items()}
    written = [one.written_ns for one in seen if isinstance(one.message, KINDS["intents"])]
    return Found(id=id_, wished_ns=min(written, default=None), **both)
