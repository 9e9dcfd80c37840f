"""Read-only questions to the ledger, as typed rows: for the page, the command line and position_manager's own start.

Each function takes a connection, so that a reader can ask several questions of one consistent moment.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Select, Table, case, func, select, text

from memesnipe.ledger.accounting import Position, Trade
from memesnipe.ledger.rows import fill_of, rejection_of, struct_of
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
from memesnipe.ledger.write import Snapshot, Transfer
from memesnipe.messages.bounds import Mode
from memesnipe.messages.decisions import Decision, DecisionKind
from memesnipe.messages.orders import Fill, FillStatus, Rejection, settled_key
from memesnipe.messages.pairs import Pair

T = TypeVar("T", bound=msgspec.Struct)

LIMIT_MAX = 10_000
"""No question returns more rows than this: a page must not load a year of fills by mistake."""


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over all fills and positions of one strategy in one mode (lamports)."""

    strategy: str
    mode: Mode
    realized_lamports: int
    fees_lamports: int
    tips_lamports: int
    rent_lamports: int
    cost_lamports: int
    open_positions: int


class Refusals(msgspec.Struct, frozen=True):
    """How often a stage refused for a reason."""

    stage: str
    reason: str
    count: int


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one intent; `event_time_ns` is None where only a rejection tells of it."""

    intent_id: str
    event_time_ns: int | None
    time_ns: int
    strategy: str
    mint: str
    side: str
    mode: str
    size_lamports: int
    size_units: int
    approved: int
    outcome: str
    attempts: int
    stage: str
    reason: str


def equity_curve(connection: Connection, scope: str, mode: Mode, limit: int = 1_000) -> list[Snapshot]:
    """Return the newest points of a curve, oldest first. `scope` is a strategy or `*`."""
    wanted = select(EQUITY).where(EQUITY.c.scope == scope, EQUITY.c.mode == mode.value)
    return _newest(connection, wanted.order_by(EQUITY.c.time_ns.desc()), Snapshot, limit)[::-1]


def open_positions(connection: Connection) -> list[Position]:
    """Return every position that holds units, by strategy and mint."""
    wanted = select(POSITIONS).where(POSITIONS.c.units > 0).order_by(POSITIONS.c.strategy, POSITIONS.c.mode, POSITIONS.c.mint)
    return [struct_of(Position, dict(row)) for row in connection.execute(wanted).mappings()]


def last_fills(connection: Connection, limit: int = 50, strategy: str = "") -> list[Fill]:
    """Return the newest fills, newest first; of one strategy if named."""
    wanted = _of(FILLS, strategy).order_by(FILLS.c.time_ns.desc(), FILLS.c.signature)
    return [fill_of(dict(row)) for row in connection.execute(wanted.limit(min(limit, LIMIT_MAX))).mappings()]


def settled_since(connection: Connection, since_ns: int, mode: Mode, limit: int = 1_000) -> dict[str, tuple[str, ...]]:
    """Return `Fill.settled_key` of the newest fills since a time, oldest first, by strategy."""
    columns = (FILLS.c.strategy, FILLS.c.intent_id, FILLS.c.attempt, FILLS.c.status)
    wanted = select(*columns).where(FILLS.c.mode == mode.value, FILLS.c.time_ns >= since_ns).order_by(FILLS.c.time_ns.desc())
    by_strategy: dict[str, list[str]] = {}
    for strategy, intent_id, attempt, status in connection.execute(wanted.limit(min(limit, LIMIT_MAX))):
        by_strategy.setdefault(strategy, []).append(settled_key(intent_id, attempt, FillStatus(status)))
    return {strategy: tuple(reversed(keys)) for strategy, keys in by_strategy.items()}


def all_fills(connection: Connection) -> list[Fill]:
    """Return every fill, oldest first: for a replay's summary, which must not leave out the oldest of a long one."""
    return [fill_of(dict(row)) for row in connection.execute(select(FILLS).order_by(FILLS.c.time_ns, FILLS.c.signature)).mappings()]


