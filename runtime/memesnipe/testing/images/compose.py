"""The compose file on a real engine: in a folder of its own, as a person has it after `cp .env.example .env`, and built as a person builds.

Our images are what `docker compose build --parallel` makes; on an engine that made them for other tests it finds their layers. Those of
others are stand-ins from Debian's packages.
"""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import httpx

from memesnipe.kernel.ports import free_port
from memesnipe.testing.images import plugins, secrets
from memesnipe.testing.images.base import base
from memesnipe.testing.images.build import ROOT, STAND_INS, Image, stand_in
from memesnipe.testing.images.engine import Engine
from memesnipe.testing.stacks import until

PROJECT = "memesnipe"
COPIED = (
    *("docker-compose.yml", "deploy.sh", "Dockerfile.python", ".dockerignore", "pyproject.toml", "README.md", "LICENSE"),
    *(f"requirements-{role}.lock" for role in ("runtime", "allocator", "operator", "signer")),
    *("operator", "runtime", "strategies", "scripts", "manifests", "monitoring", "charts", "my_strategies", "evidence"),
)
BUILT = {f"MEMESNIPE_{role}IMAGE": f"memesnipe-of-tests/{role.lower()}image:18" for role in ("", "ALLOCATOR_", "OPERATOR_", "SIGNER_")}
"""What our images are called, so that a person's own on the same engine stay as they are."""
ANSWER_S = 600.0
BUILD_S = 1_500.0
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
        self._engine, self.folder = engine, folder / "checkout"
        """Where the compose file and .env are."""
        self._docker = folder / "docker"
        self.page_port, self.prometheus_port = free_port(), free_port()
        self.services: list[str] = []
        """Those of no profile, and the localnet."""

    def __enter__(self) -> "ComposeStack":
        self._check_out()
        self._docker.mkdir()
        plugins.settings(self._docker)
        self.set(**self._own_settings())
        self.build()
        self.services = sorted(self.must("config", "--services").split())
        return self

    def __exit__(self, *_: object) -> None:
        self.run("down", "--volumes", "--timeout", "5")
        self._engine.docker("image", "rm", *BUILT.values())

    @property
    def env(self) -> dict[str, str]:
        """What a person's shell has: Docker's own settings, and none of ours, which would win over .env."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "DOCKER_HOST", *secrets.PROXIES) if name in os.environ}
        return {**kept, "DOCKER_CONFIG": str(self._docker), **self._engine.address}

    def run(self, *arguments: str, timeout_s: float = ANSWER_S) -> subprocess.CompletedProcess[str]:
        """Run `docker compose ARGUMENTS` in the project's folder."""
        command = [self._engine.program, "compose", *arguments]
        # No input of ours: `exec` would wait for its end.
        return subprocess.run(  # noqa: S603 - our own
            command, cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s, check=False
        )

    def must(self, *arguments: str, timeout_s: float = ANSWER_S) -> str:
        """Run it and return what it printed. Raises RuntimeError with its last words when it fails."""
        ran = self.run(*arguments, timeout_s=timeout_s)
        if ran.returncode != 0:
            raise RuntimeError(f"docker compose {arguments[0]}: exit {ran.returncode}: {(ran.stdout + ran.stderr)[-3_000:]}")
        return ran.stdout

    def set(self, **settings: str) -> None:
        """Write settings at the end of .env, where they win over those before; the next `up` follows them."""
        with (self.folder / ".env").open("a") as file:
            file.writelines(f"\n{name}={value}" for name, value in settings.items())

    def build(self) -> None:
        """Build our images as the compose file says, with this machine's package index and certificates. Raises RuntimeError."""
        with secrets.build_secrets() as files:
            self.set(PIP_CONF_FILE=files["pip.conf"], CA_FILE=files.get("ca.crt", ""))
            self.must("build", "--parallel", *secrets.proxies(), timeout_s=BUILD_S)
        self.set(PIP_CONF_FILE="", CA_FILE="")

    def up(self) -> None:
        """Bring up what .env says, and wait until each service says that it is well. Raises RuntimeError."""
        self.must("up", "--detach", "--wait", "--wait-timeout", "300")

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

    def titles(self) -> dict[str, str]:
        """Return the title of the image that each service runs; empty where it has none."""
        everybody: list[dict[str, Any]] = json.loads(self._engine.must("inspect", *self.must("ps", "--all", "--quiet").split()))
        labels = [container["Config"]["Labels"] for container in everybody]
        return {each["com.docker.compose.service"]: each.get("org.opencontainers.image.title", "") for each in labels}

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
        until(lambda: self.pid(service), ANSWER_S, f"{service} runs")  # it may be down: one that lost its Redis is started again
        pid = self.pid(service)
        if pid:  # process 0 would be all of ours
            os.kill(pid, signal.SIGKILL)
        return pid

    def is_confined(self, service: str) -> bool:
        """Return whether a container with our code is nobody's, may gain nothing, and can write neither its root nor what is installed."""
        return self.inside(service, "python", "-c", CONFINED).stdout.strip() == "True"

    def inside(self, service: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a service's container."""
        return self.run("exec", "--no-TTY", service, *command)

    def _check_out(self) -> None:
        self.folder.mkdir()
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, self.folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, self.folder / name)
        (self.folder / ".env").write_text((ROOT / ".env.example").read_text())

    def _own_settings(self) -> dict[str, str]:
        return {
            **BUILT,
            "BASE_IMAGE": base(self._engine),
            **{f"{name.upper()}_IMAGE": self._loaded(stand_in(name, self._engine)) for name in STAND_INS},
            "DASHBOARD_PORT": str(self.page_port),
            "PROMETHEUS_PORT": str(self.prometheus_port),
            "GRAFANA_PORT": str(free_port()),
        }

    def _loaded(self, image: Image) -> str:
        if not self._engine.has(image.name):
            self._engine.must("load", "-i", image.archive)
        return image.name
