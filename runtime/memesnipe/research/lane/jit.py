"""The door to numba: what is compiled, and where the compiled code is kept so that it is not compiled on each run.

The code is kept under the user's cache folder, apart for each text of the lane and of the signal and each version of numba: numba itself
looks at one file and would run old code after a change in another. Where no folder can be written, code is compiled on each run.
"""

import hashlib
import inspect
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar, cast

import numba
from numba.core import config

from memesnipe.kernel.settings import environment

F = TypeVar("F", bound=Callable[..., Any])
_PLAIN: dict[str, Any] = {"error_model": "numpy", "_nrt": False, "no_cfunc_wrapper": True}
_INNER: dict[str, Any] = {**_PLAIN, "no_cpython_wrapper": True}


def jit(function: F) -> F:
    """Return the function compiled into each of its callers, which are compiled too: what Python calls by is half of the work.

    A call hands over some hundred numbers where a table has ten; so whatever is called from one place is put there. Nothing is allocated
    in the lane, so that nothing need be counted: counting references took nine tenths of the time.
    """
    return cast("F", numba.njit(forceinline=True, **_INNER)(function))


def jit_apart(function: F) -> F:
    """Return the function compiled for other compiled functions, as one piece that they call: for what is large and called from many."""
    return cast("F", numba.njit(**_INNER)(function))


def entry(function: F, *more: Callable[..., Any]) -> F:
    """Return a function that Python calls, compiled once for this text of it and of all it calls. It lets other threads run.

    `more`: what else its compiled code depends on.
    """
    folder = _folder([function, *more])
    if folder is None:
        return cast("F", numba.njit(nogil=True, **_PLAIN)(function))
    settings: Any = config
    before, settings.CACHE_DIR = settings.CACHE_DIR, str(folder)
    try:
        return cast("F", numba.njit(nogil=True, cache=True, **_PLAIN)(function))
    finally:
        settings.CACHE_DIR = before


def linked(function: F) -> F:
    """Return a copy of a plain Python function in which the plain functions it calls are compiled ones.

    A strategy's signal may call functions of its own and of `memesnipe.strategy.indicators`, and knows nothing of numba.
    """
    plain = cast("FunctionType", function)
    called = {name: jit(linked(value)) for name, value in _called(plain)}
    copy = FunctionType(plain.__code__, {**plain.__globals__, **called}, plain.__name__, plain.__defaults__)
    copy.__module__, copy.__qualname__ = plain.__module__, plain.__qualname__
    return cast("F", copy)


def _called(function: FunctionType) -> Iterator[tuple[str, FunctionType]]:
    found = ((name, function.__globals__.get(name)) for name in function.__code__.co_names)
    return ((name, value) for name, value in found if isinstance(value, FunctionType))


def _folder(functions: list[Callable[..., Any]]) -> Path | None:
    """Return the folder for code of these texts, made if need be and writable; None where there is none."""
    try:
        folder = _cache_home() / "memesnipe" / "lane" / _digest(functions)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return folder if os.access(folder, os.W_OK) else None


def _cache_home() -> Path:
    """Return the user's cache folder, by the XDG Base Directory specification. Raises RuntimeError for a user without a home."""
    named = environment().get("XDG_CACHE_HOME", "")
    return Path(named) if named else Path.home() / ".cache"


def _digest(functions: list[Callable[..., Any]]) -> str:
    lane = set(Path(__file__).parent.glob("*.py"))
    files = sorted(lane | {file for function in functions for file in _files_of(function)})
    digest = hashlib.sha256(numba.__version__.encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:32]


def _files_of(function: Callable[..., Any]) -> Iterator[Path]:
    plain = inspect.unwrap(function)
    yield Path(inspect.getfile(plain))
    if isinstance(plain, FunctionType):
        for _, value in _called(plain):
            yield from _files_of(value)
