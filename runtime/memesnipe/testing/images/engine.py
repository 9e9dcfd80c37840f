"""A Docker engine: the one that runs here, else one of our own that leaves the machine's network and firewall alone.

Our own has its folders in the tool cache, so that a second build finds the layers of the first, and unless it is asked for networks neither
a bridge nor firewall rules: what it builds and runs has the host's network or none. A real cluster node beside it keeps its forwarding.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from memesnipe.testing.cluster.processes import Part
from memesnipe.testing.cluster.tools import cache_folder
from memesnipe.testing.images.packages import NotInstalled, ensure

START_S_MAX = 60.0
STOP_S_MAX = 60.0
QUICK_S_MAX = 20.0
_EMPTY = {
    b"filter": b"*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n",
    b"nat": b"*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n",
}
"""Tables that were not there before an engine made them, as they are without a rule."""


class NoEngine(RuntimeError):  # noqa: N818 - it names what is so, as Refused and Unavailable do
    """No engine runs here and none can be started; the text says why."""


class Engine:
    """An engine to give commands to."""

    def __init__(self, host: str = "", *, networks: bool = True) -> None:
        self.ours = bool(host)
        """Whether it was started here, and what lies in it is ours to delete."""
        self.address = {"DOCKER_HOST": host} if host else {}
        """What a program needs beside our environment to talk to it."""
        self.networks = networks
        """Whether a container or a build may have a network of its own: the layers of one that has the host's are others."""
        self.program = _command_line()
        """Its command line."""
        self._env = {**os.environ, "DOCKER_BUILDKIT": "1", **self.address}

    def docker(self, *arguments: str | Path, given: bytes | None = None, timeout_s: float = 900.0) -> subprocess.CompletedProcess[str]:
        """Run `docker ARGUMENTS`, whatever it returns."""
        command = [self.program, *(str(argument) for argument in arguments)]
        ran = subprocess.run(command, input=given, env=self._env, capture_output=True, timeout=timeout_s, check=False)  # noqa: S603 - no shell
        return subprocess.CompletedProcess(
            command, ran.returncode, ran.stdout.decode(errors="replace"), ran.stderr.decode(errors="replace")
        )

    def must(self, *arguments: str | Path, given: bytes | None = None, timeout_s: float = 900.0) -> str:
        """Run `docker ARGUMENTS` and return what it printed. Raises RuntimeError with its last words when it fails."""
        ran = self.docker(*arguments, given=given, timeout_s=timeout_s)
        if ran.returncode != 0:
            raise RuntimeError(f"docker {arguments[0]}: exit {ran.returncode}: {(ran.stdout + ran.stderr)[-3_000:]}")
        return ran.stdout

    def has(self, image: str) -> bool:
        """Return whether the engine holds an image by this name."""
        return self.docker("image", "inspect", image, timeout_s=QUICK_S_MAX).returncode == 0


@contextmanager
def an_engine(*, networks: bool = False) -> Iterator[Engine]:
    """Yield an engine; stop it afterwards if it was started here. Raises NoEngine where none can be had.

    With `networks` one of our own can make bridges; this machine's firewall, which it changes for them, is put back afterwards.

    One at a time on a machine: a second caller waits for the first to be done, so one process must not ask twice.
    """
    if (running := _running()) is not None:
        yield running
        return
    try:
        ensure("dockerd", "docker.io")
    except NotInstalled as missing:
        raise NoEngine(f"no Docker engine answers and none can be started: {missing}") from None
    with _one_at_a_time(), _firewall_kept() if networks else nullcontext(), _our_own(networks) as engine:
        yield engine


def _running() -> Engine | None:
    try:
        engine = Engine()
    except NoEngine:
        return None
    return engine if engine.docker("info", timeout_s=QUICK_S_MAX).returncode == 0 else None


def _command_line() -> str:
    """Return a `docker` that builds with BuildKit: a new one without its buildx part cannot, Debian's can. Raises NoEngine."""
    for program in (shutil.which("docker"), "/usr/bin/docker"):
        if program and Path(program).exists() and _builds(program):
            return program
    raise NoEngine("no `docker` command that can build: install Docker with its buildx plugin, or Debian's docker.io")


def _builds(program: str) -> bool:
    asked = subprocess.run([program, "build", "--help"], env={**os.environ, "DOCKER_BUILDKIT": "1"}, capture_output=True, check=False)  # noqa: S603 - no shell
    return asked.returncode == 0


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two engines on the same folders would destroy each other's layers: the second waits for the first to end."""
    with (_home() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _firewall_kept() -> Iterator[None]:
    """An engine leaves its rules, and a policy that forwards nothing, when it ends: a cluster node started later would have no network."""
    before = subprocess.run(["iptables-save"], capture_output=True, check=True).stdout  # noqa: S607 - as dockerd itself finds it
    forwarding = Path("/proc/sys/net/ipv4/ip_forward")
    forwarded = forwarding.read_text()
    try:
        yield
    finally:
        empty = b"".join(rules for name, rules in _EMPTY.items() if b"*" + name not in before)
        subprocess.run(["iptables-restore"], input=before + empty, check=True)  # noqa: S607 - as above
        subprocess.run(["ip", "link", "delete", "docker0"], capture_output=True, check=False)  # noqa: S607 - it may be gone
        forwarding.write_text(forwarded)


def _home() -> Path:
    home = cache_folder() / "docker"
    home.mkdir(parents=True, exist_ok=True)
    return home


@contextmanager
def _our_own(networks: bool) -> Iterator[Engine]:
    # A socket's path may have 107 bytes; a cache folder's may be longer than that.
    run = Path(tempfile.mkdtemp(prefix="docker-"))
    host, log = f"unix://{run / 'docker.sock'}", _home() / "dockerd.log"
    log.unlink(missing_ok=True)
    command = _command(_home() / "data", run, host, networks)
    dockerd = Part("dockerd", command, log, env=dict(os.environ))  # with the proxy, by which it pulls
    dockerd.start()
    try:
        yield _answering(dockerd, Engine(host, networks=networks))
    finally:
        dockerd.stop(timeout_s=STOP_S_MAX)
        shutil.rmtree(run, ignore_errors=True)


def _command(data: Path, run: Path, host: str, networks: bool) -> list[str]:
    folders = [f"--data-root={data}", f"--exec-root={run / 'exec'}", f"--pidfile={run / 'pid'}", f"--host={host}"]
    no_network = ["--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"]
    return ["dockerd", *folders, *([] if networks else no_network)]


def _answering(dockerd: Part, engine: Engine) -> Engine:
    deadline = time.monotonic() + START_S_MAX
    while engine.docker("info", timeout_s=QUICK_S_MAX).returncode != 0:
        if not dockerd.running or time.monotonic() > deadline:
            raise NoEngine(f"dockerd does not start here: {dockerd.text()[-600:]}")
        time.sleep(0.1)
    return engine
