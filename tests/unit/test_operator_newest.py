"""What the operator takes for the newest state, when events, answers and lists overtake each other."""

from typing import Any

from memesnipe_operator.children import count_of
from memesnipe_operator.kinds import ALLOCATION, RISK_POLICY, STRATEGY, Kind
from memesnipe_operator.newest import Newest
from memesnipe_operator.world import World

KEY = ("Secret", "a")


def a_body(version: int, name: str = "a", **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "resourceVersion": str(version)}, **more}


def ours(kind: Kind, version: int, spec: dict[str, Any], name: str = "default", generation: int = 0) -> dict[str, Any]:
    meta = {"name": name, "namespace": "n", "uid": f"u-{name}", "resourceVersion": str(version), "generation": generation or version}
    return {"kind": kind.kind, "metadata": meta, "spec": spec}


def test_an_event_that_is_older_than_an_answer_is_no_news() -> None:
    known = Newest()

    assert [known.put(KEY, a_body(version)) for version in (5, 9, 7, 9)] == [True, True, False, True]
    assert known.get(KEY) == a_body(9)


def test_a_deletion_that_is_older_than_what_came_again_takes_nothing_away() -> None:
    known = Newest()
    known.put(KEY, a_body(9))

    assert known.drop(KEY, a_body(7)) is False
    assert known.get(KEY) == a_body(9)


def test_what_is_gone_stays_gone_for_events_and_lists_from_before() -> None:
    known = Newest()
    known.put(KEY, a_body(5))
    known.drop(KEY, a_body(8))

    assert known.put(KEY, a_body(6)) is False
    known.replace("Secret", [a_body(6)], "7")
    assert known.get(KEY) is None
    assert known.put(KEY, a_body(10)) is True


def test_a_list_does_not_lose_what_was_made_while_it_was_read() -> None:
    known = Newest()
    known.put(KEY, a_body(5))
    known.put(("Secret", "late"), a_body(12, "late"))

    gone = known.replace("Secret", [], "10")

    assert gone == {"a"}
    assert known.names("Secret") == ["late"]


def test_a_version_that_is_no_number_counts_as_news() -> None:
    known = Newest()
    known.put(KEY, {"metadata": {"name": "a", "resourceVersion": "opaque-2"}})

    assert known.put(KEY, {"metadata": {"name": "a", "resourceVersion": "opaque-1"}}) is True


def test_the_answer_to_a_status_is_taken_unless_it_shows_a_spec_that_no_event_told_of() -> None:
    world = World()
    world.put(STRATEGY, ours(STRATEGY, 5, {"strategy": "momentum"}, "a", generation=1))

    world.answered(STRATEGY, ours(STRATEGY, 9, {"strategy": "momentum"}, "a", generation=2))
    assert world.body(STRATEGY, "a")["metadata"]["resourceVersion"] == "5"  # type: ignore[index]  # it is there
    world.answered(STRATEGY, ours(STRATEGY, 6, {"strategy": "momentum"}, "a", generation=1))
    assert world.body(STRATEGY, "a")["metadata"]["resourceVersion"] == "6"  # type: ignore[index]  # as above


def test_a_resource_that_does_not_validate_leaves_the_last_good_one_in_force() -> None:
    world = World()
    world.put(ALLOCATION, ours(ALLOCATION, 1, {"capitalSol": 20}))
    world.put(RISK_POLICY, ours(RISK_POLICY, 2, {"drawdownBpsMax": 1_000}))
    world.put(STRATEGY, ours(STRATEGY, 3, {"strategy": "momentum", "mode": "live"}, "a"))
    good = (world.allocation(), world.policy(), world.strategies())

    world.put(ALLOCATION, ours(ALLOCATION, 4, {"capitalSol": -1}))
    world.put(RISK_POLICY, ours(RISK_POLICY, 5, {"drawdownBpsMax": "a lot"}))
    world.put(STRATEGY, ours(STRATEGY, 6, {"strategy": "momentum", "unknown": 1}, "a"))

    assert (world.allocation(), world.policy(), world.strategies()) == good


def test_a_resource_that_is_gone_leaves_nothing_in_force() -> None:
    world = World()
    body = ours(RISK_POLICY, 2, {"drawdownBpsMax": 1_000})
    world.put(RISK_POLICY, body)
    assert world.policy() is not None

    world.drop(RISK_POLICY, body)

    assert world.policy() is None


def test_one_that_never_validated_is_none_at_all() -> None:
    world = World()
    world.put(RISK_POLICY, ours(RISK_POLICY, 5, {"drawdownBpsMax": "a lot"}))
    world.put(STRATEGY, ours(STRATEGY, 6, {"strategy": "momentum", "unknown": 1}, "a"))

    assert (world.policy(), world.strategies()) == (None, [])


def a_deployment(generation: int, replicas: int = 1, **meta: Any) -> dict[str, Any]:
    metadata = {"name": "a", "generation": generation, "resourceVersion": str(replicas), "labels": {"a": "b"}, **meta}
    return {"kind": "Deployment", "metadata": metadata, "status": {"replicas": replicas}}


def test_a_status_of_a_deployment_is_no_drift() -> None:
    assert count_of("Deployment", a_deployment(3, replicas=0)) == count_of("Deployment", a_deployment(3, replicas=1))


def test_a_changed_spec_label_or_owner_of_a_deployment_is_drift() -> None:
    before = count_of("Deployment", a_deployment(3))

    assert count_of("Deployment", a_deployment(4)) != before
    assert count_of("Deployment", a_deployment(3, labels={})) != before
    assert count_of("Deployment", a_deployment(3, ownerReferences=[{"uid": "another", "controller": True}])) != before


def test_any_change_of_another_kind_is_drift() -> None:
    assert count_of("Secret", a_body(3, kind="Secret")) != count_of("Secret", a_body(4, kind="Secret"))


def test_who_wrote_which_field_is_not_kept() -> None:
    known, body = Newest(), a_body(5)
    body["metadata"]["managedFields"] = [{"manager": "kubectl", "fieldsV1": {"f:spec": {}}}]

    known.put(KEY, body)

    assert known.get(KEY) == a_body(5)
