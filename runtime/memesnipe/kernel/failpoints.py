"""Named places where a test may kill the process: before and after each durable step.

`MEMESNIPE_FAILPOINT=name` (or `name:3` for the third pass; several by commas) kills the process there with SIGKILL, as a
crash would. Without the variable a fail-point costs one look into an empty dictionary. `MEMESNIPE_FAILPOINT_ONCE=path` makes
each fire once only: it creates `path` first (`path.name` where several are armed), and a restarted process gets through.
"""

import os
import signal
from pathlib import Path


def _armed(text: str) -> dict[str, int]:
    """Return fail-point name -> the pass on which it fires."""
    parts = (part.strip().partition(":") for part in text.split(",") if part.strip())
    return {name: int(nth or 1) for name, _, nth in parts}


_ARMED = _armed(os.environ.get("MEMESNIPE_FAILPOINT", ""))
_ONCE = os.environ.get("MEMESNIPE_FAILPOINT_ONCE", "")
_passes: dict[str, int] = {}


def failpoint(name: str) -> None:
    """Die here if this fail-point is armed and its pass has come."""
    if name not in _ARMED:
        return
    _passes[name] = _passes.get(name, 0) + 1
    if _passes[name] >= _ARMED[name] and not _fired(name):
        os.kill(os.getpid(), signal.SIGKILL)


def _fired(name: str) -> bool:
    """Whether it fired in an earlier life; if not, note that it fires now."""
    if not _ONCE:
        return False
    marker = Path(_ONCE if len(_ARMED) == 1 else f"{_ONCE}.{name}")
    if marker.exists():
        return True
    marker.touch()
    return False
