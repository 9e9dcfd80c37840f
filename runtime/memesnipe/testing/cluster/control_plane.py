"""etcd, kube-apiserver, kube-controller-manager and kube-scheduler as processes of their own, in one folder, on free ports.

Each start is a cluster of its own: several may run at once, and nothing of one is seen in another.
"""

import secrets
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from memesnipe.kernel.ports import free_port
from memesnipe.testing.cluster import kubeconfig
from memesnipe.testing.cluster.certificates import Authority, service_account_keys
from memesnipe.testing.cluster.client import Client
from memesnipe.testing.cluster.processes import Part
from memesnipe.testing.cluster.tools import tool

SERVICE_RANGE = "10.96.0.0/16"
SERVICE_ADDRESS = "10.96.0.1"
SERVICE_NAMES = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost")
POD_RANGE = "10.244.0.0/16"
READY_S = 90.0
ADMIN_CONFIG = "admin.kubeconfig"
ADMIN, ADMIN_GROUP = "admin", "system:masters"


@dataclass
class ControlPlane:
    """A running control plane. `parts` are its processes by name, in the order they started."""

    folder: Path
    authority: Authority
    url: str
    client: Client
    parts: dict[str, Part] = field(default_factory=dict)

    @property
    def admin_config(self) -> Path:
        """The kubeconfig of a member of system:masters."""
        return self.folder / ADMIN_CONFIG

    def add(self, name: str, command: Sequence[str | Path], *, ready: Callable[[], object] = lambda: True) -> None:
        """Start one more process that belongs to this cluster; `ready` tells when it works, for `start_again`."""
        self.adopt(Part(name, command, self.folder / f"{name}.log", ready=ready))

    def adopt(self, part: Part) -> None:
        """Start a part and stop it with the others."""
        self.parts[part.name] = part
        part.start()

    def start_again(self, name: str) -> None:
        """Start a part that was stopped, and wait until it and the API server work. Raises PartFailed, AssertionError."""
        part = self.parts[name]
        part.start()
        self.wait(part.ready, f"{name} works again", [name])
        self.wait_until_ready()

    def config_of(self, name: str, *, user: str, group: str = "") -> Path:
        """Write a kubeconfig for a part, with a certificate that says who it is."""
        pair = self.authority.issue(name, name=user, group=group)
        path = self.folder / f"{name}.kubeconfig"
        authority = self.authority.certificate.read_text()
        return kubeconfig.write(path, server=self.url, authority=authority, user=kubeconfig.certificate_user(pair))

    def wait(self, condition: Callable[[], object], what: str, parts: Sequence[str] = (), timeout_s: float = READY_S) -> None:
        """Poll until `condition` is truthy. Raises PartFailed when one of `parts` ends first, AssertionError when it takes too long."""
        watched = [self.parts[name] for name in parts]

        def holds() -> bool:
            for part in watched:
                part.must_run()
            return self.client.holds(condition)

        self.client.wait(holds, what, timeout_s)

    def wait_until_ready(self, timeout_s: float = READY_S) -> None:
        """Wait until the API server takes requests. Raises as `wait`."""
        self.wait(lambda: self.client.call("GET", "/readyz") == "ok", "the API server is ready", ["etcd", "kube-apiserver"], timeout_s)

    def stop(self) -> None:
        """Kill every part, newest first. The state is thrown away, so nobody waits for the API server to drain (20 s)."""
        for part in reversed(self.parts.values()):
            part.stop(how=signal.SIGKILL)


