"""Nodes that are not real: kwok turns every Node ready and every scheduled pod Running, without a container."""

import os
import shutil
from pathlib import Path
from typing import Any

from memesnipe.testing.cluster import tools
from memesnipe.testing.cluster.client import ApiError, Client
from memesnipe.testing.cluster.processes import Part

STAGES = ("pod/fast/pod-*.yaml", "node/fast/node-initialize.yaml", "node/heartbeat-with-lease/node-*.yaml")
LABEL = "memesnipe.io/test-node"
LEASE_S = 40
CAPACITY = {"cpu": "32", "memory": "64Gi", "pods": "500", "ephemeral-storage": "100Gi"}
ALREADY_THERE = 409


def part(config: Path, folder: Path) -> Part:
    """Return kwok as a part, not yet started, for the cluster and user that `config` names."""
    # only nodes with our label: kwok then may stand beside real nodes
    command: list[str | Path] = [tools.tool("kwok"), f"--kubeconfig={config}", f"--manage-nodes-with-label-selector={LABEL}"]
    command += [f"--node-lease-duration-seconds={LEASE_S}", *(f"--config={stage}" for stage in stages())]
    return Part("kwok", command, folder / "kwok.log")


def add_nodes(client: Client, running: Part, nodes: int) -> None:
    """Make `nodes` of them, called test-node-0 and on; returns when all are ready. Raises PartFailed, AssertionError."""
    for number in range(nodes):
        try:
            client.call("POST", "/api/v1/nodes", _node(f"test-node-{number}"))
        except ApiError as error:
            if error.code != ALREADY_THERE:
                raise

    def ready() -> bool:
        running.must_run()
        return sum(map(_is_ready, client.call("GET", f"/api/v1/nodes?labelSelector={LABEL}")["items"])) >= nodes

    client.wait(ready, f"{nodes} nodes are ready")


def keep_others_empty(client: Client) -> None:
    """Mark nodes that are real as not for new pods: what tests deploy must run without its images."""
    for node in client.call("GET", f"/api/v1/nodes?labelSelector=!{LABEL}")["items"]:
        path = f"/api/v1/nodes/{node['metadata']['name']}"
        client.call("PATCH", path, {"spec": {"unschedulable": True}}, content_type="application/merge-patch+json")


def stages() -> list[Path]:
    """Return what kwok is told to do with nodes and pods: its module's own stages, kept beside the built program."""
    kept = tools.tool("kwok").parent / "stages"
    if not kept.is_dir():
        unfinished = kept.with_name(f"stages.{os.getpid()}")
        _copy_stages(unfinished)
        try:
            unfinished.rename(kept)
        except OSError:  # another process was first
            shutil.rmtree(unfinished)
    return sorted(kept.glob("*.yaml"))


def _copy_stages(to: Path) -> None:
    source = tools.module_folder("kwok") / "kustomize" / "stage"
    to.mkdir()
    for pattern in STAGES:
        for stage in source.glob(pattern):
            (to / stage.name).write_bytes(stage.read_bytes())  # the module cache is read-only, copies need not be


def _node(name: str) -> dict[str, Any]:
    labels = {LABEL: "kwok", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    status = {"allocatable": CAPACITY, "capacity": CAPACITY}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "status": status}


def _is_ready(node: dict[str, Any]) -> bool:
    conditions = node["status"].get("conditions", [])
    tainted = any(taint["effect"] == "NoSchedule" for taint in node["spec"].get("taints", []))
    return not tainted and any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
