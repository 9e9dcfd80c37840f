"""The kinds of study, and one task of each: a market, a strategy that trades enough to be judged, and the gate's word on it."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import msgspec
import numpy as np

from memesnipe.kernel.errors import Bug
from memesnipe.research.stats.series import sharpe
from memesnipe.testing.calibration.drawing import a_reader, a_worthless
from memesnipe.testing.calibration.judging import Searching, measured, searched
from memesnipe.testing.calibration.markets import Kind, a_market
from memesnipe.testing.calibration.rules import RandomParameters
from memesnipe.testing.calibration.running import Ground
from memesnipe.testing.calibration.table import DEFAULTS, Judged

DAYS = 1_000
DRIFT = 0.012
"""Of the planted edge: a price's expected move in a day, up or down with the token's mood. A day's standard deviation is 0.041."""
DRAWS_MAX = 50
CHUNK = 4


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Many studies of one kind."""

    name: str
    kind: Kind
    free: bool = False
    """Whether orders cost nothing."""
    reads: bool = False
    """Whether the strategies read who buys, as one that understood the edge would."""
    count: int


ROWS = (
    Row(name="worthless, costs off", kind=Kind(days=DAYS, fee_bps=1), free=True, count=1_000),
    Row(name="worthless, costs on", kind=Kind(days=DAYS), count=200),
    Row(name="planted edge, costs on", kind=Kind(days=DAYS, drift=DRIFT), reads=True, count=100),
)


class Task(msgspec.Struct, frozen=True):
    """One study of a row, by its place in ROWS."""

    row: int
    number: int
    seed: int


def judged(task: Task) -> Judged:
    """Run and judge one study. The same task gives the same answer."""
    row, seed = ROWS[task.row], (task.seed, task.row, task.number)
    ground, draw = Ground(a_market(seed, row.kind), row.free), np.random.default_rng((*seed, 1))
    for drawn in range(1, DRAWS_MAX + 1):
        first = a_reader(draw) if row.reads else a_worthless(draw)
        if found := _if_judgeable(searched(ground, first), first, task, drawn):
            return found
    raise Bug(f"{DRAWS_MAX} strategies drawn for study {task.number} of {row.name!r}, and none traded enough")


def run(tasks: Sequence[Task], processes: int) -> Iterator[Judged]:
    """Yield what comes of each task, in the tasks' order, whatever number of processes does them."""
    if processes == 1:
        yield from map(judged, tasks)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(judged, tasks, chunksize=CHUNK)


def _if_judgeable(study: Searching, first: RandomParameters, task: Task, drawn: int) -> Judged | None:
    """Return the gate's word, None for a strategy that trades too seldom to be judged: nothing else of it is looked at."""
    outside = study.walked()
    trades = len(study.profits(outside))
    if trades < DEFAULTS.trades_min:
        return None
    return Judged(
        row=ROWS[task.row].name,
        number=task.number,
        parameters=first.model_dump(),
        drawn=drawn,
        trades=trades,
        sharpe=float(np.nan_to_num(sharpe(outside.returns))),
        metrics=measured(study, task.number),
        metrics_alone=measured(study.only(0), task.number),
    )
