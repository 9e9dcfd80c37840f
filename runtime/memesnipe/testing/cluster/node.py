"""A cluster with one real node: pods are real containers, Services and DNS answer, logs and exec work. Linux and root.

No container engine and no registry is needed: images come in as archives (`Cluster.load_image`). From the node nothing outside
the cluster can be reached.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memesnipe.testing.cluster import cgroups, containerd, control_plane, dns, images, kubelet, machine, packages, policies, tools, volumes
from memesnipe.testing.cluster.api import Cluster, RealNode
from memesnipe.testing.cluster.control_plane import ControlPlane
from memesnipe.testing.cluster.machine import Machine

TOOLS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "coredns", policies.PART, "pause")


@contextmanager
def a_node(folder: Path) -> Iterator[Cluster]:
    """Yield a cluster of one real node, `test-node`, below `folder`. Raises NoRealNode, BuildFailed, NoGo, PartFailed."""
    prepare()
    cgroups.remove_orphans()
    box = machine.boot(folder)
    try:
        with _a_plane(folder, box) as plane:
            yield _with_node(plane, box)
    finally:
        box.boot.stop(how=signal.SIGKILL)
        cgroups.remove(folder.name)


def prepare() -> None:
    """Install and build what `a_node` needs. Raises NoRealNode, BuildFailed, NoGo."""
    packages.ensure()
    for name in TOOLS:
        tools.tool(name)


@contextmanager
def _a_plane(folder: Path, box: Machine) -> Iterator[ControlPlane]:
    plane = control_plane.start(folder, box.cable.host)
    try:
        yield plane
    finally:
        plane.stop()


def _with_node(plane: ControlPlane, box: Machine) -> Cluster:
    socket = containerd.start(plane, box)
    kubelet.start(plane, box, socket)
    node = RealNode(lambda archive: images.load(socket, archive), box.run, policies.start(plane, box))
    cluster = Cluster(plane.admin_config, plane.folder, _describe(plane), plane, node)
    _add_storage(cluster, plane.folder / "volumes")
    _add_dns(cluster)
    return cluster


def _add_storage(cluster: Cluster, folder: Path) -> None:
    volumes.make_folders(folder)
    folder.parent.chmod(0o711)  # a pod's user passes through to its volume; the files beside it stay closed
    volumes.add(cluster.client, kubelet.NODE, folder)


def _add_dns(cluster: Cluster) -> None:
    coredns = images.an_archive(cluster.folder / "coredns.tar", dns.IMAGE, {"/coredns": tools.tool("coredns")}, ["/coredns"])
    cluster.load_image(coredns)
    cluster.apply(*dns.manifests())
    cluster.wait(lambda: cluster.call("GET", dns.DEPLOYMENT)["status"].get("availableReplicas"), "the cluster's DNS is ready")


def _describe(plane: ControlPlane) -> str:
    node = plane.client.call("GET", f"/api/v1/nodes/{kubelet.NODE}")["status"]["nodeInfo"]
    server = plane.client.call("GET", "/version")["gitVersion"]
    enforced = "enforced" if policies.PART in plane.parts else "stored, not enforced: this kernel cannot"
    runtime = node["containerRuntimeVersion"].partition("://")[2]
    return f"real kube-apiserver {server} (built), real kubelet {node['kubeletVersion']}, containerd {runtime}, network policies {enforced}"
