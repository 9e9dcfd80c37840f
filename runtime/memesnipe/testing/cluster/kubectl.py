"""The kubectl that tests use: the one on the PATH when it fits the server's version, else one we build."""

import functools
import json
import os
import shutil
import subprocess
from pathlib import Path

from memesnipe.testing.cluster.tools import tool, version

MINOR_SKEW_MAX = 1
TIMEOUT_S = 120
NO_PROXY = "127.0.0.1,10.201.0.0/16"
"""Where the API servers that we start listen: no proxy reaches those."""


@functools.cache
def kubectl() -> Path:
    """Return a kubectl within one minor version of the tools' API server, which is what Kubernetes supports."""
    found = shutil.which("kubectl")
    return Path(found) if found and _fits(_minor_of(found)) else tool("kubectl")


def run(config: Path, cache: Path, *arguments: str, input: str = "") -> subprocess.CompletedProcess[str]:  # noqa: A002 - as subprocess calls it
    """Run kubectl with a kubeconfig; look at `returncode` and `stderr` yourself. Raises TimeoutExpired after two minutes."""
    # a cache of its own: the user's is by address and port, and another cluster may have had this port a minute ago
    command = [str(kubectl()), f"--kubeconfig={config}", f"--cache-dir={cache}", *arguments]
    environment = {**os.environ, "NO_PROXY": f"{os.environ.get('NO_PROXY', '')},{NO_PROXY}"}
    return subprocess.run(command, input=input, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)  # noqa: S603 - a test's own command


def _minor_of(program: str) -> int:
    command = [program, "version", "--client", "--output=json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)  # noqa: S603 - found on the PATH
    try:
        return int(str(json.loads(done.stdout)["clientVersion"]["minor"]).rstrip("+"))
    except (ValueError, KeyError, TypeError):
        return -1


def _fits(minor: int) -> bool:
    return abs(minor - int(version("kubectl").split(".")[1])) <= MINOR_SKEW_MAX
