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

import httpx

from memesnipe.testing.cluster.tools import tool
from memesnipe.testing.images.build import ROOT, Image, build, prometheus, redis
from memesnipe.testing.images.engine import Engine
from memesnipe.testing.stacks import a_free_port

PROJECT = "memesnipe"
LEFT_OUT = {"grafana", "cli", "notifier", "tracer"}
COPIED = (
    *("docker-compose.yml", "Dockerfile.python", "manifests", "monitoring", "strategies/memesnipe_strategies"),
    *("charts/memesnipe/files",),
)
ANSWER_S = 600.0
CONFINED = """
import os, pathlib
def cannot(path):
    try:
        pathlib.Path(path, "written").touch()
    except OSError:
        return True
    return False
status = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines())
print(os.getuid() != 0 and int(status["CapEff"], 16) == 0 and status["NoNewPrivs"].strip() == "1"
      and all(map(cannot, ("/", "/etc", "/usr", "/opt/memesnipe"))))
"""


class ComposeStack:
    """One project on one engine. Use as a context manager: its containers, networks and volumes are gone afterwards."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine, self.address = engine, engine.address
        """Which engine, and what a program needs beside our environment to talk to it."""
        self.folder = folder
        """Where the compose file and .env are."""
        self._program = tool("compose")
        self.page_port, self.prometheus_port = a_free_port(), a_free_port()
        self.services: list[str] = []

    def __enter__(self) -> "ComposeStack":
        for name in COPIED:
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, target)
        (self.folder / "my_strategies").mkdir()
        (self.folder / "evidence").mkdir()
        (self.folder / ".env").write_text((ROOT / ".env.example").read_text())
        self.set(**self._own_settings())
        self.services = sorted(set(self.must("config", "--services").split()) - LEFT_OUT)
        return self

    def __exit__(self, *_: object) -> None:
        self.run("down", "--volumes", "--timeout", "5")

    def run(self, *arguments: str, timeout_s: float = ANSWER_S) -> subprocess.CompletedProcess[str]:
        """Run `docker compose ARGUMENTS` in the project's folder."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "DOCKER_HOST") if name in os.environ}
        env = {**kept, **self.address}  # nothing else: a variable of this machine would win over .env
        command = [str(self._program), *arguments]
        # No input of ours: `exec` would wait for its end.
        return subprocess.run(  # noqa: S603 - our own
            command, cwd=self.folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s, check=False
        )

    def must(self, *arguments: str) -> str:
        """Run it and return what it printed. Raises RuntimeError with its last words when it fails."""
        ran = self.run(*arguments)
        if ran.returncode != 0:
            raise RuntimeError(f"docker compose {arguments[0]}: exit {ran.returncode}: {(ran.stdout + ran.stderr)[-3_000:]}")
        return ran.stdout

    def set(self, **settings: str) -> None:
        """Write settings at the end of .env, where they win over those before; the next `up` follows them."""
        with (self.folder / ".env").open("a") as file:
            file.writelines(f"\n{name}={value}" for name, value in settings.items())

    def up(self, *more: str) -> None:
        """Bring up all but what is left out, and `more`, and wait until each says that it is well. Raises RuntimeError."""
        services = [*(service for service in self.services if service != "setup"), *more]
        self.must("up", "--detach", "--no-build", "--wait", "--wait-timeout", "300", *services)

    def page(self) -> dict[str, Any]:
        """Return what the page shows, empty while it does not answer."""
        try:
            found: dict[str, Any] = httpx.get(f"http://127.0.0.1:{self.page_port}/api/snapshot", timeout=10).json()
        except httpx.HTTPError:
            return {}
        return found

    def states(self) -> dict[str, str]:
        """Return each service's health, or its state where it has none."""
        rows = [json.loads(line) for line in self.must("ps", "--all", "--format", "json").splitlines()]
        return {row["Service"]: row["Health"] or row["State"] for row in rows}

    def facts(self, service: str) -> dict[str, Any]:
        """Return what the engine knows of a service's container."""
        found: list[dict[str, Any]] = json.loads(self._engine.must("inspect", self.must("ps", "--all", "--quiet", service).strip()))
        return found[0]

    def pid(self, service: str) -> int:
        """Return the id that a container's first process has on this machine."""
        return int(self.facts(service)["State"]["Pid"])

    def addresses(self, service: str) -> dict[str, str]:
        """Return a container's address in each of its networks, by the network's name in the compose file."""
        found = self.facts(service)["NetworkSettings"]["Networks"]
        return {name.removeprefix(f"{PROJECT}_"): network["IPAddress"] for name, network in found.items()}

    def gateways(self) -> dict[str, str]:
        """Return the address that the host has, or would have, in each network of the project."""
        names = self._engine.must("network", "ls", "--quiet", "--filter", f"label=com.docker.compose.project={PROJECT}").split()
        networks: list[dict[str, Any]] = json.loads(self._engine.must("network", "inspect", *names))
        return {network["Name"].removeprefix(f"{PROJECT}_"): network["IPAM"]["Config"][0]["Gateway"] for network in networks}

    def kill(self, service: str) -> int:
        """Kill a container's process as the kernel would when memory runs out; return the process id that it had.

        `docker kill` would count as a person's wish, after which the engine starts nothing again.
        """
        pid = self.pid(service)
        os.kill(pid, signal.SIGKILL)
        return pid

    def is_confined(self, service: str) -> bool:
        """Return whether a container with our code is nobody's, may gain nothing, and can write neither its root nor what is installed."""
        return self.inside(service, "python", "-c", CONFINED).stdout.strip() == "True"

    def inside(self, service: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a service's container."""
        return self.run("exec", "--no-TTY", service, *command)

    def _own_settings(self) -> dict[str, str]:
        images = {role: self._loaded(build(role, self._engine)) for role in ("runtime", "allocator", "operator", "signer")}
        return {
            "MEMESNIPE_IMAGE": images["runtime"],
            "MEMESNIPE_ALLOCATOR_IMAGE": images["allocator"],
            "MEMESNIPE_OPERATOR_IMAGE": images["operator"],
            "MEMESNIPE_SIGNER_IMAGE": images["signer"],
            "REDIS_IMAGE": self._loaded(redis(self._engine)),
            "PROMETHEUS_IMAGE": self._loaded(prometheus(self._engine)),
            "DASHBOARD_PORT": str(self.page_port),
            "PROMETHEUS_PORT": str(self.prometheus_port),
        }

    def _loaded(self, image: Image) -> str:
        if not self._engine.has(image.name):
            self._engine.must("load", "-i", image.archive)
        return image.name
