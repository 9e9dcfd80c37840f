"""What the operator knows: an object that does not validate never takes the place of one that did."""

from typing import Any

from memesnipe_operator.kinds import FINALIZER, RISK_POLICY, STRATEGY, Kind
from memesnipe_operator.world import World


def a_body(kind: Kind, name: str, version: int, **spec: Any) -> dict[str, Any]:
    meta = {"name": name, "namespace": "test", "uid": f"uid-{name}", "generation": version, "resourceVersion": str(version)}
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": meta, "spec": spec}


def slippage_bps(world: World) -> int | None:
    policy = world.policy()
    return policy.spec.slippage_bps_max if policy else None


def test_a_policy_that_does_not_validate_leaves_the_last_good_one_in_force() -> None:
    world = World()
    world.put(RISK_POLICY, a_body(RISK_POLICY, "default", 1, slippageBpsMax=700))
    good = slippage_bps(world)

    world.put(RISK_POLICY, a_body(RISK_POLICY, "default", 2, slippageBpsMax="much"))

    assert (good, slippage_bps(world)) == (700, 700)


def test_a_policy_that_is_deleted_is_no_policy() -> None:
    world = World()
    world.put(RISK_POLICY, a_body(RISK_POLICY, "default", 1, slippageBpsMax=700))
    world.policy()

    world.drop(RISK_POLICY, a_body(RISK_POLICY, "default", 2))

    assert world.policy() is None


def test_a_policy_that_never_validated_is_no_policy() -> None:
    world = World()

    world.put(RISK_POLICY, a_body(RISK_POLICY, "default", 1, slippageBpsMax="much"))

    assert world.policy() is None


def test_a_strategy_that_does_not_validate_counts_as_it_did_before() -> None:
    world = World()
    world.put(STRATEGY, a_body(STRATEGY, "dip", 1, strategy="momentum", paused=True))
    world.strategies()

    world.put(STRATEGY, a_body(STRATEGY, "dip", 2, strategy="momentum", paused="perhaps"))

    assert [(view.name, view.spec.paused) for view in world.strategies()] == [("dip", True)]


def test_an_event_that_comes_late_does_not_bring_back_an_older_state() -> None:
    world = World()
    world.put(RISK_POLICY, a_body(RISK_POLICY, "default", 5, slippageBpsMax=300))

    news = world.put(RISK_POLICY, a_body(RISK_POLICY, "default", 4, slippageBpsMax=700))

    assert (news, slippage_bps(world)) == (False, 300)


def held(body: dict[str, Any], version: int, **spec: Any) -> dict[str, Any]:
    """The object after our finalizer was put on it."""
    meta = {**body["metadata"], "resourceVersion": str(version), "finalizers": [FINALIZER]}
    return {**body, "metadata": meta, "spec": {**body["spec"], **spec}}


def test_the_answer_to_our_finalizer_is_known_at_once_so_that_its_event_is_no_news() -> None:
    world, body = World(), a_body(STRATEGY, "dip", 1, strategy="momentum")
    world.put(STRATEGY, body)

    world.held(held(body, 2))

    assert world.kept() == ["dip"]


def test_an_answer_that_shows_more_than_our_finalizer_is_left_to_its_event() -> None:
    world, body = World(), a_body(STRATEGY, "dip", 1, strategy="momentum")
    world.put(STRATEGY, body)
    answer = held(body, 3, paused=True)
    answer["metadata"]["generation"] = 2

    world.held(answer)

    assert (world.kept(), world.body(STRATEGY, "dip")) == ([], body)


def test_an_answer_for_a_strategy_that_went_meanwhile_does_not_bring_it_back() -> None:
    world, body = World(), a_body(STRATEGY, "dip", 1, strategy="momentum")

    world.held(held(body, 2))

    assert world.names(STRATEGY) == []
