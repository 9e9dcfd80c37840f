"""Where work runs: on the cores of this machine (joblib's loky), or on a Dask cluster. Both have the shape of `search.Spread`.

Work and items are small: functions of modules, paths and parameters. What is large (a market) each worker reads itself, once.
Workers count on one thread: two processes whose BLAS each start a thread a core are slower than one.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import Any, TypeVar

from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.research.trials.search import Spread

CONNECT_S = 30.0
WATCH_S = 0.5
ONE: Any = 1
"""Item a message: trials take seconds, and a batch that is half done dies whole. (joblib has no annotations, and type checkers guess.)"""
T = TypeVar("T")
R = TypeVar("R")


def spread_of(jobs: int, scheduler: str = "") -> Spread:
    """Return where to run: on the Dask cluster of `scheduler` (tcp://host:port) if one is given, else in `jobs` processes here.

    Raises ConfigError on no process at all.
    """
    if scheduler:
        return OnCluster(scheduler)
    if jobs < 1:
        raise ConfigError(f"jobs: want 1 process or more, got {jobs}")
    return map if jobs == 1 else OnCores(jobs)


class OnCores:
    """`jobs` processes of this machine, kept from one call to the next. They end with the process that started them."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs

    def __call__(self, work: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]:
        """Yield results as they are done. Whatever the work raises is raised here and ends the rest."""
        from joblib import Parallel, delayed, parallel_config

        task = delayed(partial(_attended, os.getpid(), work))
        with parallel_config(backend="loky", n_jobs=self.jobs, inner_max_num_threads=1):
            pool: Any = Parallel(return_as="generator_unordered", batch_size=ONE)
            yield from pool(task(item) for item in items)


class OnCluster:
    """A Dask distributed cluster. Its workers need this package, the market under the same path, and the strategy's code."""

    def __init__(self, address: str) -> None:
        self.address = address

    def __call__(self, work: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]:
        """Yield results as they are done. Work of a worker that dies is run by another. Raises Unavailable where no scheduler answers."""
        from distributed import Client, as_completed

        try:
            client = Client(self.address, timeout=CONNECT_S, set_as_default=False)  # type: ignore[no-untyped-call]  # distributed annotates none of its functions
        except (OSError, ValueError) as error:
            raise Unavailable("scheduler", f"{self.address}: {type(error).__name__}: {error}") from None
        with client:
            # Not pure: two runs of one trial are two runs, and the cluster must not answer from an earlier study's memory.
            futures = client.map(work, list(items), pure=False)
            for future in as_completed(futures, loop=client.loop):  # type: ignore[no-untyped-call]  # as above
                yield future.result()
                future.release()


def _attended(parent: int, work: Callable[[T], R], item: T) -> R:
    """Work, in a process that ends with its parent."""
    _watch(parent)
    return work(item)


@cache
def _watch(parent: int) -> None:
    """A parent that is killed says nothing to its workers: they would finish what nobody waits for, and then stay for minutes."""
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_S)
    os._exit(1)
