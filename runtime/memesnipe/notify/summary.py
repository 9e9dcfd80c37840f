"""The daily summary, from the ledger: what closed in the last 24 hours, what it cost, what is held, and where equity stands."""

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from memesnipe.chain.amounts import sol
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import Unavailable
from memesnipe.ledger.day import Span, equity_at, span_of
from memesnipe.ledger.read import open_positions
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import PORTFOLIO
from memesnipe.notify.notes import Kind, Level, Note, note
from memesnipe.notify.wording import Stakes, marker, marker_of

DAY_NS = 86_400 * NS_PER_S
HOUR_NS = 3_600 * NS_PER_S


def due_day(now_ns: int, hour_utc: int) -> int:
    """Return the day (since 1970) whose summary is due by now: today's from its hour on, else yesterday's."""
    return (now_ns - hour_utc * HOUR_NS) // DAY_NS


def summary_of(engine: Engine, stakes: Stakes | None, now_ns: int) -> Note:
    """Return the summary of the 24 hours before now. Raises Unavailable."""
    try:
        with engine.connect() as connection:
            spans = span_of(connection, now_ns - DAY_NS, now_ns)
            held = open_positions(connection)
            equity = {
                mode: (equity_at(connection, PORTFOLIO, mode, now_ns - DAY_NS), equity_at(connection, PORTFOLIO, mode, now_ns))
                for mode in Mode
            }
    except SQLAlchemyError as error:
        raise Unavailable("ledger", type(error).__name__) from error
    genesis = stakes.genesis if stakes else ""
    lines = [_line(one, genesis) for one in spans] or ["nothing was traded"]
    for mode in Mode:
        lines += _equity(mode, genesis, *equity[mode])
        count = sum(one.mode is mode for one in held)
        if count:
            cost = sum(one.cost_lamports for one in held if one.mode is mode)
            lines.append(f"{marker(mode, genesis)} held now: {count} positions that cost {sol(cost)} SOL")
    return note(Kind.SUMMARY, Level.INFO, f"{marker_of(stakes)} the last 24 hours", "\n".join(lines), now_ns)


def _line(one: Span, genesis: str) -> str:
    bps = f", {one.net_lamports * 10_000 // one.outlay_lamports:+d} bps" if one.outlay_lamports else ""
    hit = f", {one.won} won" if one.trades else ""
    return (
        f"{marker(one.mode, genesis)} {one.strategy}: {one.trades} trades closed{hit}, net {sol(one.net_lamports, signed=True)} SOL{bps};"
        f" {one.fills} fills, fees and tips {sol(one.costs_lamports)} SOL"
    )


def _equity(mode: Mode, genesis: str, before: int | None, now: int | None) -> list[str]:
    if now is None:
        return []
    moved = "" if before is None else f" ({sol(now - before, signed=True)})"
    return [f"{marker(mode, genesis)} equity {sol(now)} SOL{moved}"]
