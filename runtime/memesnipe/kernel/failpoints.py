"""Named places where a test may kill the process: before and after each durable step.

`MEMESNIPE_FAILPOINT=name` (or `name:3` for the third pass) kills the process there with SIGKILL, as a crash would.
Without the variable a fail-point costs one comparison. `MEMESNIPE_FAILPOINT_ONCE=path` makes it fire only while `path`
does not exist, and creates it first, so that a supervisor's restart gets through.
"""

import os
import signal
from pathlib import Path

_ARMED, _, _NTH = os.environ.get("MEMESNIPE_FAILPOINT", "").partition(":")
_ONCE = os.environ.get("MEMESNIPE_FAILPOINT_ONCE", "")
_passes = 0


def failpoint(name: str) -> None:
    """Die here if this fail-point is armed."""
    if _ARMED and name == _ARMED:
        _die_on_nth_pass()


def _die_on_nth_pass() -> None:
    global _passes  # noqa: PLW0603 - one counter a process, only ever touched when a test armed it
    _passes += 1
    if _passes < int(_NTH or 1) or (_ONCE and Path(_ONCE).exists()):
        return
    if _ONCE:
        Path(_ONCE).touch()
    os.kill(os.getpid(), signal.SIGKILL)
