"""Debian packages that building an image needs, installed when they are missing and this machine lets us."""

import os
import shutil
import subprocess
from pathlib import Path

INSTALL_S_MAX = 600.0


class NotInstalled(RuntimeError):  # noqa: N818 - it names what is so, as Refused and Unavailable do
    """A program is missing and cannot be installed from here; the text says what a person can do."""


def ensure(program: str, *packages: str) -> None:
    """Install Debian packages unless `program` is there already. Raises NotInstalled."""
    if _found(program):
        return
    wanted = " ".join(packages)
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        raise NotInstalled(f"{program} is missing; as root on Debian: apt-get install {wanted}")
    update = ["apt-get", "-q", "update"]
    install = ["apt-get", "-q", "-y", "--no-install-recommends", "install", *packages]
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (update, install):
        ran = subprocess.run(command, env=env, capture_output=True, text=True, timeout=INSTALL_S_MAX, check=False)  # noqa: S603 - fixed
        if ran.returncode != 0 and command is install:
            raise NotInstalled(f"apt-get install {wanted}: {ran.stderr.strip()[-400:]}")
    if not _found(program):
        raise NotInstalled(f"{program} is not in the packages {wanted}")


def _found(program: str) -> bool:
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None
