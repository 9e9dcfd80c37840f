"""kube-score has no finding but those that are meant, each with its reason."""

import fnmatch
import json
import subprocess
from typing import Any

import pytest

from memesnipe.testing.chart.render import VALUE_SETS, Values, render_text
from memesnipe.testing.cluster import tool

GRADE_ALL_OK = 10

MEANT = {
    ("container-image-pull-policy", "*"): "a release's tag never moves, and images.pullPolicy is there for those that do",
    ("deployment-replicas", "memesnipe-*"): "there must be one: two would be two writers; the operator starts it again elsewhere",
    ("deployment-strategy", "memesnipe-*"): "Recreate, for the same reason: the old one is gone before the new one starts",
    (
        "deployment-has-host-podantiaffinity",
        "memesnipe-*",
    ): "topologySpreadConstraints spread the replicas; kube-score looks for the older field",
    (
        "statefulset-has-servicename",
        "memesnipe-*",
    ): "its Service has a cluster address on purpose: clients keep it while the pod is replaced",
    ("networkpolicy-targets-pod", "memesnipe-default-deny"): "it is for pods that come later: strategies, and whatever nobody thought of",
    ("networkpolicy-targets-pod", "memesnipe-signer"): "on paper there is no signer yet; its walls are there before it is",
}
"""(check, object) -> why it is meant."""


@pytest.mark.parametrize("values", VALUE_SETS.values(), ids=VALUE_SETS.keys())
def test_kube_score_finds_nothing_that_is_not_meant(values: Values) -> None:
    assert [finding for finding in findings(values) if not reasons(finding)] == []


def test_every_reason_is_still_needed() -> None:
    used = {reason for values in VALUE_SETS.values() for finding in findings(values) for reason in reasons(finding)}

    assert set(MEANT) - used == set()


def reasons(finding: tuple[str, str, str]) -> list[tuple[str, str]]:
    return [(check, name) for check, name in MEANT if finding[0] == check and fnmatch.fnmatch(finding[1], name)]


def findings(values: Values) -> list[tuple[str, str, str]]:
    """Return (check, object, what it says) of whatever is not perfect."""
    manifests = render_text({**values, "crds": {"enabled": False}})
    command = [str(tool("kube-score")), "score", "--output-format", "json", "--kubernetes-version", "v1.35", "-"]
    done = subprocess.run(command, input=manifests, capture_output=True, text=True, check=False)
    scored: list[dict[str, Any]] = json.loads(done.stdout)
    return [
        (check["check"]["id"], scored_object["object_meta"]["name"], comment["summary"])
        for scored_object in scored
        for check in scored_object["checks"]
        if not check.get("skipped") and check["grade"] < GRADE_ALL_OK
        for comment in check["comments"] or [{"summary": ""}]
    ]
