"""The pod of a strategy: one at most at any time, restricted, with probes; a changed ConfigMap or password starts it anew."""

import hashlib
import json
from typing import Any

from memesnipe_operator.kinds import DEPLOYMENT
from memesnipe_operator.resources.identity import SPEC_FILE, config_map, secret
from memesnipe_operator.resources.plan import HEALTH_PORT, Manifest, Plan

SPEC_FOLDER = "/etc/memesnipe/strategy"
RESTART_ANNOTATION = "memesnipe.io/restart-hash"
RUNNABLE_ANNOTATION = "memesnipe.io/runnable"
"""Which spec the pod runs, in all that makes a pod."""
GRACE_S = 15


def deployment(plan: Plan, progress_s: int) -> Manifest:
    """`Recreate`: two executors of one strategy would answer the same event twice; the fence would drop the second, late."""
    spec = {
        "replicas": 0 if plan.view.spec.paused else 1,
        "revisionHistoryLimit": 2,
        "progressDeadlineSeconds": progress_s,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": plan.selector()},
        "template": {"metadata": {"labels": plan.labels(), "annotations": _annotations(plan)}, "spec": _pod(plan)},
    }
    return plan.manifest(DEPLOYMENT, spec=spec)


def _annotations(plan: Plan) -> dict[str, str]:
    mounted = json.dumps([config_map(plan)["data"], secret(plan)["data"]], sort_keys=True)
    return {RESTART_ANNOTATION: hashlib.sha256(mounted.encode()).hexdigest()[:32], RUNNABLE_ANNOTATION: plan.running.digest}


def _pod(plan: Plan) -> dict[str, Any]:
    template = plan.template
    pod: dict[str, Any] = {
        "serviceAccountName": plan.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_S,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(plan)],
        "volumes": [
            {"name": "strategy", "configMap": {"name": plan.name, "defaultMode": 0o440}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
        ],
    }
    optional = {
        "nodeSelector": template.node_selector,
        "tolerations": list(template.tolerations),
        "imagePullSecrets": [{"name": name} for name in template.image_pull_secrets],
        "priorityClassName": template.priority_class_name,
    }
    return pod | {name: value for name, value in optional.items() if value}


def _container(plan: Plan) -> dict[str, Any]:
    template = plan.template
    return {
        "name": "executor",
        "image": template.image,
        "imagePullPolicy": template.image_pull_policy,
        "args": ["executor"],
        "env": _environment(plan),
        "ports": [{"name": "health", "containerPort": HEALTH_PORT, "protocol": "TCP"}],
        "resources": plan.running.resources or template.resources,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "startupProbe": _probe("/healthz", period_s=2, failures=30),
        "livenessProbe": _probe("/healthz", period_s=10, failures=3),
        "readinessProbe": _probe("/readyz", period_s=2, failures=2),
        "volumeMounts": [
            {"name": "strategy", "mountPath": SPEC_FOLDER, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - inside the pod, a volume of its own
        ],
    }


def _environment(plan: Plan) -> list[dict[str, Any]]:
    plain = {
        "MEMESNIPE_STRATEGY_FILE": f"{SPEC_FOLDER}/{SPEC_FILE}",
        "MEMESNIPE_HEALTH_HOST": "0.0.0.0",  # noqa: S104 - the pod's own address, behind its network policy
        "MEMESNIPE_HEALTH_PORT": str(HEALTH_PORT),
        "MEMESNIPE_LOG_LEVEL": plan.template.log_level,
        "MEMESNIPE_SEED": str(plan.template.seed),
    }
    address = {"name": "MEMESNIPE_REDIS_URL", "valueFrom": {"secretKeyRef": {"name": plan.name, "key": "url"}}}
    return [address, *({"name": name, "value": value} for name, value in plain.items())]


def _probe(path: str, *, period_s: int, failures: int) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": "health"}, "periodSeconds": period_s, "timeoutSeconds": 2, "failureThreshold": failures}
