"""The container runtime of a real node: containerd with a root, state and socket of its own, and the pods' network."""

import json
from pathlib import Path

from memesnipe.testing.cluster import images, packages
from memesnipe.testing.cluster.control_plane import ControlPlane
from memesnipe.testing.cluster.machine import Machine
from memesnipe.testing.cluster.tools import tool

PAUSE = "memesnipe.test/pause:1"
POD_SUBNET = "10.244.0.0/24"
"""The first block that the controller manager hands out, to the first node."""

# restrict_oom_score_adj: where we may not lower the score, runc ends with "can't get final child's PID from pipe"
_CONFIG = """version = 2
root = "{folder}/containerd"
state = "/run/containerd-state"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper"]

[grpc]
address = "{socket}"

[plugins."io.containerd.internal.v1.opt"]
path = "{folder}/opt"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{pause}"
restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{cni}"
conf_dir = "{folder}/cni"
"""


def start(plane: ControlPlane, machine: Machine) -> Path:
    """Start containerd inside the machine and return its socket. Raises PartFailed, NoRealNode, LoadFailed."""
    folder = plane.folder
    socket = folder / "containerd.sock"
    _write_network(folder)
    config = folder / "containerd.toml"
    config.write_text(_CONFIG.format(folder=folder, socket=socket, pause=PAUSE, cni=packages.cni_folder()))
    command = machine.enter(["containerd", f"--config={config}"])
    plane.add("containerd", command, ready=lambda: images.answers(socket))
    plane.wait(lambda: images.answers(socket), "containerd answers", ["containerd"])
    pause = images.an_archive(folder / "pause.tar", PAUSE, {"/pause": tool("pause")}, ["/pause"])
    images.load(socket, pause)
    return socket


def _write_network(folder: Path) -> None:
    """Give each pod a cable and a route, not a port on a bridge: between two pods on one bridge, answers from a Service would
    pass beside the firewall that has to translate them, and network policies would not see the traffic either."""
    addresses = {
        "type": "host-local",
        "dataDir": str(folder / "addresses"),
        "ranges": [[{"subnet": POD_SUBNET}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    cable = {"type": "ptp", "ipMasq": True, "ipam": addresses}
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    (folder / "cni").mkdir()
    (folder / "cni" / "10-pods.conflist").write_text(json.dumps({"cniVersion": "0.4.0", "name": "pods", "plugins": [cable, ports]}))
