"""Network policies that enforce, on a real node: `kube-network-policies` decides about each new connection, our rules ask it.

It would make those rules itself, by an nftables expression (`queue`) that some kernels lack; the older NFQUEUE target of
iptables, which nearly all have, does the same. Where neither exists policies are stored and not enforced.
"""

import subprocess

from memesnipe.testing.cluster.control_plane import ADMIN_GROUP, ControlPlane
from memesnipe.testing.cluster.kubelet import NODE
from memesnipe.testing.cluster.machine import Machine
from memesnipe.testing.cluster.processes import PartFailed
from memesnipe.testing.cluster.tools import tool

PART = "kube-network-policies"
QUEUE = "100"
LISTENS_S = 30.0
# After a Service's address became a pod's, and before the pod's own address is hidden from the outside. Not asked: replies,
# and the node itself, from which Kubernetes always lets a pod's probes through.
_RULES = (
    ("--match", "conntrack", "--ctstate", "ESTABLISHED,RELATED", "--jump", "RETURN"),
    ("--match", "addrtype", "--src-type", "LOCAL", "--jump", "RETURN"),
    ("--jump", "NFQUEUE", "--queue-num", QUEUE),
)


def start(plane: ControlPlane, machine: Machine) -> bool:
    """Start enforcing and return True; False, with nothing left running, where the kernel cannot."""
    if any(_iptables(machine, "--append=POSTROUTING", *rule).returncode for rule in _RULES):
        _stop_asking(machine)
        return False
    config = plane.config_of(PART, user=PART, group=ADMIN_GROUP)
    # strict mode re-examines open connections through the nftables rules; NRI is more than containerd 1.6 has
    flags = ["--strict-mode=false", "--fail-open=false", "--disable-nri", f"--nfqueue-id={QUEUE}"]
    command = machine.enter([tool(PART), f"--kubeconfig={config}", f"--hostname-override={NODE}", *flags])
    plane.add(PART, command, ready=lambda: _listens(machine))
    try:
        plane.wait(lambda: _listens(machine), "somebody decides about network policies", [PART], LISTENS_S)
    except (AssertionError, PartFailed):
        plane.parts.pop(PART).stop()
        _stop_asking(machine)
        return False
    return True


def _stop_asking(machine: Machine) -> None:
    _iptables(machine, "--flush", "POSTROUTING")


def _iptables(machine: Machine, *arguments: str) -> subprocess.CompletedProcess[str]:
    return machine.run("iptables", "--wait", "--table=mangle", *arguments)


def _listens(machine: Machine) -> bool:
    """Until then every new connection is dropped: a policy is never open for the time of a start."""
    return machine.run("grep", "--quiet", f"^ *{QUEUE} ", "/proc/net/netfilter/nfnetlink_queue").returncode == 0