def last_rejections(connection: Connection, limit: int = 50, strategy: str = "") -> list[Rejection]:
    """Return the newest rejections, newest first; of one strategy if named."""
    wanted = _of(REJECTIONS, strategy).order_by(REJECTIONS.c.time_ns.desc(), REJECTIONS.c.intent_id)
    return [rejection_of(dict(row)) for row in connection.execute(wanted.limit(min(limit, LIMIT_MAX))).mappings()]


def last_trades(connection: Connection, strategy: str, mode: Mode, limit: int = 1_000) -> list[Trade]:
    """Return a strategy's newest round trips, oldest first."""
    wanted = select(TRADES).where(TRADES.c.strategy == strategy, TRADES.c.mode == mode.value)
    newest_first = wanted.order_by(TRADES.c.closed_ns.desc(), TRADES.c.closed_signature.desc())
    return _newest(connection, newest_first, Trade, limit)[::-1]


def last_pairs(connection: Connection, strategy: str, limit: int) -> list[Pair]:
    """Return a strategy's newest live orders beside their paper twins, oldest first."""
    wanted = select(PAIRS).where(PAIRS.c.strategy == strategy)
    return _newest(connection, wanted.order_by(PAIRS.c.time_ns.desc(), PAIRS.c.intent_id.desc()), Pair, limit)[::-1]


def paired_strategies(connection: Connection) -> list[str]:
    """Return the strategies that have pairs."""
    return list(connection.execute(select(PAIRS.c.strategy).distinct().order_by(PAIRS.c.strategy)).scalars())


def last_decisions(connection: Connection, kind: DecisionKind, limit: int = 50) -> list[Decision]:
    """Return the newest records of a kind, newest first, without their inputs, which may be long."""
    columns = [column for column in DECISIONS.c if column.name != "inputs"]
    wanted = select(*columns).where(DECISIONS.c.kind == kind.value)
    return _newest(connection, wanted.order_by(DECISIONS.c.time_ns.desc(), DECISIONS.c.id.desc()), Decision, limit)


def decision_with_inputs(connection: Connection, kind: DecisionKind, version: int | None = None) -> Decision | None:
    """Return the newest record of a kind, of a version if named, with its inputs; None where there is none."""
    wanted = select(DECISIONS).where(DECISIONS.c.kind == kind.value)
    wanted = wanted if version is None else wanted.where(DECISIONS.c.version == version)
    found = _newest(connection, wanted.order_by(DECISIONS.c.time_ns.desc(), DECISIONS.c.id.desc()), Decision, 1)
    return found[0] if found else None


def last_orders(connection: Connection, limit: int = 50, strategy: str = "") -> list[Order]:
    """Return the newest orders with their outcomes, newest first; of one strategy if named."""
    wanted = text("SELECT * FROM orders WHERE :strategy IN ('', strategy) ORDER BY time_ns DESC, intent_id LIMIT :limit")
    rows = connection.execute(wanted, {"strategy": strategy, "limit": min(limit, LIMIT_MAX)})
    return [struct_of(Order, dict(row)) for row in rows.mappings()]


def rejections_by_reason(connection: Connection) -> list[Refusals]:
    """Return how often each stage refused for each reason, most frequent first."""
    count = func.count().label("count")
    columns = (REJECTIONS.c.stage, REJECTIONS.c.reason)
    wanted = select(*columns, count).group_by(*columns).order_by(count.desc(), *columns)
    return [Refusals(*row) for row in connection.execute(wanted)]


def totals(connection: Connection) -> list[Totals]:
    """Return the sums by strategy and mode."""
    summed = ("realized_lamports", "fees_lamports", "tips_lamports", "rent_lamports", "cost_lamports")
    # PostgreSQL answers SUM of 64-bit integers as a decimal: it is made an int again below.
    sums = [func.sum(POSITIONS.c[name]).label(name) for name in summed]
    opened = func.sum(case((POSITIONS.c.units > 0, 1), else_=0)).label("open_positions")
    keys = (POSITIONS.c.strategy, POSITIONS.c.mode)
    rows = connection.execute(select(*keys, *sums, opened).group_by(*keys).order_by(*keys)).mappings()
    return [struct_of(Totals, {**row, **{name: int(row[name]) for name in (*summed, "open_positions")}}) for row in rows]