def start(folder: Path, address: str = "127.0.0.1") -> ControlPlane:
    """Start a control plane below `folder` and wait until it takes requests. Raises PartFailed; nothing is left running then.

    `address` is where the API server listens; a real node needs one it can reach, and link-local ones are refused.
    """
    authority = Authority(folder)
    token = secrets.token_urlsafe(32)
    url = f"https://{address}:{free_port(address)}"
    pem = authority.certificate.read_text()
    admin = kubeconfig.write(folder / ADMIN_CONFIG, server=url, authority=pem, user=kubeconfig.token_user(token))
    plane = ControlPlane(folder, authority, url, Client(admin))
    try:
        _start_api_server(plane, _tokens_file(folder, token), _start_etcd(plane))
        _start_controllers(plane)
        plane.wait_until_ready()
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        plane.wait(lambda: plane.client.call("GET", account), "the controller manager works", list(plane.parts))
    except BaseException:
        plane.stop()
        raise
    return plane


def _tokens_file(folder: Path, token: str) -> Path:
    path = folder / "tokens.csv"
    path.touch(mode=0o600)
    path.write_text(f'{token},{ADMIN},{ADMIN},"{ADMIN_GROUP}"\n')
    return path


def _start_etcd(plane: ControlPlane) -> str:
    url = f"http://127.0.0.1:{free_port()}"
    command: list[str | Path] = [
        tool("etcd"),
        "--data-dir",
        plane.folder / "etcd",
        "--listen-client-urls",
        url,
        "--advertise-client-urls",
        url,
    ]
    # a cluster of one has no peers: any free port, never dialled. Without fsync a kill loses nothing, a power cut may.
    plane.add("etcd", [*command, "--listen-peer-urls", "http://127.0.0.1:0", "--unsafe-no-fsync", "--log-level", "warn"])
    return url


def _start_api_server(plane: ControlPlane, tokens: Path, etcd: str) -> None:
    address, _, port = plane.url.removeprefix("https://").partition(":")
    issue = plane.authority.issue
    serving = issue("kube-apiserver", name="kube-apiserver", hosts=[address, SERVICE_ADDRESS, *SERVICE_NAMES])
    to_kubelets = issue("kubelet-client", name="kube-apiserver-kubelet-client", group=ADMIN_GROUP)
    accounts = service_account_keys(plane.folder)
    flags = {
        "etcd-servers": etcd,
        "bind-address": address,
        "secure-port": port,
        "advertise-address": address,
        "cert-dir": plane.folder,
        "client-ca-file": plane.authority.certificate,
        "tls-cert-file": serving.certificate,
        "tls-private-key-file": serving.key,
        "token-auth-file": tokens,
        "authorization-mode": "Node,RBAC",
        "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
        "service-account-key-file": accounts.certificate,
        "service-account-signing-key-file": accounts.key,
        "service-cluster-ip-range": SERVICE_RANGE,
        "allow-privileged": "true",
        "kubelet-client-certificate": to_kubelets.certificate,
        "kubelet-client-key": to_kubelets.key,
        "kubelet-certificate-authority": plane.authority.certificate,
        # logs and exec would otherwise look the node's name up in DNS
        "kubelet-preferred-address-types": "InternalIP",
    }
    plane.add("kube-apiserver", [tool("kube-apiserver"), *(f"--{name}={value}" for name, value in flags.items())])


def _start_controllers(plane: ControlPlane) -> None:
    """They wait for the API server by themselves, so they start beside it. No health port: fewer ports to find free."""
    shared = ["--leader-elect=false", "--secure-port=0"]
    manager = plane.config_of("kube-controller-manager", user="system:kube-controller-manager")
    keys = [f"--service-account-private-key-file={plane.folder / 'sa.key'}", f"--root-ca-file={plane.authority.certificate}"]
    command: list[str | Path] = [
        tool("kube-controller-manager"),
        f"--kubeconfig={manager}",
        *shared,
        *keys,
        "--use-service-account-credentials",
    ]
    plane.add("kube-controller-manager", [*command, "--allocate-node-cidrs", f"--cluster-cidr={POD_RANGE}"])
    scheduler = plane.config_of("kube-scheduler", user="system:kube-scheduler")
    plane.add("kube-scheduler", [tool("kube-scheduler"), f"--kubeconfig={scheduler}", *shared])
