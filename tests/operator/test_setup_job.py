"""Setup as the Job runs it: with the rights of its own account and no other, and without printing a secret."""

import os
import subprocess
import sys
from base64 import b64decode
from datetime import timedelta
from pathlib import Path

from memesnipe.control.access import service_users
from memesnipe.testing.roles import admit, bound
from memesnipe.testing.setting_up import NOW, SIGNER_CLIENT, SIGNER_TLS, Installation, Object
from memesnipe_operator.setup import objects

SECRETS_ALL = ["memesnipe-operator", SIGNER_CLIENT, objects.REDIS_ADMIN, objects.REDIS_ACL]
RIGHTS: dict[str, list[Object]] = {
    "platform": [
        {"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": ["create"]},
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "verbs": ["get"],
            "resourceNames": [objects.role_key(role) for role in objects.ROLES],
        },
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "verbs": ["get", "update"],
            "resourceNames": [*SECRETS_ALL, *(objects.redis_user(user) for user in service_users())],
        },
        {
            "apiGroups": [""],
            "resources": ["configmaps"],
            "verbs": ["get", "update"],
            "resourceNames": [objects.TRUSTED, objects.WALLET],
        },
    ],
    "signer": [
        {"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": ["create"]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": [objects.WALLET]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "update"], "resourceNames": [SIGNER_TLS]},
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "update"], "resourceNames": [objects.TRUSTED]},
    ],
}
"""The Roles of the account of setup, to the verb."""


def allowed(rules: list[Object], without: str) -> list[Object]:
    left = [rule | {"verbs": [verb for verb in rule["verbs"] if verb != without]} for rule in rules]
    return [rule for rule in left if rule["verbs"]]


def job(installation: Installation, *, without: str = "", **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run `python -m memesnipe_operator.setup` under an account with these Roles and no other."""
    cluster, platform = installation.cluster, installation.namespace["platform"]
    cluster.call("POST", f"/api/v1/namespaces/{platform}/serviceaccounts", {"metadata": {"name": "setup"}})
    admit(cluster, bound("setup", platform, {installation.namespace[where]: allowed(rules, without) for where, rules in RIGHTS.items()}))
    env = {
        "MEMESNIPE_NAMESPACE": platform,
        "MEMESNIPE_SIGNER_NAMESPACE": installation.namespace["signer"],
        "MEMESNIPE_REDIS_ADDRESS": "memesnipe-redis:6379",
        "MEMESNIPE_LOCALNET": "true",
        "MEMESNIPE_LOG_LEVEL": "DEBUG",
        "MEMESNIPE_KUBECONFIG": str(cluster.service_account_kubeconfig(platform, "setup")),
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MEMESNIPE_", "KUBE"))}
    command = [sys.executable, "-m", "memesnipe_operator.setup"]
    return subprocess.run(command, env=clean | env | settings, capture_output=True, text=True, timeout=120)


async def test_the_job_does_all_of_it_with_its_own_rights_and_prints_no_secret(installation: Installation, tmp_path: Path) -> None:
    done = job(installation)

    printed = done.stdout + done.stderr
    values = [b64decode(value).decode().strip() for data in installation.secrets().values() for value in data.values()]
    assert done.returncode == 0, printed
    assert installation.misfits(tmp_path) == []
    assert [value[:12] for value in values if value in printed] == []
    assert [user for user in service_users() if installation.password_of(user) in printed] == []


async def test_the_job_renews_with_its_own_rights(installation: Installation, tmp_path: Path) -> None:
    await installation.set_up(now=NOW - timedelta(days=800))
    before = installation.pair()

    done = job(installation, MEMESNIPE_SETTLE_S="0", MEMESNIPE_REDIS_ADDRESS="elsewhere:6379")

    assert done.returncode == 0, done.stderr
    assert installation.pair().signer["tls.crt"] != before.signer["tls.crt"]
    assert installation.misfits(tmp_path) == []


async def test_a_job_without_a_right_says_which_and_on_what(installation: Installation) -> None:
    done = job(installation, without="create")

    assert done.returncode == 78
    assert f"Secret {installation.namespace['platform']}/memesnipe-keys-risk: the account of setup may not create it" in done.stderr


async def test_a_policy_that_quotes_the_secret_in_its_refusal_is_not_quoted(installation: Installation) -> None:
    name, platform = f"quotes.{installation.namespace['platform']}", installation.namespace["platform"]
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["secrets"], "operations": ["CREATE"]}
    quoting = {"expression": "false", "messageExpression": "'refused: ' + string(object.data['risk.key'])"}
    where = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": platform}}}
    path = "/apis/admissionregistration.k8s.io/v1"
    spec = {"failurePolicy": "Fail", "matchConstraints": {"resourceRules": [rule]}, "validations": [quoting]}
    installation.cluster.call("POST", f"{path}/validatingadmissionpolicies", {"metadata": {"name": name}, "spec": spec})
    binding = {"policyName": name, "validationActions": ["Deny"], "matchResources": where}
    installation.cluster.call("POST", f"{path}/validatingadmissionpolicybindings", {"metadata": {"name": name}, "spec": binding})
    installation.cluster.wait(lambda: quoted_by_the_server(installation), "the policy is active")

    done = job(installation)

    assert done.returncode == 78
    assert "memesnipe-keys-risk" in done.stderr
    assert "refused: " not in done.stderr
    installation.cluster.call("DELETE", f"{path}/validatingadmissionpolicybindings/{name}")
    installation.cluster.call("DELETE", f"{path}/validatingadmissionpolicies/{name}")


def quoted_by_the_server(installation: Installation) -> bool:
    path = f"/api/v1/namespaces/{installation.namespace['platform']}/secrets?dryRun=All"
    try:
        installation.cluster.call("POST", path, {"metadata": {"name": "probe"}, "data": {"risk.key": "cHJvYmU="}})
    except Exception as error:
        return "refused: cHJvYmU=" in str(error)
    return False


def test_without_a_cluster_it_says_what_it_needs(tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MEMESNIPE_", "KUBE"))}
    command = [sys.executable, "-m", "memesnipe_operator.setup"]

    done = subprocess.run(command, env=clean | {"HOME": str(tmp_path)}, capture_output=True, text=True, timeout=60)

    assert done.returncode == 78
    assert "MEMESNIPE_KUBECONFIG" in done.stderr
