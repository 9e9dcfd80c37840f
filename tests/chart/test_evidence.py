"""A study in the cluster: a strategy's code is judged without a token and without a network, and what it leaves reaches one ConfigMap."""

from typing import Any

import pytest
import typer

from memesnipe.cli.commands import app
from memesnipe.kernel.settings import load
from memesnipe.testing.chart.network import Network, Outside, Party, Pod
from memesnipe.testing.chart.pods import pod_of, pods
from memesnipe.testing.chart.render import PLATFORM, STRATEGIES, STUDY, ChartRefused, Values, one, render
from memesnipe_operator.attest.settings import AttestSettings
from memesnipe_operator.kinds import EVIDENCE_LABEL

INSIDE, INTERNET = Outside("10.0.0.1"), Outside("93.184.216.34")
DNS = Pod("kube-system", {"k8s-app": "kube-dns"})
NAMESPACES = {name: {"kubernetes.io/metadata.name": name} for name in (PLATFORM, STRATEGIES, "memesnipe-signer", "kube-system")}


def study(**changes: Any) -> Values:
    return {"evidence": STUDY["evidence"] | changes}


def test_without_being_asked_for_there_is_none_of_it() -> None:
    names = [m["metadata"]["name"] for m in render() if not m["kind"].startswith("ValidatingAdmission")]

    assert [name for name in names if "evidence" in name or "attest" in name or "research" in name] == []


def test_the_code_that_is_judged_has_no_token_and_reaches_nobody_and_nobody_reaches_it() -> None:
    manifests = render(STUDY)
    network = Network([m for m in manifests if m["kind"] == "NetworkPolicy"], NAMESPACES)
    parts = {pod.component: Pod(pod.namespace, pod.labels) for pod in pods(manifests)}
    judged = parts.pop("evidence")
    others: list[Party] = [*parts.values(), DNS, INSIDE, INTERNET]

    for other in others:
        for port in (53, 443, 6379, 6443, 8080, 8081):
            assert not network.allows(judged, other, port, "UDP" if port == 53 else "TCP")
            assert not network.allows(other, judged, port)
    assert pod_of(manifests, "evidence").spec["automountServiceAccountToken"] is False
    assert [volume for volume in pod_of(manifests, "evidence").spec["volumes"] if "serviceAccountToken" in str(volume)] == []


def test_attest_reaches_the_api_server_and_nothing_of_ours() -> None:
    api = {"networkPolicy": {"apiServer": {"to": [{"ipBlock": {"cidr": "10.0.0.1/32"}}], "ports": [6443]}}}
    manifests = render({**STUDY, **api})
    network = Network([m for m in manifests if m["kind"] == "NetworkPolicy"], NAMESPACES)
    parts = {pod.component: Pod(pod.namespace, pod.labels) for pod in pods(manifests)}
    attest = parts.pop("attest")

    assert network.allows(attest, INSIDE, 6443)
    assert not network.allows(attest, INTERNET, 443)
    assert [name for name, part in parts.items() if any(network.allows(attest, part, port) for port in (6379, 8080, 8081, 8899))] == []


def test_attest_may_fill_one_config_map_and_vouch_for_one_strategy_and_no_more() -> None:
    manifests = render(STUDY)
    roles = {m["metadata"]["namespace"]: m for m in manifests if m["kind"] == "Role" and m["metadata"]["name"] == "memesnipe-attest"}
    bindings = [m for m in manifests if m["kind"] == "RoleBinding" and m["roleRef"]["name"] == "memesnipe-attest"]

    assert roles[STRATEGIES]["rules"] == [
        {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["memesnipe-evidence-momentum"], "verbs": ["patch"]},
        {"apiGroups": ["memesnipe.io"], "resources": ["strategies"], "resourceNames": ["momentum"], "verbs": ["attest"]},
    ]
    assert [one["subjects"] for one in bindings] == [[{"kind": "ServiceAccount", "name": "memesnipe-attest", "namespace": PLATFORM}]]
    assert len(roles) == 1


def test_the_account_of_the_study_is_bound_to_nothing() -> None:
    bindings = [m for m in render(STUDY) if m["kind"] in ("RoleBinding", "ClusterRoleBinding")]

    assert [b for b in bindings for subject in b["subjects"] if subject["name"] == "memesnipe-evidence"] == []


