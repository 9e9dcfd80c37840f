"""The compose file on a real engine: in a folder of its own, as a person has it after `cp .env.example .env`, with images made here.

Redis and Prometheus are Debian's; Grafana can be had from its own registry alone, and is left out.
"""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

from memesnipe.testing.cluster.tools import tool
from memesnipe.testing.images.build import ROOT, Image, build, prometheus, redis
from memesnipe.testing.images.engine import Engine
from memesnipe.testing.stacks import a_free_port

LEFT_OUT = {"grafana", "cli", "notifier"}
COPIED = (
    *("docker-compose.yml", "Dockerfile.python", "manifests", "monitoring", "strategies/memesnipe_strategies"),
    *("charts/memesnipe/files",),
)
ANSWER_S = 600.0


class ComposeStack:
    """One project on one engine. Use as a context manager: its containers, networks and volumes are gone afterwards."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine, self._folder = engine, folder
        self._program = tool("compose")
        self.page_port, self.prometheus_port = a_free_port(), a_free_port()
        self.services: list[str] = []

    def __enter__(self) -> "ComposeStack":
        for name in COPIED:
            target = self._folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, target)
        (self._folder / "my_strategies").mkdir()
        (self._folder / "evidence").mkdir()
        (self._folder / ".env").write_text((ROOT / ".env.example").read_text() + self._own_settings())
        self.services = sorted(set(self.must("config", "--services").split()) - LEFT_OUT)
        return self

    def __exit__(self, *_: object) -> None:
        self.run("down", "--volumes", "--timeout", "5")

    def run(self, *arguments: str, timeout_s: float = ANSWER_S) -> subprocess.CompletedProcess[str]:
        """Run `docker compose ARGUMENTS` in the project's folder."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "DOCKER_HOST") if name in os.environ}
        env = {**kept, **self._engine.address}  # nothing else: a variable of this machine would win over .env
        command = [str(self._program), *arguments]
        return subprocess.run(command, cwd=self._folder, env=env, capture_output=True, text=True, timeout=timeout_s, check=False)  # noqa: S603 - our own

    def must(self, *arguments: str) -> str:
        """Run it and return what it printed. Raises RuntimeError with its last words when it fails."""
        ran = self.run(*arguments)
        if ran.returncode != 0:
            raise RuntimeError(f"docker compose {arguments[0]}: exit {ran.returncode}: {(ran.stdout + ran.stderr)[-3_000:]}")
        return ran.stdout

    def up(self) -> None:
        """Bring up all but what is left out, and wait until each says that it is well. Raises RuntimeError."""
        self.must("up", "--detach", "--no-build", "--wait", "--wait-timeout", "300", *(s for s in self.services if s != "setup"))

    def states(self) -> dict[str, str]:
        """Return each service's health, or its state where it has none."""
        rows = [json.loads(line) for line in self.must("ps", "--all", "--format", "json").splitlines()]
        return {row["Service"]: row["Health"] or row["State"] for row in rows}

    def facts(self, service: str) -> dict[str, Any]:
        """Return what the engine knows of a service's container."""
        found: list[dict[str, Any]] = json.loads(self._engine.must("inspect", self.must("ps", "--all", "--quiet", service).strip()))
        return found[0]

    def is_internal(self, network: str) -> bool:
        """Return whether nothing gets out by a network."""
        return self._engine.must("network", "inspect", "--format", "{{.Internal}}", network).strip() == "true"

    def kill(self, service: str) -> int:
        """Kill a container's process as the kernel would when memory runs out; return the process id that it had.

        `docker kill` would count as a person's wish, after which the engine starts nothing again.
        """
        pid = int(self.facts(service)["State"]["Pid"])
        os.kill(pid, signal.SIGKILL)
        return pid

    def inside(self, service: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a service's container."""
        return self.run("exec", "--no-TTY", service, *command)

    def _own_settings(self) -> str:
        images = {role: self._loaded(build(role, self._engine)) for role in ("runtime", "allocator", "operator", "signer")}
        return "\n" + "".join(
            f"{name}={value}\n"
            for name, value in {
                "MEMESNIPE_IMAGE": images["runtime"],
                "MEMESNIPE_ALLOCATOR_IMAGE": images["allocator"],
                "MEMESNIPE_OPERATOR_IMAGE": images["operator"],
                "MEMESNIPE_SIGNER_IMAGE": images["signer"],
                "REDIS_IMAGE": self._loaded(redis(self._engine)),
                "PROMETHEUS_IMAGE": self._loaded(prometheus(self._engine)),
                "DASHBOARD_PORT": self.page_port,
                "PROMETHEUS_PORT": self.prometheus_port,
            }.items()
        )

    def _loaded(self, image: Image) -> str:
        if not self._engine.has(image.name):
            self._engine.must("load", "-i", image.archive)
        return image.name
