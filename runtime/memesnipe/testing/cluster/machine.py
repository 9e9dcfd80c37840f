"""The machine that a real node is: namespaces of its own for processes, mounts and network, on a virtual cable to this host.

All that a node leaves behind (containers, mounts, firewall rules, network devices) lives in these namespaces, so it is gone
when their first process is, and that one is killed by the kernel when we end. Two nodes at once do not meet.
"""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from memesnipe.testing.cluster import packages, processes
from memesnipe.testing.cluster.processes import Part
from memesnipe.testing.stacks import until

NETWORKS = range(1, 200)
COMMAND_S = 60
BOOT_S = 30

# What runs first inside: mounts that only we see, then a wait for orphans, which the first process of a machine owes them.
# /run and /var/log are empty there, so that nothing is written to the host's. Mounts must propagate into pods' own.
_BOOT = """
set -e
mount --make-rshared /
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /var/log
ip link set lo up
echo 1 > /proc/sys/net/ipv4/ip_forward
touch "$1"
exec "$2" -c "$3"
"""
_REAP = """
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
while signal.sigwait([signal.SIGCHLD]):
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
"""


@dataclass(frozen=True)
class Cable:
    """A pair of virtual devices. `host` is our end's address, `node` the other's; both in a network that nobody else uses."""

    number: int

    @property
    def device(self) -> str:
        """The name of our end."""
        return f"memesnipe{self.number}"

    @property
    def host(self) -> str:
        """Where the node finds the API server."""
        return f"10.201.{self.number}.1"

    @property
    def node(self) -> str:
        """Where the API server finds the kubelet."""
        return f"10.201.{self.number}.2"


class Machine:
    """A booted machine: `enter` makes a command run inside, `run` does so and waits."""

    def __init__(self, boot: Part, cable: Cable, pid: int) -> None:
        self.boot = boot
        self.cable = cable
        self._pid = pid

    def enter(self, command: Sequence[str | Path]) -> list[str | Path]:
        """Return the command that runs `command` inside, and that takes it along when it is killed."""
        namespaces = ["nsenter", f"--target={self._pid}", "--mount", "--net", "--pid", "--"]
        return [*namespaces, "setpriv", "--pdeathsig=KILL", "--", *command]

    def run(self, *command: str, input: str = "") -> subprocess.CompletedProcess[str]:  # noqa: A002 - as subprocess calls it
        """Run a command inside; look at `returncode` yourself. Raises TimeoutExpired after a minute."""
        return _run(*map(str, self.enter(command)), input=input)

    def must(self, *command: str) -> None:
        """Run a command inside. Raises NoRealNode with what it said when it fails."""
        _must(*map(str, self.enter(command)))


def boot(folder: Path) -> Machine:
    """Start a machine and lay its cable. Raises NoRealNode, PartFailed; nothing is left then."""
    ready = folder / "machine-is-up"
    namespaces = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]
    script = ["sh", "-c", _BOOT, "boot", str(ready), sys.executable, _REAP]
    part = Part("machine", [*namespaces, *script], folder / "machine.log")
    part.start()
    try:
        until(lambda: ready.exists() or not part.running, BOOT_S, "the node's namespaces are set up")
        part.must_run()
        pid = int(Path(f"/proc/{part.pid}/task/{part.pid}/children").read_text().split()[0])
        machine = Machine(part, _lay_cable(pid), pid)
        _address(machine)
    except BaseException:
        part.stop()
        raise
    return machine


def _lay_cable(pid: int) -> Cable:
    """The kernel refuses a device name that is taken: so two of us at once never share a network."""
    for number in NETWORKS:
        cable = Cable(number)
        made = _run("ip", "link", "add", cable.device, "type", "veth", "peer", "name", "eth0", "netns", str(pid))
        if made.returncode == 0:
            return cable
        if "exists" not in made.stderr:
            raise packages.NoRealNode(f"no virtual network device can be made: {made.stderr.strip()}")
    raise packages.NoRealNode(f"all {len(NETWORKS)} networks for real nodes are in use")


def _address(machine: Machine) -> None:
    cable = machine.cable
    _must("ip", "address", "add", f"{cable.host}/30", "dev", cable.device)
    _must("ip", "link", "set", cable.device, "up")
    machine.must("ip", "address", "add", f"{cable.node}/30", "dev", "eth0")
    machine.must("ip", "link", "set", "eth0", "up")
    machine.must("ip", "route", "add", "default", "via", cable.host)


def _must(*command: str) -> None:
    done = _run(*command)
    if done.returncode:
        raise packages.NoRealNode(f"`{' '.join(command)}` failed: {done.stderr.strip()}")


def _run(*command: str, input: str = "") -> subprocess.CompletedProcess[str]:  # noqa: A002 - as subprocess calls it
    return subprocess.run(command, input=input, env=processes.environment(), capture_output=True, text=True, timeout=COMMAND_S, check=False)  # noqa: S603 - our own commands
