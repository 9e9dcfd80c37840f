"""The operator as a test sees it: its own process beside a real API server and a real Redis, killed and started at will."""

import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Protocol

import httpx

from memesnipe.approvals.keys import SigningKey, TrustedKeys
from memesnipe.kernel.ports import free_port
from memesnipe.testing.chains import LOCALNET_GENESIS, MAINNET_GENESIS, a_chain
from memesnipe.testing.custom_resources import Resources, install_crds
from memesnipe.testing.redis_seen import RedisSeen
from memesnipe.testing.stacks import until

EXECUTOR = {"image": "memesnipe/memesnipe:test", "redisAddress": "redis.test:6379", "resources": {"requests": {"cpu": "10m"}}}
SERVICES = ("risk_guardian", "wallet_guard", "position_manager")
__all__ = ["LOCALNET_GENESIS", "MAINNET_GENESIS", "Resources", "RunningOperator", "a_chain", "install_crds", "trusted"]


class RunningOperator:
    """`python -m memesnipe_operator` as a child process. Use as a context manager: whatever happens, nothing is left behind.

    Two in one folder share their keys; `identity` tells them apart. It may be entered again after it was stopped or killed.
    """

    def __init__(self, kubeconfig: Path, namespace: str, redis_url: str, folder: Path, identity: str = "operator", **env: str) -> None:
        self.namespace, self.folder, self.identity = namespace, folder, identity
        self.health = f"http://127.0.0.1:{free_port()}"
        files = _files(folder)
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MEMESNIPE_") and name != "PAPER_TRADING_MODE"},
            "MEMESNIPE_KUBECONFIG": str(kubeconfig),
            "MEMESNIPE_NAMESPACE": namespace,
            "MEMESNIPE_STRATEGIES_NAMESPACE": namespace,
            "MEMESNIPE_REDIS_URL": redis_url,
            "MEMESNIPE_HEALTH_PORT": self.health.rpartition(":")[2],
            "MEMESNIPE_IDENTITY": identity,
            "MEMESNIPE_STABLE_S": "1",
            "MEMESNIPE_STATUS_S": "0.3",
            "MEMESNIPE_SETTLE_S": "0.5",
            "MEMESNIPE_LIVE_SETTLE_S": "0.5",
            "MEMESNIPE_DATA_DIR": str(folder),
            **{f"MEMESNIPE_{name.upper()}": str(path) for name, path in files.items()},
            **env,
        }
        """May be changed before it is entered again."""
        self.process: subprocess.Popen[bytes] | None = None
        self._lived = 0

    def __enter__(self) -> "RunningOperator":
        self._lived = len(self.log())
        output = (self.folder / f"{self.identity}.log").open("ab")
        command = [sys.executable, "-m", "memesnipe_operator"]
        self.process = subprocess.Popen(command, cwd=self.folder, env=self.env, stdout=output, stderr=output)  # noqa: S603 - our own command
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self, timeout_s: float = 60.0) -> int:
        """Ask it to end, as Kubernetes does; return the exit code."""
        assert self.process is not None  # noqa: S101 - used inside the context only
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait(timeout_s)

    def wait(self, timeout_s: float = 60.0) -> int:
        """Wait until it ends by itself; return the exit code."""
        assert self.process is not None  # noqa: S101 - as above
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def kill(self) -> None:
        """Kill it, as a node's failure does."""
        assert self.process is not None  # noqa: S101 - as above
        self.process.kill()
        self.process.wait()

    @property
    def runs(self) -> bool:
        """Whether the process is there."""
        return self.process is not None and self.process.poll() is None

    def ready(self, timeout_s: float = 90.0) -> "RunningOperator":
        """Wait until it leads and has read everything; return it. Raises AssertionError with its log."""
        try:
            until(lambda: self._watches or not self.runs, timeout_s, "the operator leads and watches")
            assert self.leads, "it ended"  # noqa: S101 - a test's helper
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()[-4_000:]}") from None
        return self

    @property
    def _watches(self) -> bool:
        return self.leads and '"event":"watching"' in self.log_now()

    @property
    def leads(self) -> bool:
        """Whether it says that it leads."""
        return self.count("memesnipe_operator_leading") == 1

    @property
    def is_up(self) -> bool:
        """Whether it is up, be it that it waits for the Lease."""
        return bool(self.metrics())

    def count(self, metric: str, **labels: str) -> float:
        """Return the sum of a metric's samples that have these labels; 0 where it does not answer."""
        wanted = [f'{name}="{value}"' for name, value in labels.items()]
        samples = re.findall(rf"^{metric}(?:{{(.*)}})? (\S+)$", self.metrics(), re.MULTILINE)
        return sum(float(value) for found, value in samples if all(one in found for one in wanted))

    def metrics(self) -> str:
        """Return its metrics; nothing where it does not answer."""
        try:
            return httpx.get(f"{self.health}/metrics", timeout=5).text
        except httpx.HTTPError:
            return ""

    def log(self) -> str:
        """Return what it logged, in all its lives."""
        path = self.folder / f"{self.identity}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def log_now(self) -> str:
        """Return what it logged since it was started last."""
        return self.log()[self._lived :]


class StartOperator(Protocol):
    """`start_operator("another", genesis=…, MEMESNIPE_…=…)`: one more operator in the test's namespace."""

    def __call__(self, identity: str = "operator", *, genesis: str = LOCALNET_GENESIS, wait: bool = True, **env: str) -> RunningOperator:
        """Return it, leading; with `wait=False` at once."""
        ...


@contextlib.contextmanager
def starting(resources: Resources, redis_url: str, folder: Path) -> Iterator[StartOperator]:
    """Yield what starts operators; all are stopped in the end."""
    with contextlib.ExitStack() as stack:

        def start(identity: str = "operator", *, genesis: str = LOCALNET_GENESIS, wait: bool = True, **env: str) -> RunningOperator:
            settings = {"MEMESNIPE_RPC_URL": stack.enter_context(a_chain(genesis)), "PAPER_TRADING_MODE": "false"} | env
            kubeconfig = Path(settings.pop("MEMESNIPE_KUBECONFIG", resources.cluster.kubeconfig))
            made = RunningOperator(kubeconfig, resources.namespace, redis_url, folder, identity, **settings)
            stack.enter_context(made)
            return made.ready() if wait else made

        yield start


class Shared(NamedTuple):
    """What the tests of one file share."""

    operator: RunningOperator
    resources: Resources
    seen: RedisSeen


def _files(folder: Path) -> dict[str, Path]:
    """Make the files that the chart mounts."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / name for name in ("lease_key_file", "passwords_key_file", "users_file", "executor_file")}
    if not paths["lease_key_file"].exists():
        SigningKey.create(paths["lease_key_file"])
        users = {name: hashlib.sha256(name.encode()).hexdigest() for name in SERVICES}
        for name, text in (("passwords_key_file", "ab" * 32), ("users_file", json.dumps(users)), ("executor_file", json.dumps(EXECUTOR))):
            paths[name].write_text(text)
            paths[name].chmod(0o600)
    return paths


def executor_file(folder: Path, **changes: Any) -> None:
    """Change what the chart would render for every strategy's pod; the operator reads it at its next start."""
    _files(folder)["executor_file"].write_text(json.dumps(EXECUTOR | changes))


def trusted(folder: Path) -> TrustedKeys:
    """Return the keys a signer would pin beside this operator."""
    own = SigningKey.load(folder / "lease_key_file").public_hex
    other = [SigningKey(bytes([number]) * 32).public_hex for number in (1, 2)]
    return TrustedKeys.of(risk=other[0], guard=other[1], lease=own)