def test_the_record_s_config_map_is_there_before_the_record_and_stays_after_the_chart() -> None:
    record = one(render(STUDY), "ConfigMap", "memesnipe-evidence-momentum", STRATEGIES)

    assert record["metadata"]["labels"][EVIDENCE_LABEL] == "momentum"
    assert record["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert "data" not in record


def test_what_the_study_is_told_is_what_the_command_understands() -> None:
    args = pod_of(render(STUDY), "evidence").spec["containers"][0]["args"]
    command: Any = typer.main.get_command(app)

    context = command.commands[args[0]].make_context(args[0], args[1:])

    assert str(context.params["market"]) == "/recording/2025/tape.parquet"
    assert context.params["grid"] == ["fast_s=5,10"]


def test_attest_waits_for_the_file_that_the_study_writes() -> None:
    manifests = render(STUDY)
    attest = pod_of(manifests, "attest")
    args = pod_of(manifests, "evidence").spec["containers"][0]["args"]

    settings = load(AttestSettings, {name: str(entry["value"]) for name, entry in attest.env.items()})

    settings.check()
    assert settings.record_file == f"{args[args.index('--out') + 1]}/momentum.evidence.json"
    assert settings.config_map == "memesnipe-evidence-momentum"
    assert (settings.strategies_namespace, settings.wait_s) == (STRATEGIES, 86_400)
    claims = [[v["persistentVolumeClaim"] for v in pod_of(manifests, name).spec["volumes"] if "persistentVolumeClaim" in v]
              for name in ("evidence", "attest")]  # fmt: skip
    assert {"claimName": "memesnipe-research"} in claims[0]
    assert claims[1] == [{"claimName": "memesnipe-research"}]
    assert all(mount.get("readOnly") for mount in attest.spec["containers"][0]["volumeMounts"] if mount["name"] != "tmp")


def test_another_question_is_another_study_in_a_folder_of_its_own_and_the_same_one_is_not_asked_twice() -> None:
    def told(values: Values) -> tuple[str, str, str]:
        manifests = render(values)
        args = pod_of(manifests, "evidence").spec["containers"][0]["args"]
        return pod_of(manifests, "evidence").name, pod_of(manifests, "attest").name, args[args.index("--out") + 1]

    changes: tuple[Values, ...] = (
        study(options=["--period", "1d"]),
        study(market="2026/tape.parquet"),
        study(manifests=STUDY["evidence"]["manifests"] + "# another\n"),  # type: ignore[operator]
        {**STUDY, "seed": 8},
        {**STUDY, "images": {"research": {"tag": "18.0.1"}}},
        {**STUDY, "walletGuard": {"settings": {"MEMESNIPE_TIP_LAMPORTS": "1"}}},
    )
    assert told({**STUDY, "dashboard": {"enabled": False}}) == told(STUDY)
    for column in range(3):
        assert len({told(values)[column] for values in (STUDY, *changes)}) == len(changes) + 1


def test_fees_and_failures_are_those_of_wallet_guard_unless_the_study_says_otherwise() -> None:
    guard = {"walletGuard": {"settings": {"MEMESNIPE_TIP_LAMPORTS": "77", "MEMESNIPE_PAPER_FAILURE_BPS": "300"}}}

    env = pod_of(render({**study(settings={"MEMESNIPE_PAPER_FAILURE_BPS": "500"}), **guard}), "evidence").env

    assert (env["MEMESNIPE_TIP_LAMPORTS"]["value"], env["MEMESNIPE_PAPER_FAILURE_BPS"]["value"]) == ("77", "500")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (study(claim=""), "needs evidence.claim"),
        (study(manifests=""), "needs evidence.manifests"),
        (study(strategy="sniper"), "names no Strategy sniper"),
        (study(strategy="mom"), "names no Strategy mom"),
        ({**STUDY, "persistence": {"enabled": False}, "dashboard": {"enabled": False}}, "needs persistence.enabled: true"),
        (study(market="../secret"), "at '/evidence/market'"),
        (study(market="/etc/passwd"), "at '/evidence/market'"),
    ],
)
def test_a_study_that_could_not_be_run_is_refused_with_what_to_do(values: Values, words: str) -> None:
    with pytest.raises(ChartRefused) as refused:
        render(values)

    assert words in str(refused.value)


def test_a_strategy_that_is_written_over_several_lines_is_found_too() -> None:
    manifests = 'kind: Strategy\nmetadata:\n  name: "momentum"  # ours\n  labels: {a: b}\nspec: {strategy: momentum}\n'

    assert pod_of(render(study(manifests=manifests)), "evidence")


def test_a_study_that_is_out_of_memory_is_tried_again_and_a_verdict_is_not() -> None:
    for name in ("evidence", "attest"):
        (job,) = [m for m in render(STUDY) if m["kind"] == "Job" and m["metadata"]["name"].startswith(f"memesnipe-{name}-")]
        rule = job["spec"]["podFailurePolicy"]["rules"][0]
        assert rule == {"action": "FailJob", "onExitCodes": {"containerName": name, "operator": "In", "values": [1, 2, 3, 78]}}
        assert "ttlSecondsAfterFinished" not in job["spec"]
