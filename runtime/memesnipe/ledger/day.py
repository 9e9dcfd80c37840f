"""What a span of time brought, by strategy and mode: round trips that closed in it, and what its fills paid. For the daily summary."""

import msgspec
from sqlalchemy import Connection, case, func, select

from memesnipe.ledger.tables import EQUITY, FILLS, TRADES
from memesnipe.messages.bounds import Mode


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy in one mode (lamports)."""

    strategy: str
    mode: Mode
    trades: int = 0
    won: int = 0
    net_lamports: int = 0
    outlay_lamports: int = 0
    fills: int = 0
    costs_lamports: int = 0
    """Network fees and tips of every fill, failed attempts too."""


def span_of(connection: Connection, from_ns: int, until_ns: int) -> list[Span]:
    """Return what a span brought, by strategy and mode. `from_ns` is in it, `until_ns` is not."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    won = func.sum(case((TRADES.c.net_lamports > 0, 1), else_=0))
    sums = (func.count(), won, func.sum(TRADES.c.net_lamports), func.sum(TRADES.c.outlay_lamports))
    within = (TRADES.c.closed_ns >= from_ns, TRADES.c.closed_ns < until_ns)
    for strategy, mode, *values in connection.execute(
        select(TRADES.c.strategy, TRADES.c.mode, *sums).where(*within).group_by(TRADES.c.strategy, TRADES.c.mode)
    ):
        found.setdefault((strategy, mode), {}).update(_ints(("trades", "won", "net_lamports", "outlay_lamports"), values))
    paid = (func.count(), func.sum(FILLS.c.fee_lamports + FILLS.c.tip_lamports))
    within = (FILLS.c.time_ns >= from_ns, FILLS.c.time_ns < until_ns)
    for strategy, mode, *values in connection.execute(
        select(FILLS.c.strategy, FILLS.c.mode, *paid).where(*within).group_by(FILLS.c.strategy, FILLS.c.mode)
    ):
        found.setdefault((strategy, mode), {}).update(_ints(("fills", "costs_lamports"), values))
    return [Span(strategy=strategy, mode=Mode(mode), **values) for (strategy, mode), values in sorted(found.items())]


def equity_at(connection: Connection, scope: str, mode: Mode, time_ns: int) -> int | None:
    """Return the equity of a curve's newest point at a time or before it (lamports); None before its first."""
    wanted = select(EQUITY.c.equity_lamports).where(EQUITY.c.scope == scope, EQUITY.c.mode == mode.value, EQUITY.c.time_ns <= time_ns)
    return connection.execute(wanted.order_by(EQUITY.c.time_ns.desc()).limit(1)).scalar()


def _ints(names: tuple[str, ...], values: list[int]) -> dict[str, int]:
    """PostgreSQL answers SUM of 64-bit integers as a decimal."""
    return {name: int(value or 0) for name, value in zip(names, values, strict=True)}
