"""The ledger's one writer. Idempotent: a re-delivered fill, in whatever order, changes nothing."""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Table, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from memesnipe.kernel.errors import Unavailable
from memesnipe.ledger.accounting import Position, Trade, apply, comes_last, fill_order, position_of
from memesnipe.ledger.booked import Booked as Booked
from memesnipe.ledger.booked import Verdict as Verdict
from memesnipe.ledger.rows import fill_of, fill_row, message_row, moved_row, rejection_row, struct_of, struct_row
from memesnipe.ledger.tables import (
    DECISIONS,
    EQUITY,
    FILLS,
    FINALITY,
    META,
    PAIRS,
    POSITIONS,
    REJECTIONS,
    TRADES,
    WALKED_TO,
    WALLET_TRANSFERS,
)
from memesnipe.messages.bounds import Mode
from memesnipe.messages.decisions import Decision
from memesnipe.messages.orders import Fill, Rejection
from memesnipe.messages.pairs import Pair

_WALKED = META.c.name == WALKED_TO
FINAL, MOVED, UNDONE = "final", "moved", "undone"


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A point of an equity curve. `scope` is a strategy or `*`."""

    time_ns: int
    scope: str
    mode: Mode
    equity_lamports: int
    realized_lamports: int
    unrealized_lamports: int
    capital_lamports: int = 0


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """A movement in the wallet that no order of ours made; `mint` is empty for SOL. For SOL the delta holds the fee too."""

    signature: str
    mint: str
    slot: int
    time_ns: int
    delta: int
    fee_lamports: int = 0
    note: str = ""


class LedgerWriter:
    """Writes fills, rejections, pairs, decisions, equity and wallet transfers. Every method is one transaction and raises Unavailable."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, fills: Sequence[Fill], rejections: Sequence[Rejection] = ()) -> list[Booked]:
        """Write fills and rejections, fold the new fills into positions, and return each fill with its position."""
        try:
            with self._engine.begin() as connection:
                _one_at_a_time(connection)
                for rejection in rejections:
                    _insert_new(connection, REJECTIONS, rejection_row(rejection))
                return [_book(connection, fill) for fill in fills]
        except SQLAlchemyError as error:
            raise _unavailable(error) from None

    def pair(self, pairs: Sequence[Pair]) -> None:
        """Write live orders beside their paper twins; one of the same intent is kept as it was."""
        self._insert(PAIRS, [message_row(one) for one in pairs])

    def decided(self, decisions: Sequence[Decision]) -> None:
        """Write records of decisions; one of the same kind and id is kept as it was."""
        self._insert(DECISIONS, [message_row(one) for one in decisions])

    def snapshot(self, snapshots: Sequence[Snapshot]) -> None:
        """Write points of equity curves; a point of the same time and scope is kept as it was."""
        self._insert(EQUITY, [struct_row(one) for one in snapshots])

    def transfer(self, transfers: Sequence[Transfer], walked_to: str) -> None:
        """Write wallet movements that are not ours, and the newest signature up to which the history was walked."""
        try:
            with self._engine.begin() as connection:
                _one_at_a_time(connection)
                for one in transfers:
                    if not _known_fill(connection, one.signature):
                        _insert_new(connection, WALLET_TRANSFERS, struct_row(one))
                connection.execute(update(META).where(_WALKED).values(value=walked_to))
        except SQLAlchemyError as error:
            raise _unavailable(error) from None

    def final(self, signatures: Sequence[str], time_ns: int) -> None:
        """Note that these fills are what the finalized chain holds."""
        self._insert(FINALITY, [_verdict(signature, FINAL, time_ns) for signature in signatures])

    def amend(self, said: Fill, real: Fill | None, time_ns: int) -> Position:
        """Put what the finalized chain holds in a fill's place (None: nothing), and return its position, folded anew. Twice is once."""
        try:
            with self._engine.begin() as connection:
                _one_at_a_time(connection)
                position = _claim(connection, said)
                verdict = _verdict(said.signature, UNDONE if real is None else MOVED, time_ns, said)
                if not _insert_new(connection, FINALITY, verdict):
                    return position
                connection.execute(delete(FILLS).where(FILLS.c.signature == said.signature))
                if real is not None:
                    connection.execute(insert(FILLS), fill_row(real))
                position, _ = _refold(connection, said)
                _store(connection, position)
                return position
        except SQLAlchemyError as error:
            raise _unavailable(error) from None

    def _insert(self, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        try:
            with self._engine.begin() as connection:
                for row in rows:
                    _insert_new(connection, table, row)
        except SQLAlchemyError as error:
            raise _unavailable(error) from None


def _one_at_a_time(connection: Connection) -> None:
    """Hold the ledger's one lock until this transaction ends.

    A walk of the wallet that looked for a fill before it was written, and writes after it, would book the same lamports twice.
    """
    # The insert comes first, before any read: it takes SQLite's write lock, and makes the row that PostgreSQL locks.
    _insert_new(connection, META, {"name": WALKED_TO, "value": ""})
    connection.execute(select(META.c.name).where(_WALKED).with_for_update())


def _verdict(signature: str, verdict: str, time_ns: int, said: Fill | None = None) -> dict[str, Any]:
    return {"signature": signature, "verdict": verdict, "time_ns": time_ns, "said": _said(said) if said else ""}


def _said(fill: Fill) -> str:
    return msgspec.json.encode(moved_row(fill)).decode()


def _book(connection: Connection, fill: Fill) -> Booked:
    if _amended(connection, fill):
        return Booked(fill, _claim(connection, fill), verdict=Verdict.KNOWN)
    if not _insert_new(connection, FILLS, fill_row(fill)):
        return Booked(fill, _load(connection, fill), verdict=_compare(connection, fill))
    # The wallet's history may have been walked before this fill arrived, and took our own transaction for a stranger's.
    connection.execute(delete(WALLET_TRANSFERS).where(WALLET_TRANSFERS.c.signature == fill.signature))
    before = _claim(connection, fill)
    in_order = comes_last(fill, before)
    position, trade = apply(before, fill) if in_order else _refold(connection, fill)
    _store(connection, position)
    if in_order and trade is not None:
        _insert_new(connection, TRADES, struct_row(trade))
    return Booked(fill, position, position.realized_lamports - before.realized_lamports, trade)


def _amended(connection: Connection, fill: Fill) -> bool:
    """Whether this very fill was told before and turned out otherwise: wallet_guard says the outcomes of its last hour again."""
    said = connection.execute(select(FINALITY.c.said).where(FINALITY.c.signature == fill.signature)).scalar()
    return said is not None and said == _said(fill)


def _refold(connection: Connection, changed: Fill) -> tuple[Position, Trade | None]:
    """Fold a position anew in canonical order: a late fill must not make another ledger than a timely one, nor an undone one a trace."""
    empty = position_of(changed)
    rows = connection.execute(select(FILLS).where(*_same(FILLS, empty))).mappings()
    fills = sorted((fill_of(dict(row)) for row in rows), key=fill_order)
    folded: list[tuple[Position, Trade | None]] = []
    reduce(lambda position, fill: _keep(folded, apply(position, fill)), fills, empty)
    connection.execute(delete(TRADES).where(*_same(TRADES, empty)))
    trades = [trade for _, trade in folded if trade is not None]
    if trades:
        connection.execute(insert(TRADES), [struct_row(trade) for trade in trades])
    trade = next((trade for trade in trades if trade.closed_signature == changed.signature), None)
    return (folded[-1][0] if folded else empty), trade


def _keep(folded: list[tuple[Position, Trade | None]], step: tuple[Position, Trade | None]) -> Position:
    folded.append(step)
    return step[0]


def _claim(connection: Connection, fill: Fill) -> Position:
    """Return a fill's position, locked until this transaction ends. The row is made first: what is not there cannot be locked."""
    _insert_new(connection, POSITIONS, struct_row(position_of(fill)))
    return _load(connection, fill)


def _load(connection: Connection, fill: Fill) -> Position:
    wanted = select(POSITIONS).where(*_same(POSITIONS, position_of(fill))).with_for_update()
    return struct_of(Position, dict(connection.execute(wanted).mappings().one()))


def _store(connection: Connection, position: Position) -> None:
    connection.execute(update(POSITIONS).where(*_same(POSITIONS, position)).values(struct_row(position)))


def _compare(connection: Connection, fill: Fill) -> Verdict:
    row, moved = connection.execute(select(FILLS).where(FILLS.c.signature == fill.signature)).mappings().one(), moved_row(fill)
    return Verdict.KNOWN if {name: row[name] for name in moved} == moved else Verdict.CONFLICT


def _known_fill(connection: Connection, signature: str) -> bool:
    return connection.execute(select(FILLS.c.signature).where(FILLS.c.signature == signature)).first() is not None


def _same(table: Table, position: Position) -> tuple[Any, Any, Any]:
    return table.c.strategy == position.strategy, table.c.mode == position.mode.value, table.c.mint == position.mint


def _insert_new(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert unless the key is there; return whether a row was written."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    # RETURNING and not rowcount: PostgreSQL's driver does not count rows of an insert, and an uncounted fill would move no position.
    wanted = dialect.insert(table).values(row).on_conflict_do_nothing().returning(*table.primary_key)
    return connection.execute(wanted).first() is not None


def _unavailable(error: SQLAlchemyError) -> Unavailable:
    # The driver's text may hold the connection string, and with it a password: only its kind goes on.
    cause = getattr(error, "orig", None) or error
    return Unavailable("ledger", type(cause).__name__)
