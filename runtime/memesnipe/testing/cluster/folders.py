"""The folder that a cluster keeps its logs, keys and state in, and tidying after runs that were killed."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "memesnipe-cluster-"


@contextmanager
def a_folder() -> Iterator[Path]:
    """Yield a new folder that only we may read, since it holds an admin's token; it is removed at the end."""
    _remove_orphans()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_orphan(name: str) -> bool:
    """Whether a cluster of this name was made by a process that is gone."""
    owner = re.fullmatch(rf"{PREFIX}(\d+)-.*", name)
    return owner is not None and not _runs(int(owner[1]))


def _remove_orphans() -> None:
    """A killed run's processes end with it, its folder does not, and one with a real node's images is large."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if is_orphan(folder.name) and folder.stat().st_uid == os.getuid():
            shutil.rmtree(folder, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
