"""No capital without evidence for exactly this spec and code, on a real API server and a chain that says it is mainnet."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from memesnipe.bus import topology
from memesnipe.control.applied import hash_of
from memesnipe.evidence.record import to_json
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.messages.bounds import Mode
from memesnipe.messages.codec import encode
from memesnipe.messages.control import HeldAccount, Holdings, StrategyRegistered
from memesnipe.messages.promotion import PromotionStage, PromotionStep
from memesnipe.testing.builders import SOL, START_NS
from memesnipe.testing.chains import MAINNET_GENESIS
from memesnipe.testing.cluster import Cluster
from memesnipe.testing.custom_resources import MERGE, Resources, a_namespace
from memesnipe.testing.desk import EVIDENCE_KEY, evidence_map
from memesnipe.testing.evidence import a_record_for
from memesnipe.testing.operators import Shared, starting
from memesnipe.testing.redis_seen import RedisSeen

CORE = "/api/v1"
CODE, OTHER_CODE = "c" * 64, "d" * 64
SPEC = hash_of("momentum", {})
STRATEGIES = ("goes-live", "tampered", "raised", "changed", "restarted", "demoted", "lost")


@pytest.fixture(scope="module")
def mainnet(cluster: Cluster, installed: None, valkey_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """One operator beside a chain that says it is mainnet; every Strategy has proven itself on paper, and its code is registered."""
    seen = RedisSeen(valkey_server)
    seen.client.flushall()
    held = Holdings(tuple(HeldAccount(name, Mode.PAPER, 0, (), (), 100) for name in STRATEGIES))
    seen.client.set(topology.HOLDINGS_KEY, encode(held))
    register(seen, CODE)
    with a_namespace(cluster) as namespace:
        resources = Resources(cluster, namespace)
        with starting(resources, valkey_server, tmp_path_factory.mktemp("operator")) as start:
            resources.limits()
            yield Shared(start(genesis=MAINNET_GENESIS), resources, seen)
        resources.let_go()


def register(seen: RedisSeen, code_hash: str) -> None:
    seen.publish(topology.REGISTRY, StrategyRegistered("momentum", "1", code_hash, ("price",), b"{}", b"{}", START_NS))


def keep(resources: Resources, strategy: str, text: str) -> None:
    """Bring a record, as the Job does."""
    path = f"{CORE}/namespaces/{resources.namespace}/configmaps"
    resources.cluster.call("POST", path, evidence_map(text, strategy, f"evidence-{strategy}"))


def a_text(code: str = CODE, **changes: Any) -> str:
    return to_json(a_record_for(SPEC, code, **changes)).decode()


def says(mainnet: Shared, name: str) -> tuple[str, str, bool]:
    """Return the mode, what the evidence gate says, and whether there is a lease."""
    resources, seen = mainnet.resources, mainnet.seen
    return str(resources.status(name).get("mode")), str(resources.condition(name, "EvidencePassed").get("reason")), bool(seen.lease(name))


def until_it_says(mainnet: Shared, name: str, *wanted: object) -> None:
    mainnet.resources.until(lambda: says(mainnet, name) == wanted, f"{name} says {wanted}; it says {says(mainnet, name)}")


def until_why(resources: Resources, name: str, text: str) -> None:
    """Wait until the column WHY names the gate: before, the Strategy is on its way into the configuration, or its pod is starting."""
    resources.until(lambda: text in resources.status(name).get("why", ""), f"{name} says why: {text}")


def test_a_strategy_goes_live_by_its_evidence_and_back_when_that_is_deleted(mainnet: Shared) -> None:
    resources = mainnet.resources
    resources.strategy("goes-live", mode="live")
    until_it_says(mainnet, "goes-live", "paper", "NoEvidence", False)
    until_why(resources, "goes-live", "EvidencePassed: no evidence record")
    record = a_record_for(SPEC, CODE)

    keep(resources, "goes-live", to_json(record).decode())

    until_it_says(mainnet, "goes-live", "live", "EvidenceRecorded", True)
    shown = resources.status("goes-live")["evidence"]
    assert (shown["recordHash"], shown["verdict"], shown["dsr"], shown["pbo"], shown["trades"]) == (record.sha256, "Passed", 0.97, 0.1, 400)
    assert "EvidenceRecorded" in resources.kubectl("get", "strategy", "goes-live", "-o", "wide").stdout
    resources.delete("configmaps", "evidence-goes-live", CORE)
    until_it_says(mainnet, "goes-live", "paper", "NoEvidence", False)
    assert "evidence" not in resources.status("goes-live")
    assert mainnet.seen.exit_lease("goes-live") is not None


def test_a_tampered_record_is_refused_and_named(mainnet: Shared) -> None:
    resources = mainnet.resources
    resources.strategy("tampered", mode="live")

    keep(resources, "tampered", a_text(dsr=0.90).replace('"dsr":0.9,', '"dsr":0.99,'))

    until_it_says(mainnet, "tampered", "paper", "EvidenceDamaged", False)
    message = resources.condition("tampered", "EvidencePassed")["message"]
    assert "ConfigMap evidence-tampered cannot be relied on: sha256: the record was changed after it was sealed" in message
    assert mainnet.operator.count("memesnipe_evidence_errors_total") >= 1


def test_demands_raised_in_the_allocation_make_a_passed_record_fail(mainnet: Shared) -> None:
    resources = mainnet.resources
    resources.strategy("raised", mode="live")
    keep(resources, "raised", a_text())
    until_it_says(mainnet, "raised", "live", "EvidenceRecorded", True)

    resources.change("allocations", "default", {"promotion": {"dsrMin": 0.98, "tradesMin": 500}})

    until_it_says(mainnet, "raised", "paper", "EvidenceBelowThresholds", False)
    until_why(resources, "raised", "not met: trades 400 (limit 500), dsr 0.97 (limit 0.98)")
    assert resources.status("raised")["evidence"]["verdict"] == "Failed"
    resources.change("allocations", "default", {"promotion": {"dsrMin": 0.95, "tradesMin": 100}})
    until_it_says(mainnet, "raised", "live", "EvidenceRecorded", True)


def test_other_code_under_the_same_spec_goes_back_to_paper_until_it_has_a_record_of_its_own(mainnet: Shared) -> None:
    resources = mainnet.resources
    resources.strategy("changed", mode="live")
    keep(resources, "changed", a_text())
    until_it_says(mainnet, "changed", "live", "EvidenceRecorded", True)

    register(mainnet.seen, OTHER_CODE)

    until_it_says(mainnet, "changed", "paper", "EvidenceForOtherCode", False)
    path = f"{CORE}/namespaces/{resources.namespace}/configmaps/evidence-changed"
    resources.cluster.call("PATCH", path, {"data": {EVIDENCE_KEY: a_text(OTHER_CODE)}}, content_type=MERGE)
    until_it_says(mainnet, "changed", "live", "EvidenceRecorded", True)
    assert {one.code_hash for one in mainnet.seen.configs()[-1].strategies if one.id == "changed"} == {OTHER_CODE}
    register(mainnet.seen, CODE)
    until_it_says(mainnet, "changed", "paper", "EvidenceForOtherCode", False)


def say(mainnet: Shared, name: str, after: PromotionStage, number: int) -> None:
    """Say what autonomous_allocator would."""
    until_ns = START_NS + 3_600 * NS_PER_S if after is PromotionStage.DEMOTED else 0
    word = PromotionStep(
        f"{name}-{number}", name, number, PromotionStage.CANARY, after, 1 if after is PromotionStage.CANARY else 0, 3, 500, "shown",
        "f" * 32, SPEC, START_NS + number, until_ns,
    )  # fmt: skip
    mainnet.seen.publish(topology.PROMOTIONS, word)


def test_a_demoted_strategy_goes_to_paper_and_its_status_says_why(mainnet: Shared) -> None:
    resources = mainnet.resources
    resources.strategy("demoted", mode="live")
    keep(resources, "demoted", a_text())
    until_it_says(mainnet, "demoted", "live", "EvidenceRecorded", True)
    say(mainnet, "demoted", PromotionStage.CANARY, 1)
    resources.until(lambda: resources.condition("demoted", "Promotion").get("reason") == "Canary", "its status says where it stands")
    assert resources.status("demoted")["promotion"]["step"] == 1

    say(mainnet, "demoted", PromotionStage.DEMOTED, 2)

    until_it_says(mainnet, "demoted", "paper", "EvidenceRecorded", False)
    until_why(resources, "demoted", "NotDemoted: shown; on paper until 2025-10-09 09:53:20Z and until it is approved anew")
    assert resources.status("demoted")["promotion"]["stage"] == "Demoted"
    assert mainnet.seen.exit_lease("demoted") is not None
    assert "PromotionDemoted" in resources.kubectl("get", "events").stdout


def test_a_restart_sends_nobody_who_is_live_to_paper(mainnet: Shared) -> None:
    resources, seen = mainnet.resources, mainnet.seen
    resources.strategy("restarted", mode="live")
    keep(resources, "restarted", a_text())
    until_it_says(mainnet, "restarted", "live", "EvidenceRecorded", True)
    known = len(seen.configs())
    mainnet.operator.stop()

    with mainnet.operator as again:
        again.ready()
        resources.change("allocations", "default", {"capitalSol": 21})
        resources.until(lambda: len(seen.configs()) > known, "another configuration is in force")

        told = {(one.mode, one.code_hash) for config in seen.configs()[known:] for one in config.strategies if one.id == "restarted"}
        assert told == {(Mode.LIVE, CODE)}, json.dumps(resources.status("restarted"))


def test_a_demotion_outlives_the_loss_of_redis_and_a_restart(mainnet: Shared) -> None:
    resources, seen = mainnet.resources, mainnet.seen
    mainnet.operator.stop()
    with mainnet.operator as first:
        first.ready()
        resources.strategy("lost", mode="live")
        keep(resources, "lost", a_text())
        until_it_says(mainnet, "lost", "live", "EvidenceRecorded", True)
        say(mainnet, "lost", PromotionStage.DEMOTED, 1)
        until_it_says(mainnet, "lost", "paper", "EvidenceRecorded", False)

    seen.client.delete(topology.PROMOTIONS.name)

    with mainnet.operator as again:
        again.ready()
        resources.change("allocations", "default", {"capitalSol": 22})
        resources.until(lambda: seen.configs()[-1].capital_lamports == 22 * SOL, "another configuration is in force")
        (config,) = [one for one in seen.configs()[-1].strategies if one.id == "lost"]
        assert (config.mode, config.cooling_until_ns) == (Mode.PAPER, START_NS + 3_600 * NS_PER_S)
