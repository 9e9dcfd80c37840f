"""Services as real processes that start in milliseconds: forked from one warm interpreter that has imported them all.

They are killed and looked at like any process; only the second of imports is saved, and a test that kills hundreds fits CI.
"""

import importlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from memesnipe.kernel import failpoints

KILLED = -signal.SIGKILL


def warm(services: Sequence[str]) -> ForkServerContext:
    """Return what starts processes of these modules. The interpreter behind it starts with the first one, and ends with ours."""
    context = multiprocessing.get_context("forkserver")
    # The test runner too: a child imports its parent's main module, and that one is not ours to change.
    context.set_forkserver_preload([*services, "pytest", __name__])
    return context


def start(context: ForkServerContext, service: str, settings: Mapping[str, str], log: Path) -> ForkServerProcess:
    """Start `service.main()` under these environment variables; its output is appended to `log`."""
    process = context.Process(target=_serve, args=(service, dict(settings), str(log)), daemon=True)
    process.start()
    return process


def stop(process: ForkServerProcess) -> None:
    """Kill it, and wait until it is gone: its locks are free then."""
    process.kill()
    process.join()


def _serve(service: str, settings: dict[str, str], log: str) -> None:
    threading.Thread(target=_die_with_the_test, daemon=True).start()
    with Path(log).open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.update(settings)
    importlib.reload(failpoints)  # armed by the environment, when it is imported: the fork's import was before ours was set
    module = importlib.import_module(service)
    raise SystemExit(module.main())


def _die_with_the_test() -> None:
    """A test run that is killed ends nothing by itself, and a guard that is left over would hold locks and ports."""
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGKILL)
