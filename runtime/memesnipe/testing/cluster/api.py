"""What a test holds in its hand: a cluster, whoever made it, with an admin's kubeconfig and a way to hurt its parts."""

import json
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memesnipe.testing.cluster import kubeconfig, kubectl
from memesnipe.testing.cluster.client import ApiError, Client
from memesnipe.testing.cluster.control_plane import ControlPlane

TOKEN_S = 3600


class NotOurs(RuntimeError):  # noqa: N818 - named for what happened, as the product's own
    """The cluster was given to us, so its parts cannot be stopped or read."""


@dataclass(frozen=True)
class RealNode:
    """What can be done with a node that is real: give it an image archive, and run a command where its processes run."""

    load_image: Callable[[Path], None]
    run: Callable[..., subprocess.CompletedProcess[str]] | None = None
    enforces_network_policies: bool = False


class Cluster:
    """A Kubernetes cluster for tests. `description` says what kind it is; `plane` is None when its processes are not ours."""

    def __init__(
        self, config: Path, folder: Path, description: str, plane: ControlPlane | None = None, node: RealNode | None = None
    ) -> None:
        self.kubeconfig = config
        """Of an admin (system:masters in the clusters we start). Its current context is `memesnipe-test` there."""
        self.folder = folder
        """For what belongs to this cluster; gone when it stops."""
        self.description = description
        self.client = Client(config)
        self._plane = plane
        self._node = node

    @property
    def url(self) -> str:
        """Where the API server is."""
        return self.client.url

    @property
    def owns_parts(self) -> bool:
        """Whether `kill`, `start`, `restart` and `log_of` work here."""
        return self._plane is not None

    def kubectl(
        self,
        *arguments: str,
        as_user: str = "",
        as_groups: tuple[str, ...] = (),
        input: str = "",  # noqa: A002 - as subprocess calls it
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl as admin, or as somebody else by impersonation; look at `returncode` and `stderr` yourself."""
        who = [f"--as={as_user}", *(f"--as-group={group}" for group in as_groups)] if as_user else []
        return kubectl.run(self.kubeconfig, self.folder / "kubectl", *who, *arguments, input=input)

    def apply(self, *manifests: dict[str, Any], as_user: str = "") -> None:
        """Apply manifests server-side. Raises ApiError with kubectl's words when any is refused."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})
        done = self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", as_user=as_user, input=text)
        if done.returncode:
            raise ApiError(done.returncode, done.stderr.strip())

    def call(self, method: str, path: str, body: object = None, *, content_type: str = "application/json", as_user: str = "") -> Any:
        """Ask the API server as admin, without the 100 ms of a kubectl. Raises ApiError, and OSError while the server is away."""
        return self.client.call(method, path, body, content_type=content_type, as_user=as_user)

    def found(self, path: str) -> Any:
        """Return what is there; None where nothing is. Raises ApiError, and OSError while the server is away."""
        return self.client.found(path)

    def wait(self, condition: Callable[[], object], what: str, timeout_s: float = 90.0) -> None:
        """Poll until `condition` is truthy; refusals and an absent server count as no. Raises AssertionError saying what did not come."""
        self.client.wait(condition, what, timeout_s)

    def service_account_kubeconfig(self, namespace: str, name: str) -> Path:
        """Write the kubeconfig of a service account, good for an hour: what a pod of it may do, this may do. Raises ApiError."""
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": TOKEN_S}}
        token = self.call("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token", body)["status"]["token"]
        path = self.folder / f"{namespace}.{name}.kubeconfig"
        authority = kubeconfig.access(self.kubeconfig).authority
        return kubeconfig.write(path, server=self.url, authority=authority, user=kubeconfig.token_user(token))

    @property
    def enforces_network_policies(self) -> bool:
        """Whether a NetworkPolicy stops traffic here, or is stored only. Always False where no node is real."""
        return self._node is not None and self._node.enforces_network_policies

    def load_image(self, archive: Path) -> None:
        """Give the real node an image (of `docker save`, or an OCI layout); pods then use it with imagePullPolicy Never or
        IfNotPresent. Raises NotOurs, LoadFailed.
        """
        if self._node is None:
            raise NotOurs(f"no node here takes images: {self.description}")
        self._node.load_image(archive)

    def on_node(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command where the real node's processes run: its network reaches pods and Services by address. Raises NotOurs."""
        if self._node is None or self._node.run is None:
            raise NotOurs(f"there is no node of ours to run commands on: {self.description}")
        return self._node.run(*command)

    def log_of(self, part: str) -> str:
        """Return what a part has printed, such as "kube-apiserver". Raises NotOurs, KeyError."""
        return self._ours().parts[part].text()

    def kill(self, part: str) -> None:
        """Kill a part as a crash would. Raises NotOurs, KeyError."""
        self._ours().parts[part].stop(how=signal.SIGKILL)

    def start(self, part: str) -> None:
        """Start a killed part again, and wait until it and the API server work. Raises NotOurs, KeyError, PartFailed."""
        self._ours().start_again(part)

    def restart(self, part: str) -> None:
        """Kill a part and start it again; what is in etcd stays. Raises as `start`."""
        self.kill(part)
        self.start(part)

    def stop(self) -> None:
        """Stop all that is ours; a given cluster goes on."""
        if self._plane is not None:
            self._plane.stop()

    def _ours(self) -> ControlPlane:
        if self._plane is None:
            raise NotOurs(f"this cluster's parts are not ours to touch: {self.description}")
        return self._plane
