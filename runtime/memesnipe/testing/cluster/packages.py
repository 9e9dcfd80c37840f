"""What a real node needs from the operating system; on Debian, as root, it is installed when it is missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from memesnipe.testing.cluster import processes

PROGRAMS = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
}
CNI_PACKAGE = "containernetworking-plugins"
CNI_FOLDERS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))
INSTALL_S = 600


class NoRealNode(RuntimeError):  # noqa: N818 - named for what happened, as the product's own
    """This machine cannot run a real node; the message says what it lacks."""


def ensure() -> None:
    """Return when all is there. Raises NoRealNode, naming what is missing and how to get it."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        raise NoRealNode("a real node needs Linux and root: it makes network devices, mounts and containers")
    missing = _missing()
    if missing and shutil.which("apt-get"):
        _install(missing)
        missing = _missing()
    if missing:
        raise NoRealNode(f"a real node needs these packages: {' '.join(missing)}")


def cni_folder() -> Path:
    """Return the folder of the network plugins. Raises NoRealNode."""
    for folder in CNI_FOLDERS:
        if (folder / "ptp").exists():
            return folder
    raise NoRealNode(f"a real node needs the package {CNI_PACKAGE}: no network plugins in {' or '.join(map(str, CNI_FOLDERS))}")


def _missing() -> list[str]:
    packages = {package for program, package in PROGRAMS.items() if not shutil.which(program, path=processes.environment()["PATH"])}
    if not any((folder / "ptp").exists() for folder in CNI_FOLDERS):
        packages.add(CNI_PACKAGE)
    return sorted(packages)


def _install(names: list[str]) -> None:
    print(f"cluster: installing {' '.join(names)}", file=sys.stderr, flush=True)
    _apt("update", "-q")
    _apt("install", "-qy", "--no-install-recommends", *names)


def _apt(*arguments: str) -> None:
    command = ["apt-get", *arguments]
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=INSTALL_S, check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise NoRealNode(f"`{' '.join(command)}` failed: {done.stderr.strip()[-2000:]}")
