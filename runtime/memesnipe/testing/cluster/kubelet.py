"""The kubelet and kube-proxy of a real node."""

import json
import socket
from pathlib import Path

from memesnipe.testing.cluster import cgroups
from memesnipe.testing.cluster.control_plane import POD_RANGE, ControlPlane
from memesnipe.testing.cluster.machine import Machine
from memesnipe.testing.cluster.tools import tool

NODE = "test-node"
PORT = 10250
DNS_ADDRESS = "10.96.0.10"
_NEVER = dict.fromkeys(("memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available", "imagefs.inodesFree"), "0%")


def start(plane: ControlPlane, machine: Machine, runtime: Path) -> None:
    """Start both inside the machine; the node registers itself as `test-node`. Raises PartFailed."""
    folder = plane.folder
    cgroups.make(folder.name)
    (folder / "resolv.conf").write_text("")  # the node resolves nothing itself, and pods ask the cluster's DNS
    config = folder / "kubelet.json"
    config.write_text(json.dumps(_config(plane, machine, runtime)))
    credentials = plane.config_of("kubelet", user=f"system:node:{NODE}", group="system:nodes")
    command: list[str | Path] = [tool("kubelet"), f"--config={config}", f"--kubeconfig={credentials}", f"--root-dir={folder / 'kubelet'}"]
    plane.add("kubelet", machine.enter([*command, f"--hostname-override={NODE}", f"--node-ip={machine.cable.node}"]))
    _start_proxy(plane, machine)
    plane.wait(lambda: _ready(plane), "the node is ready", ["kubelet", "kube-proxy", "containerd"])


def _config(plane: ControlPlane, machine: Machine, runtime: Path) -> dict[str, object]:
    serving = plane.authority.issue("kubelet-serving", name=NODE, hosts=[machine.cable.node, NODE])
    x509 = {"clientCAFile": str(plane.authority.certificate)}
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {"x509": x509, "webhook": {"enabled": False}, "anonymous": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{plane.folder.name}",
        "clusterDNS": [DNS_ADDRESS],
        "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": f"unix://{runtime}",
        "evictionHard": _NEVER,  # a full disk is the developer's affair, not a reason to evict what a test watches
        "failCgroupV1": False,  # else 1.35 refuses machines of before cgroup v2
        "failSwapOn": False,
        "imageGCHighThresholdPercent": 100,
        "podLogsDir": "/var/log/pods",
        "resolvConf": str(plane.folder / "resolv.conf"),
        "tlsCertFile": str(serving.certificate),
        "tlsPrivateKeyFile": str(serving.key),
        "volumePluginDir": str(plane.folder / "volume-plugins"),
    }


def _start_proxy(plane: ControlPlane, machine: Machine) -> None:
    credentials = plane.config_of("kube-proxy", user="system:kube-proxy")
    # what it would set of the connection tracker is the host's, and read-only in a network namespace
    untouched = ["--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0"]
    command: list[str | Path] = [tool("kube-proxy"), f"--kubeconfig={credentials}", f"--hostname-override={NODE}", "--proxy-mode=iptables"]
    plane.add("kube-proxy", machine.enter([*command, f"--cluster-cidr={POD_RANGE}", *untouched]))


def _ready(plane: ControlPlane) -> bool:
    conditions = plane.client.call("GET", f"/api/v1/nodes/{NODE}")["status"]["conditions"]
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _listens(address: str) -> bool:
    """It does so once the container runtime has answered it; a kubelet that finds none ends."""
    with socket.create_connection((address, PORT), timeout=1):
        return True
