"""The research database's reader and writer. Idempotent: what is registered or finished twice is there once.

One process writes it. A trial that failed or was never finished stays a try that was made: only its outcome is missing.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import ColumnElement, Connection, Engine, Row, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from memesnipe.kernel.clock import Clock
from memesnipe.kernel.errors import BadInput, Bug, Unavailable
from memesnipe.research.stats.series import Floats, one_series, sharpe
from memesnipe.research.trials.tables import TRIALS
from memesnipe.research.trials.values import Census, Outcome, Study, Trial

TRIALS_MAX = 100_000
"""Of one search."""
OBSERVATIONS_MAX = 1_000_000
ERROR_CHARACTERS_MAX = 512
REGISTERED, DONE, FAILED = "registered", "done", "failed"


class Registry:
    """The trials of a research database. Every method is one transaction; raises Unavailable when the database does not answer."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def register(self, study: Study, trials: Sequence[Trial]) -> list[Trial]:
        """Write a study's trials down, and return those that have no outcome yet, each once. Raises BadInput on more than 100,000."""
        if len(trials) > TRIALS_MAX or any(trial.study != study for trial in trials):
            raise BadInput("trials", f"want trials of one study, {TRIALS_MAX} at most, got {len(trials)}")
        rows = {trial.key: (trial, _row(trial, self._clock.now_ns())) for trial in trials}
        with self._transaction() as connection:
            for _, row in rows.values():
                _insert_new(connection, row)
            waiting = select(TRIALS.c.key).where(*_of(study), TRIALS.c.state == REGISTERED)
            open_keys = set(connection.execute(waiting).scalars())
        return [trial for key, (trial, _) in rows.items() if key in open_keys]

    def finish(self, trial: Trial, returns: Floats) -> None:
        """Keep what a trial earned. The same again changes nothing.

        Raises Bug where the trial was never registered, or has another outcome: then it is not deterministic, and no result of it
        means anything. Raises BadInput on returns that are no series of finite numbers, or more than a million.
        """
        values = one_series(returns)
        if len(values) > OBSERVATIONS_MAX:
            raise BadInput("returns", f"{len(values)} observations: take longer periods, {OBSERVATIONS_MAX} at most")
        ratio = sharpe(values)
        raw = values.astype("<f8").tobytes()
        earned = {"returns": raw, "observations": len(values), "sharpe": 0.0 if math.isnan(ratio) else ratio}
        with self._transaction() as connection:
            if not self._settle(connection, trial, DONE, earned) and _kept(connection, trial) != raw:
                raise Bug(f"trial {trial.key} has another outcome, or was never registered: the same trial must give the same returns")

    def fail(self, trial: Trial, error: str) -> None:
        """Keep why a trial has no returns. It counts as a try and is not run again. Raises Bug on one that has returns, or is unknown."""
        with self._transaction() as connection:
            if not self._settle(connection, trial, FAILED, {"error": error[:ERROR_CHARACTERS_MAX]}) and _state(connection, trial) != FAILED:
                raise Bug(f"trial {trial.key} failed after it had returns, or was never registered")

    def outcomes(self, study: Study) -> list[Outcome]:
        """Return what the study's finished trials earned, in the order of their keys."""
        query = select(TRIALS).where(*_of(study), TRIALS.c.state == DONE).order_by(TRIALS.c.key)
        with self._transaction() as connection:
            return [_outcome(study, row) for row in connection.execute(query)]

    def failures(self, study: Study) -> dict[str, str]:
        """Return why trials of the study have no returns, by the JSON of their parameters."""
        query = select(TRIALS.c.parameters, TRIALS.c.error).where(*_of(study), TRIALS.c.state == FAILED)
        with self._transaction() as connection:
            return {row.parameters: row.error for row in connection.execute(query)}

    def census(self, strategy: str, period_s: int) -> Census:
        """Count all tries ever made for a strategy, and how their Sharpe ratios vary for observations that last `period_s`."""
        mine = TRIALS.c.strategy == strategy
        with self._transaction() as connection:
            total = connection.execute(select(func.count()).select_from(TRIALS).where(mine)).scalar_one()
            done = connection.execute(select(TRIALS.c.sharpe, TRIALS.c.period_s).where(mine, TRIALS.c.state == DONE))
            ratios = [row.sharpe * math.sqrt(period_s / row.period_s) for row in done]
        return Census(trials=total, finished=len(ratios), sharpe_variance=_variance(ratios))

    def _settle(self, connection: Connection, trial: Trial, state: str, values: dict[str, Any]) -> bool:
        """Give a trial that has none its outcome; False where it has one, or was never registered."""
        change = update(TRIALS).where(TRIALS.c.key == trial.key, TRIALS.c.state == REGISTERED)
        return connection.execute(change.values(state=state, finished_ns=self._clock.now_ns(), **values)).rowcount == 1

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            # The driver's own text may hold the URL; its class says enough.
            raise Unavailable("research database", type(error).__name__) from None


def _of(study: Study) -> tuple[ColumnElement[bool], ...]:
    return tuple(TRIALS.c[name] == getattr(study, name) for name in Study.__struct_fields__)


def _row(trial: Trial, now_ns: int) -> dict[str, Any]:
    own = {"key": trial.key, "parameters": trial.parameters_json, "parameters_hash": trial.parameters_hash, "seed": trial.seed}
    return own | msgspec.structs.asdict(trial.study) | {"state": REGISTERED, "registered_ns": now_ns}


def _insert_new(connection: Connection, row: dict[str, Any]) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(TRIALS).values(row).on_conflict_do_nothing())


def _kept(connection: Connection, trial: Trial) -> bytes | None:
    kept: bytes | None = connection.execute(select(TRIALS.c.returns).where(TRIALS.c.key == trial.key)).scalar_one_or_none()
    return kept


def _state(connection: Connection, trial: Trial) -> str | None:
    state: str | None = connection.execute(select(TRIALS.c.state).where(TRIALS.c.key == trial.key)).scalar_one_or_none()
    return state


def _outcome(study: Study, row: Row[Any]) -> Outcome:
    trial = Trial(study=study, parameters=msgspec.json.decode(row.parameters), seed=row.seed)
    return Outcome(trial=trial, returns=np.frombuffer(row.returns, dtype="<f8").astype(np.float64))


def _variance(ratios: Sequence[float]) -> float:
    """One trial was not chosen among others, so its spread is 0; without any, nothing is known."""
    if not ratios:
        return float("nan")
    return float(np.var(ratios, ddof=1)) if len(ratios) > 1 else 0.0
