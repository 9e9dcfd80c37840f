"""Storage for PersistentVolumeClaims: a default class and a number of ready-made volumes, since nothing here provisions any."""

from pathlib import Path
from typing import Any

from memesnipe.testing.cluster.client import Client

CLASS = "standard"
SIZE = "10Gi"
MODES = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany"]
COUNT = 20


def add(client: Client, node: str, folder: Path) -> None:
    """Make the class, and volumes of 10 GiB on `node`: volume-0 and on, each a folder of that name. A claim keeps its volume for good."""
    client.call("POST", "/apis/storage.k8s.io/v1/storageclasses", _storage_class())
    for number in range(COUNT):
        client.call("POST", "/api/v1/persistentvolumes", _volume(f"volume-{number}", node, folder))


def make_folders(folder: Path) -> None:
    """Make what the volumes stand for, where the node is real."""
    for number in range(COUNT):
        (folder / f"volume-{number}").mkdir(parents=True)


def _storage_class() -> dict[str, Any]:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"}
    return {
        "metadata": {"name": CLASS, "annotations": annotations},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def _volume(name: str, node: str, folder: Path) -> dict[str, Any]:
    where = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}
    spec = {
        "capacity": {"storage": SIZE},
        "accessModes": MODES,
        "storageClassName": CLASS,
        "persistentVolumeReclaimPolicy": "Retain",
        "local": {"path": str(folder / name)},  # unlike hostPath, the kubelet gives it to the pod's fsGroup
        "nodeAffinity": {"required": {"nodeSelectorTerms": [where]}},
    }
    return {"metadata": {"name": name}, "spec": spec}
