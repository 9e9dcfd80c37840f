"""A cluster by `kind`, for machines that have it and a running Docker engine; little has to be built there."""

import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NAME = "memesnipe-test"
LOOK_S = 20
CREATE_S = 600


class KindFailed(RuntimeError):  # noqa: N818 - named for what happened, as the product's own
    """`kind` could not make a cluster, for instance because its node image cannot be had."""


@dataclass(frozen=True)
class KindCluster:
    """A cluster by `kind`: its name and an admin's kubeconfig."""

    name: str
    config: Path

    def load_image(self, archive: Path) -> None:
        """Give its node an image archive. Raises KindFailed."""
        _kind("load", "image-archive", str(archive), "--name", self.name)


def usable() -> bool:
    """Whether `kind` is installed and a Docker engine answers."""
    if not (shutil.which("kind") and shutil.which("docker")):
        return False
    try:
        return subprocess.run(["docker", "info"], capture_output=True, timeout=LOOK_S, check=False).returncode == 0  # noqa: S607 - from the PATH
    except subprocess.TimeoutExpired:
        return False


@contextmanager
def a_kind_cluster(folder: Path) -> Iterator[KindCluster]:
    """Yield a new cluster and delete it at the end. Raises KindFailed; nothing is left behind then."""
    made = KindCluster(f"{NAME}-{uuid.uuid4().hex[:8]}", folder / "kind.kubeconfig")
    try:
        _kind("create", "cluster", "--name", made.name, "--kubeconfig", str(made.config), "--wait", "120s")
        yield made
    finally:
        _kind("delete", "cluster", "--name", made.name, "--kubeconfig", str(made.config))


def _kind(*arguments: str) -> None:
    try:
        done = subprocess.run(["kind", *arguments], capture_output=True, text=True, timeout=CREATE_S, check=False)  # noqa: S603, S607 - from the PATH
    except subprocess.TimeoutExpired:
        raise KindFailed(f"`kind {arguments[0]}` did not end within {CREATE_S} s") from None
    if done.returncode:
        raise KindFailed(f"`kind {arguments[0]}` failed: {done.stderr.strip()[-2000:]}")
