"""Prometheus' own programs, taken out of Debian's package without installing it: that would start a server."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from memesnipe.testing.cluster.tools import cache_folder

FETCH_S_MAX = 300.0


class NoPrometheus(RuntimeError):  # noqa: N818 - it names what is so, as NoEngine does
    """A program of it is not on this machine and cannot be had; the text says why."""


def promtool() -> Path:
    """Return what judges rules. Raises NoPrometheus."""
    return _program("promtool")


def prometheus() -> Path:
    """Return the server. Raises NoPrometheus."""
    return _program("prometheus")


def _program(name: str) -> Path:
    """Return the one on the PATH, else Debian's, kept in the tool cache."""
    if found := shutil.which(name):
        return Path(found)
    kept = cache_folder() / "prometheus" / name
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            _fetch(Path(folder))
            for program in ("promtool", "prometheus"):
                (Path(folder) / "usr" / "bin" / program).rename(kept.parent / program)
    return kept


def _fetch(folder: Path) -> None:
    """Download the package, with fresh lists where the old ones do not know it, and unpack it."""
    fetch = ["apt-get", "-q", "download", "prometheus"]
    if not _ran(folder, fetch) and not (_ran(folder, ["apt-get", "-q", "update"]) and _ran(folder, fetch)):
        raise NoPrometheus("Prometheus is missing and Debian's package of it cannot be fetched: install Prometheus")
    package = next(folder.glob("prometheus_*.deb"))
    if not _ran(folder, ["dpkg-deb", "--extract", package.name, "."]):
        raise NoPrometheus(f"{package.name} cannot be unpacked")


def _ran(folder: Path, command: list[str]) -> bool:
    try:
        # apt drops its rights to a user who cannot write here, and says so; as root it goes on.
        return subprocess.run(command, cwd=folder, capture_output=True, timeout=FETCH_S_MAX, check=False).returncode == 0  # noqa: S603 - fixed
    except OSError:
        return False
