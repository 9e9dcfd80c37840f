"""What runs: every pod of a set of manifests, whichever kind makes it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from memesnipe.testing.chart.render import Manifest

MAKES_PODS = {"Deployment": ("spec", "template"), "StatefulSet": ("spec", "template"), "Job": ("spec", "template"), "Pod": ()}


@dataclass(frozen=True)
class PodTemplate:
    """A pod as it would be made."""

    kind: str
    name: str
    namespace: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    spec: dict[str, Any]

    @property
    def component(self) -> str:
        """Which part of the product it is."""
        return self.labels["app.kubernetes.io/component"]

    @property
    def containers(self) -> list[dict[str, Any]]:
        """Init containers too."""
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    @property
    def env(self) -> dict[str, dict[str, Any]]:
        """Variable -> its entry, of the main container."""
        return {entry["name"]: entry for entry in self.spec["containers"][0].get("env", [])}

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


def pods(manifests: Iterable[Manifest]) -> list[PodTemplate]:
    """Return every pod."""
    return [_pod(manifest) for manifest in manifests if manifest["kind"] in MAKES_PODS]


def pod_of(manifests: Iterable[Manifest], component: str) -> PodTemplate:
    """Return the one pod of a component. Raises ValueError when there is none, or more."""
    (found,) = [pod for pod in pods(manifests) if pod.component == component]
    return found


def _pod(manifest: Manifest) -> PodTemplate:
    inner: dict[str, Any] = manifest
    for key in MAKES_PODS[manifest["kind"]]:
        inner = inner[key]
    outer, meta = manifest["metadata"], inner["metadata"]
    return PodTemplate(
        manifest["kind"], outer["name"], outer["namespace"], meta.get("labels", {}), meta.get("annotations", {}), inner["spec"]
    )
