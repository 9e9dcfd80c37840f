"""The Pod Security Standard `restricted`, and what we ask for beyond it. https://kubernetes.io/docs/concepts/security/pod-security-standards/"""

from collections.abc import Iterator
from typing import Any

from memesnipe.testing.chart.pods import PodTemplate

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
HOST = ("hostNetwork", "hostPID", "hostIPC")


def faults(pod: PodTemplate) -> list[str]:
    """Return every way in which a pod is not restricted, and every way in which it could be more so. None: good."""
    return [f"{pod}: {fault}" for fault in _faults(pod)]


def _faults(pod: PodTemplate) -> Iterator[str]:
    spec, context = pod.spec, pod.spec.get("securityContext", {})
    yield from (field for field in HOST if spec.get(field))
    yield from (f"volume {volume['name']}" for volume in spec.get("volumes", []) if not VOLUMES & set(volume))
    if context.get("sysctls"):
        yield "sysctls"
    for container in pod.containers:
        yield from (f"{container['name']}: {fault}" for fault in _container(container, context))
    yield from _beyond(pod)


def _container(container: dict[str, Any], pod: dict[str, Any]) -> Iterator[str]:
    own: dict[str, Any] = container.get("securityContext", {})
    capabilities = own.get("capabilities", {})
    if own.get("privileged") or own.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation must be false"
    if "ALL" not in capabilities.get("drop", []) or set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
        yield "capabilities must be dropped"
    if own.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True or own.get("runAsUser", pod.get("runAsUser")) == 0:
        yield "must run as another than root"
    if own.get("seccompProfile", pod.get("seccompProfile", {})).get("type") not in ("RuntimeDefault", "Localhost"):
        yield "seccompProfile must be RuntimeDefault"
    if any(port.get("hostPort") for port in container.get("ports", [])):
        yield "hostPort"


def _beyond(pod: PodTemplate) -> Iterator[str]:
    if pod.spec.get("enableServiceLinks") is not False:
        yield "enableServiceLinks must be false"
    for container in pod.containers:
        if container["securityContext"].get("readOnlyRootFilesystem") is not True:
            yield f"{container['name']}: readOnlyRootFilesystem must be true"
        for side in ("requests", "limits"):
            missing = {"cpu", "memory", "ephemeral-storage"} - set(container.get("resources", {}).get(side, {}))
            yield from (f"{container['name']}: no {side} for {name}" for name in sorted(missing))