def transfers(connection: Connection) -> list[Transfer]:
    """Return what moved in the wallet without an order of ours, oldest first."""
    wanted = select(WALLET_TRANSFERS).order_by(WALLET_TRANSFERS.c.slot, WALLET_TRANSFERS.c.signature)
    return [struct_of(Transfer, dict(row)) for row in connection.execute(wanted).mappings()]


def fills_since(connection: Connection, since_ns: int) -> list[Fill]:
    """Return every fill of this time and later."""
    wanted = select(FILLS).where(FILLS.c.time_ns >= since_ns)
    return [fill_of(dict(row)) for row in connection.execute(wanted).mappings()]


def fill_count(connection: Connection, before_ns: int | None = None) -> int:
    """Return how many fills there are, of before a time if one is named."""
    wanted = select(func.count()).select_from(FILLS)
    return connection.execute(wanted if before_ns is None else wanted.where(FILLS.c.time_ns < before_ns)).scalar_one()


def amended_count(connection: Connection) -> int:
    """Return how many fills the finalized chain had otherwise than first told."""
    return connection.execute(select(func.count()).select_from(FINALITY).where(FINALITY.c.said != "")).scalar_one()


def pair_counts(connection: Connection) -> dict[str, int]:
    """Return how many live orders have a paper twin, by strategy."""
    rows = connection.execute(select(PAIRS.c.strategy, func.count()).group_by(PAIRS.c.strategy))
    return {strategy: int(count) for strategy, count in rows}


def walked_to(connection: Connection) -> str:
    """Return the newest signature up to which the wallet's history was walked, "" if never."""
    return connection.execute(select(META.c.value).where(META.c.name == WALKED_TO)).scalar() or ""


def unsettled(connection: Connection, since_ns: int, limit: int = 500) -> list[Fill]:
    """Return live fills since a time that nobody has looked at again since their block was final, oldest first."""
    wanted = select(FILLS).join(FINALITY, FINALITY.c.signature == FILLS.c.signature, isouter=True)
    wanted = wanted.where(FILLS.c.mode == Mode.LIVE.value, FILLS.c.time_ns >= since_ns, FINALITY.c.signature.is_(None))
    rows = connection.execute(wanted.order_by(FILLS.c.slot, FILLS.c.signature).limit(min(limit, LIMIT_MAX))).mappings()
    return [fill_of({name: row[name] for name in FILLS.c.keys()}) for row in rows]  # noqa: SIM118 - a column collection is no dict


def units_of(connection: Connection, mint: str) -> int:
    """Return the token units that the wallet holds of a mint by the ledger: live fills and transfers together."""
    filled = select(func.sum(FILLS.c.token_delta_units)).where(FILLS.c.mint == mint, FILLS.c.mode == Mode.LIVE.value)
    moved = select(func.sum(WALLET_TRANSFERS.c.delta)).where(WALLET_TRANSFERS.c.mint == mint)
    return sum(int(connection.execute(one).scalar() or 0) for one in (filled, moved))


def units_held(connection: Connection, mode: Mode) -> dict[str, int]:
    """Return the token units of all open positions in a mode, by mint."""
    wanted = select(POSITIONS.c.mint, func.sum(POSITIONS.c.units)).where(POSITIONS.c.mode == mode.value, POSITIONS.c.units > 0)
    return {mint: int(units) for mint, units in connection.execute(wanted.group_by(POSITIONS.c.mint))}


def mints_traded(connection: Connection, mode: Mode) -> frozenset[str]:
    """Return every mint that was ever traded in a mode."""
    return frozenset(connection.execute(select(POSITIONS.c.mint).where(POSITIONS.c.mode == mode.value).distinct()).scalars())


def known_signatures(connection: Connection, signatures: Sequence[str]) -> set[str]:
    """Return which of these (at most 500, SQLite's limit on parameters is near) are fills of ours."""
    return set(connection.execute(select(FILLS.c.signature).where(FILLS.c.signature.in_(signatures))).scalars())


def _of(table: Table, strategy: str) -> Select[Any]:
    return select(table).where(table.c.strategy == strategy) if strategy else select(table)


def _newest(connection: Connection, wanted: Select[Any], kind: type[T], limit: int) -> list[T]:
    return [struct_of(kind, dict(row)) for row in connection.execute(wanted.limit(min(limit, LIMIT_MAX))).mappings()]
