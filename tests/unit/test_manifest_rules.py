"""Rules over several fields on a host, the kill switch as a person writes it, and which way a limit gets looser."""

from typing import Any

import pytest
from pydantic import ValidationError

from memesnipe.kernel.errors import ConfigError
from memesnipe.manifests.directions import DIRECTIONS, Looser, loosened
from memesnipe.manifests.models import AS_STORED, HaltName, KillSwitch, Resources, RiskPolicySpec
from memesnipe.manifests.reading import parse
from memesnipe.messages.bounds import HaltState

POLICY = "apiVersion: memesnipe.io/v1alpha1\nkind: RiskPolicy\nmetadata: {name: default}\nspec: {%s}\n"


def test_a_broken_rule_is_told_with_file_and_fields() -> None:
    with pytest.raises(ConfigError, match=r"mine.yaml\[0\]: spec: .*tradeSizeSolMax is more than strategyExposureSolMax"):
        parse((POLICY % "tradeSizeSolMax: 6").encode(), "mine.yaml")


def test_every_broken_rule_is_told_at_once() -> None:
    with pytest.raises(ConfigError, match=r"tradeSizeSolMax is more than .*; spendSolPerHourMax is more than"):
        parse((POLICY % "tradeSizeSolMax: 6, spendSolPerHourMax: 101").encode(), "mine.yaml")


def test_what_was_accepted_before_a_rule_is_still_read_back() -> None:
    stored = {"tradeSizeSolMax": 6}

    with pytest.raises(ValidationError):
        RiskPolicySpec.model_validate(stored)
    assert RiskPolicySpec.model_validate(stored, context=AS_STORED).trade_size_sol_max == 6


def test_a_bound_holds_for_what_is_read_back_too() -> None:
    with pytest.raises(ValidationError):
        RiskPolicySpec.model_validate({"slippageBpsMax": 10_001}, context=AS_STORED)


def test_leaving_the_new_fields_out_dumps_as_before_so_that_no_host_sees_a_change() -> None:
    dumped = RiskPolicySpec().model_dump(by_alias=True, exclude_none=True)

    assert {"killSwitch", "onDelete"} & set(dumped) == set()


def test_a_kill_switch_without_a_state_commands_nothing_for_everyone() -> None:
    switch = KillSwitch.model_validate({"strategies": {"momentum": "Halted"}})

    assert switch.state is None
    assert switch.strategies == {"momentum": HaltName.HALTED}


@pytest.mark.parametrize("state", HaltState)
def test_every_halt_state_has_a_name_and_back(state: HaltState) -> None:
    assert HaltName.of(state).state is state


@pytest.mark.parametrize(("asked", "most"), [("1", "999m"), ("0.5", "499m"), ("2", "1")])
def test_asking_for_more_than_the_limit_is_refused(asked: str, most: str) -> None:
    with pytest.raises(ValidationError, match=r"requests.cpu is more than limits.cpu"):
        Resources.model_validate({"requests": {"cpu": asked}, "limits": {"cpu": most}})


def test_a_quantity_keeps_its_notation() -> None:
    found = Resources.model_validate({"requests": {"cpu": 1, "memory": "1Gi"}})

    assert found.model_dump(by_alias=True, exclude_none=True) == {"requests": {"cpu": "1", "memory": "1Gi"}}


@pytest.mark.parametrize(
    ("old", "new", "looser"),
    [(10, 11, True), (10, 10, False), (10, 9, False), (10, 0, True), (0, 10, False), (0, 0, False)],
)
def test_an_exit_that_0_switches_off_is_loosest_at_0(old: float, new: float, looser: bool) -> None:
    assert Looser.LARGER_OR_ZERO.than(new, old) is looser


@pytest.mark.parametrize("change", [{"slippageBpsMax": 1_499}, {"tradeSizeSolMax": 0}, {"onDelete": "Refuse"}, {}])
def test_a_tighter_policy_is_no_looser_one(change: dict[str, Any]) -> None:
    assert loosened(RiskPolicySpec(), RiskPolicySpec.model_validate(change)) == ()


def test_every_limit_that_got_looser_is_named() -> None:
    new = RiskPolicySpec.model_validate({"timeStopS": 0, "tipSolMax": 0.006, "slippageBpsMax": 1})

    assert loosened(RiskPolicySpec(), new) == ("timeStopS", "tipSolMax")
    assert {name for name, way in DIRECTIONS.items() if way is Looser.NEVER} == {"onDelete"}
