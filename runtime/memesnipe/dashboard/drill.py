"""One strategy looked at closely: its curve, its gates, its last fills and refusals. Read when a person asks, not at every picture."""

from pathlib import Path

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from memesnipe.dashboard.facts import StreamFacts
from memesnipe.dashboard.snapshot import FillLine, RefusalLine, fill_line, refusal_line, thinned
from memesnipe.kernel.errors import Unavailable
from memesnipe.ledger import read
from memesnipe.messages.bounds import Mode

EQUITY_POINTS = 2_000
ROWS = 20
IN_A_CLUSTER = "judged by the operator: kubectl describe strategy {strategy}"
NOT_JUDGED = "control has not judged it yet"


class Gate(msgspec.Struct, frozen=True):
    """One gate's answer, as control wrote it."""

    type: str
    status: str
    reason: str
    message: str


class Promotion(msgspec.Struct, frozen=True):
    """Where it is on its way to live, and why."""

    stage: str
    reason: str = ""
    step: int = 0
    steps: int = 0


class Detail(msgspec.Struct, frozen=True):
    """What the page shows of one strategy."""

    strategy: str
    mode: Mode
    capital_lamports: int
    equity: tuple[tuple[int, int], ...]
    """(ms, lamports) of the mode it trades in."""
    gates: tuple[Gate, ...]
    gates_note: str
    """Why there are none; empty where there are."""
    promotion: Promotion | None
    fills: tuple[FillLine, ...]
    refusals: tuple[RefusalLine, ...]


class _Judged(msgspec.Struct, frozen=True):
    id: str
    conditions: tuple[Gate, ...] = ()
    promotion: Promotion | None = None


class _Status(msgspec.Struct, frozen=True):
    strategies: tuple[_Judged, ...] = ()


def detail(engine: Engine, streams: StreamFacts, data_dir: Path, strategy: str) -> Detail | None:
    """Return what is known of an applied strategy; None where none has this id. Raises Unavailable when the ledger does not answer."""
    config = streams.config
    applied = next((one for one in config.strategies if one.id == strategy), None) if config else None
    if applied is None:
        return None
    judged = _judged(data_dir, strategy)
    shares = streams.allocation.shares if streams.allocation else ()
    try:
        with engine.connect() as connection:
            return Detail(
                strategy,
                applied.mode,
                sum(share.capital_lamports for share in shares if share.strategy == strategy),
                thinned(tuple(read.equity_curve(connection, strategy, applied.mode, EQUITY_POINTS))),
                judged.conditions if judged else (),
                "" if judged else _why_not_judged(data_dir, strategy),
                judged.promotion if judged else None,
                tuple(fill_line(one, streams) for one in read.last_fills(connection, ROWS, strategy)),
                tuple(refusal_line(one, streams) for one in read.last_rejections(connection, ROWS, strategy)),
            )
    except SQLAlchemyError as error:
        raise Unavailable("ledger", type(error).__name__) from error


def _judged(data_dir: Path, strategy: str) -> _Judged | None:
    """Return what control wrote of it on this host. A file that is being replaced, or is none of ours, is no word at all."""
    try:
        status = msgspec.json.decode((data_dir / "run" / "status.json").read_bytes(), type=_Status)
    except (OSError, msgspec.MsgspecError):
        return None
    return next((one for one in status.strategies if one.id == strategy), None)


def _why_not_judged(data_dir: Path, strategy: str) -> str:
    return NOT_JUDGED if (data_dir / "run" / "status.json").exists() else IN_A_CLUSTER.format(strategy=strategy)
