"""What the operator reads from its environment, once, and from the files that the chart mounts."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from memesnipe.approvals.keys import SigningKey
from memesnipe.approvals.secret_files import read_secret
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.settings import CommonSettings

Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class OperatorSettings(CommonSettings, frozen=True, kw_only=True):
    """`MEMESNIPE_<FIELD>`. `redis_url` is the administrator's: the operator makes the other users."""

    namespace: str = "memesnipe"
    """Where the operator and the services run."""
    strategies_namespace: str = "memesnipe-strategies"
    """Where the custom resources are, and the pods of the strategies; the operator may create pods here alone."""
    rpc_url: str = ""
    """The chain whose genesis decides the gates."""
    lease_key_file: str = "/etc/memesnipe/keys/lease.key"
    """Signs mode leases."""
    passwords_key_file: str = "/etc/memesnipe/operator/passwords.key"
    """The key behind the strategies' Redis passwords."""
    users_file: str = "/etc/memesnipe/operator/users.json"
    """Services' Redis users with the SHA-256 of their passwords."""
    executor_file: str = "/etc/memesnipe/executor/executor.json"
    """What is alike for every strategy's pod; the chart renders it."""
    kubeconfig: str = ""
    """Outside a pod: which cluster, and as whom."""
    identity: str = ""
    """Who we are in the leader election: the pod's name."""
    lease_name: str = "memesnipe-operator"
    """Of the Lease by which one operator leads."""
    lease_s: Annotated[int, Meta(ge=3, le=600)] = 15
    """Life of the Lease; the leader ends when it could not renew it for two thirds of it."""
    calls_max: Annotated[int, Meta(ge=1, le=1_024)] = 32
    """Calls to the API server under way at once."""
    workers: Annotated[int, Meta(ge=1, le=1_024)] = 32
    """Strategies reconciled at once."""
    resync_s: Seconds = 300.0
    """Every Strategy is looked at anew this often, whatever events came or were missed."""
    status_s: Seconds = 5.0
    """How often PnL, positions and weights are looked up for the status."""
    watch_idle_s: Seconds = 15.0
    """A watch on which nothing came for so long is taken up anew where it was: its server may be gone, and the kill switch comes on it."""
    turn_s: Seconds = 0.25
    """How often halts are folded and leases looked at; a changed manifest does not wait for it."""
    stable_s: Seconds = 30.0
    """A spec whose pod was ready for so long becomes lastStableSpec."""
    progress_s: Annotated[int, Meta(ge=5, le=3_600)] = 120
    """A pod that is not ready within this time sends the Strategy back to lastStableSpec."""
    settle_s: Seconds = 5.0
    """A deleted Strategy must be seen without a position for so long before it may go: an order may still be on its way."""
    live_settle_s: Seconds = 120.0
    """The same where live trading is allowed: longer than pod, lease and blockhash live together."""


class ExecutorTemplate(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What is alike for every strategy's pod: the chart renders it. Its Kubernetes parts are passed on as they are."""

    image: str
    redis_address: str
    """host:port"""
    redis_scheme: Literal["redis", "rediss"] = "redis"
    redis_database: Annotated[int, Meta(ge=0, le=1_023)] = 0
    """Scheme and database are those of the administrator's URL, whatever the file says: it is the same Redis."""
    image_pull_policy: str = "IfNotPresent"
    image_pull_secrets: tuple[str, ...] = ()
    resources: dict[str, Any] = {}
    node_selector: dict[str, str] = {}
    tolerations: tuple[dict[str, Any], ...] = ()
    log_level: str = "INFO"
    seed: int = 7
    egress: tuple[dict[str, Any], ...] = ()
    """NetworkPolicy egress rules: Redis and DNS."""
    monitoring_namespace: str = ""
    """Whose pods may scrape metrics; empty: nobody's."""
    pod_monitor: bool = False
    pod_monitor_labels: dict[str, str] = {}
    """Labels by which a Prometheus finds it, beside our own."""
    priority_class_name: str = ""


def executor_template(path: Path) -> ExecutorTemplate:
    """Read the template. Raises ConfigError naming file and field."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=ExecutorTemplate)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: {error}") from None


def service_users(path: Path) -> dict[str, str]:
    """Read each service's Redis user with its password's SHA-256. Raises ConfigError naming the file, never its content."""
    try:
        return msgspec.convert(json.loads(read_secret(path)), dict[str, Sha256])
    except (ValueError, msgspec.ValidationError):
        raise ConfigError(f"{path}: must be a JSON object of user: SHA-256 in hex") from None


def master_key(path: Path) -> bytes:
    """Read the key from which the strategies' Redis passwords are derived. Raises ConfigError naming the file, never its content."""
    text = read_secret(path).strip()
    try:
        key = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ConfigError(f"{path}: must hold 32 bytes in hex")
    return key


class Mounted(msgspec.Struct, frozen=True):
    """What the mounted files hold."""

    lease_key: SigningKey
    passwords: bytes
    users: dict[str, str]
    template: ExecutorTemplate

    def __repr__(self) -> str:
        return "Mounted(...)"  # two of them are secrets


def mounted(settings: OperatorSettings) -> Mounted:
    """Read every file, before anything is done. Raises ConfigError naming the file that is wrong."""
    return Mounted(
        SigningKey.load(Path(settings.lease_key_file)),
        master_key(Path(settings.passwords_key_file)),
        service_users(Path(settings.users_file)),
        on_our_redis(executor_template(Path(settings.executor_file)), settings.redis_url),
    )


def on_our_redis(template: ExecutorTemplate, admin_url: str) -> ExecutorTemplate:
    """Return the template with scheme and database of the administrator's URL. Raises ConfigError for one that is no Redis URL."""
    parts = urlsplit(admin_url)
    database = parts.path.strip("/") or "0"
    if parts.scheme not in ("redis", "rediss") or not database.isdigit():
        raise ConfigError("MEMESNIPE_REDIS_URL: must be redis://… or rediss://…, with a number for a database")
    scheme: Literal["redis", "rediss"] = "rediss" if parts.scheme == "rediss" else "redis"
    return msgspec.structs.replace(template, redis_scheme=scheme, redis_database=int(database))
