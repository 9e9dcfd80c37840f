"""The base that the images stand on: pulled where a registry answers, else made of Debian packages by debootstrap.

The made base has the same Debian release and the same minor version of Python as the pulled one. It carries nothing of this
machine: certificates and index settings reach a build as secrets (see `secrets`).
"""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from memesnipe.testing.cluster.tools import cache_folder
from memesnipe.testing.images.engine import Engine
from memesnipe.testing.images.packages import ensure

PULLED = "python:3.11.16-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b"
"""As Dockerfile.python has it; a test holds the two together."""
SUITE = "bookworm"
PACKAGES = ("python3", "python3-venv", "ca-certificates")
PULL_S_MAX = 120.0
MAKE_S_MAX = 900.0
CHANGES = ("--change", "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")


def base(engine: Engine) -> str:
    """Return the name of an image to build FROM. Raises RuntimeError where it can neither be pulled nor made, NotInstalled."""
    if engine.has(PULLED) or engine.docker("pull", PULLED, timeout_s=PULL_S_MAX).returncode == 0:
        return PULLED
    name = f"memesnipe-base:{_content()}"
    if not engine.has(name):
        engine.must("import", *CHANGES, _made(), name)
    return name


def _content() -> str:
    return hashlib.sha256(" ".join((SUITE, *PACKAGES, *CHANGES)).encode()).hexdigest()[:12]


def _made() -> Path:
    """Return an archive of a root folder with Python in it; made once, then kept in the tool cache."""
    archive = cache_folder() / "images" / f"base-{_content()}.tar"
    if archive.exists():
        return archive
    archive.parent.mkdir(parents=True, exist_ok=True)
    ensure("debootstrap", "debootstrap")
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix="base.") as folder:
        root, unfinished = Path(folder) / "root", Path(folder) / "base.tar"
        _run("debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(root))
        for leftover in ("var/cache/apt/archives", "var/lib/apt/lists"):
            shutil.rmtree(root / leftover, ignore_errors=True)
        _run("tar", "-C", str(root), "-cf", str(unfinished), ".")
        unfinished.rename(archive)
    return archive


def _run(*command: str) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, timeout=MAKE_S_MAX, check=False)  # noqa: S603 - fixed commands
    if ran.returncode != 0:
        raise RuntimeError(f"{command[0]}: exit {ran.returncode}: {(ran.stdout + ran.stderr)[-1_000:]}")
