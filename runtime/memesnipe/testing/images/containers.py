"""Run an image the way a pod does: nothing writable but what is mounted, no capability, no new privileges, nobody's user, no network."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from memesnipe.testing.images.build import Image
from memesnipe.testing.images.engine import Engine

CONFINED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "10001:10001", "--network", "none")
DATA = "/var/lib/memesnipe"


class Container:
    """A started container."""

    def __init__(self, engine: Engine, container_id: str) -> None:
        self._engine, self._id = engine, container_id

    def logs(self) -> str:
        """Return what it printed so far."""
        ran = self._engine.docker("logs", self._id)
        return ran.stdout + ran.stderr

    def python(self, source: str) -> subprocess.CompletedProcess[str]:
        """Run Python inside it."""
        return self._engine.docker("exec", self._id, "python", "-c", source)

    def stop(self) -> int:
        """Ask it to end, as a kubelet does; return its exit code."""
        self._engine.must("stop", "-t", "20", self._id)
        return int(self._engine.must("inspect", "-f", "{{.State.ExitCode}}", self._id))


@contextmanager
def a_container(
    engine: Engine, image: Image, *command: str, mounts: tuple[str, ...] = (), env: Mapping[str, str] | None = None
) -> Iterator[Container]:
    """Start one with data and /tmp in memory; it is gone afterwards. `mounts` are values of docker's --volume."""
    options = [*CONFINED, "--tmpfs", f"{DATA}:uid=10001,gid=10001,mode=0750", "--tmpfs", "/tmp:uid=10001,gid=10001"]  # noqa: S108 - in the container
    options += [option for mount in mounts for option in ("--volume", mount)]
    options += [option for name, value in (env or {}).items() for option in ("--env", f"{name}={value}")]
    container_id = engine.must("run", "--detach", *options, image.name, *command).strip()
    try:
        yield Container(engine, container_id)
    finally:
        engine.docker("rm", "--force", container_id)


def ran(engine: Engine, image: Image, *arguments: str, entrypoint: str = "") -> subprocess.CompletedProcess[str]:
    """Run an image to its end, confined the same way."""
    options = ["--entrypoint", entrypoint] if entrypoint else []
    return engine.docker("run", "--rm", *CONFINED, *options, image.name, *arguments)
