"""One strategy looked at closely: its curve, its gates, its last fills and refusals. Read when a person asks, not at every picture."""

from pathlib import Path

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from memesnipe.control.status import Condition, Promotion, StrategyStatus, status_file, status_in
from memesnipe.dashboard.facts import StreamFacts
from memesnipe.dashboard.shown import FillLine, RefusalLine
from memesnipe.dashboard.snapshot import fill_line, refusal_line, thinned
from memesnipe.kernel.errors import Unavailable
from memesnipe.ledger import read
from memesnipe.messages.bounds import Mode

EQUITY_POINTS = 2_000
ROWS = 20
IN_A_CLUSTER = "judged by the operator: kubectl describe strategy {strategy}"
NOT_JUDGED = "control has not judged it yet"


class Detail(msgspec.Struct, frozen=True):
    """What the page shows of one strategy."""

    strategy: str
    mode: Mode
    capital_lamports: int
    equity: tuple[tuple[int, int], ...]
    """(ms, lamports) of the mode it trades in: its capital and what it had made by then."""
    gates: tuple[Condition, ...]
    gates_note: str
    """Why there are none; empty where there are."""
    promotion: Promotion | None
    fills: tuple[FillLine, ...]
    refusals: tuple[RefusalLine, ...]


def detail(engine: Engine, streams: StreamFacts, data_dir: Path, strategy: str) -> Detail | None:
    """Return what is known of an applied strategy; None where none has this id. Raises Unavailable when the ledger does not answer."""
    config = streams.config
    applied = next((one for one in config.strategies if one.id == strategy), None) if config else None
    if applied is None:
        return None
    judged = _judged(data_dir, strategy)
    shares = streams.allocation.shares if streams.allocation else ()
    capital = sum(share.capital_lamports for share in shares if share.strategy == strategy)
    try:
        with engine.connect() as connection:
            # The ledger's curve of a strategy begins at nothing; falls are measured, and shown, from the capital that made it.
            curve = thinned(tuple(read.equity_curve(connection, strategy, applied.mode, EQUITY_POINTS)))
            return Detail(
                strategy,
                applied.mode,
                capital,
                tuple((time_ms, capital + made) for time_ms, made in curve),
                judged.conditions if judged else (),
                "" if judged else _why_not_judged(data_dir, strategy),
                judged.promotion if judged else None,
                tuple(fill_line(one, streams) for one in read.last_fills(connection, ROWS, strategy)),
                tuple(refusal_line(one, streams) for one in read.last_rejections(connection, ROWS, strategy)),
            )
    except SQLAlchemyError as error:
        raise Unavailable("ledger", type(error).__name__) from error


def _judged(data_dir: Path, strategy: str) -> StrategyStatus | None:
    """Return what control wrote of it on this host. A file that is being replaced, or is none of ours, is no word at all."""
    try:
        return next((one for one in status_in(data_dir) if one.id == strategy), None)
    except (OSError, msgspec.MsgspecError):
        return None


def _why_not_judged(data_dir: Path, strategy: str) -> str:
    return NOT_JUDGED if status_file(data_dir).exists() else IN_A_CLUSTER.format(strategy=strategy)
