"""What a change of each field of a Strategy does to what runs, as the reference page says it."""

from typing import Any

import pytest

from memesnipe.testing.operators import Shared


@pytest.fixture(scope="module")
def running(shared: Shared) -> Shared:
    shared.resources.strategy("momentum", parameters={"fast_s": 10})
    shared.resources.until(lambda: shared.resources.condition("momentum", "Stable").get("reason") == "Stable", "it is stable")
    return shared


def deployment(desk: Shared) -> dict[str, Any]:
    found = desk.resources.owned("deployments", "momentum")
    assert found is not None
    return found


def change(desk: Shared, **spec: Any) -> int:
    """Change the spec and wait until its status speaks of it; return the Deployment's generation."""
    generation = desk.resources.change("strategies", "momentum", spec)["metadata"]["generation"]
    desk.resources.until(lambda: desk.resources.status("momentum").get("observedGeneration") == generation, "it is seen")
    return int(deployment(desk)["metadata"]["generation"])


def test_asking_for_live_leaves_the_pod_alone(running: Shared) -> None:
    before = deployment(running)["metadata"]["generation"]

    assert change(running, mode="live") == before
    running.resources.until(lambda: running.resources.status("momentum")["mode"] == "live", "it is live")
    assert change(running, mode="paper") == before


def test_pausing_takes_the_pod_away_and_resuming_brings_the_same_back(running: Shared) -> None:
    template = deployment(running)["spec"]["template"]

    change(running, paused=True)

    running.resources.until(lambda: not running.resources.trades("momentum"), "it does not trade")
    running.resources.until(lambda: deployment(running)["spec"]["replicas"] == 0, "no pod is asked for")
    assert deployment(running)["spec"]["template"] == template
    running.resources.until(lambda: running.resources.condition("momentum", "Trading")["reason"] == "Paused", "the status says why")
    change(running, paused=False)
    running.resources.until(lambda: running.resources.trades("momentum"), "it trades again")
    assert (deployment(running)["spec"]["replicas"], deployment(running)["spec"]["template"]) == (1, template)


def test_other_parameters_start_the_strategy_anew_under_another_spec_hash(running: Shared) -> None:
    pod, before = deployment(running)["spec"]["template"], running.resources.status("momentum")["runningSpecHash"]

    change(running, parameters={"fast_s": 20})

    running.resources.until(lambda: running.resources.status("momentum")["runningSpecHash"] != before, "another spec hash")
    annotations = pod["metadata"]["annotations"]
    running.resources.until(lambda: deployment(running)["spec"]["template"]["metadata"]["annotations"] != annotations, "a new pod")
    assert deployment(running)["spec"]["template"]["spec"] == pod["spec"]
    assert '"fast_s":20' in running.resources.owned("configmaps", "momentum")["data"]["strategy.json"]  # type: ignore[index]
    now = running.resources.status("momentum")["runningSpecHash"]
    running.resources.until(lambda: running.seen.configs()[-1].strategies[0].spec_hash == now, "services know it by that hash")


def test_other_resources_replace_the_pod_and_keep_the_spec_hash(running: Shared) -> None:
    before = running.resources.status("momentum")["runningSpecHash"]

    change(running, resources={"requests": {"cpu": "20m"}, "limits": {"memory": "64Mi"}})

    wanted = {"requests": {"cpu": "20m"}, "limits": {"memory": "64Mi"}}
    running.resources.until(
        lambda: deployment(running)["spec"]["template"]["spec"]["containers"][0]["resources"] == wanted, "the pod has its resources"
    )
    assert running.resources.status("momentum")["runningSpecHash"] == before


def test_other_code_is_refused_by_the_api_server(running: Shared) -> None:
    done = running.resources.patch("strategy", "momentum", {"strategy": "launch-sniper"})

    assert done.returncode == 1
    assert "cannot be changed" in done.stderr
