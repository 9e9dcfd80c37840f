"""What `memesnipe up` hands on of the token checks: a limit that a person set and that never arrives would be no limit."""

from typing import Any

import msgspec
import pytest

from memesnipe.guard.settings import GuardSettings
from memesnipe.kernel.settings import load, variable
from memesnipe.positions.settings import PositionSettings
from memesnipe.signer.settings import SignerSettings
from memesnipe.supervisor import plan
from memesnipe.supervisor.plan import STAGES, Surroundings
from memesnipe.supervisor.settings import UpSettings

AROUND = Surroundings({name: f"redis://{name}" for name in ("default", *STAGES)}, "http://rpc", "ws://rpc", "http://jup", 8091, "w", "w")


def token_fields(settings: type) -> list[str]:
    return [variable(field.name) for field in msgspec.structs.fields(settings) if field.name.startswith("token_")]


def handed_on(process: str, env: dict[str, str]) -> dict[str, Any]:
    settings = load(UpSettings, env)
    found = plan.signer(settings, AROUND, 1) if process == "signer" else plan.stage(process, settings, AROUND, 1)
    return {name: value for name, value in found.env.items() if name.startswith("MEMESNIPE_TOKEN_")}


@pytest.mark.parametrize(
    ("process", "settings"), [("wallet_guard", GuardSettings), ("signer", SignerSettings), ("position_manager", PositionSettings)]
)
def test_every_limit_on_tokens_that_is_set_reaches_the_process_that_keeps_it(process: str, settings: type) -> None:
    given = dict.fromkeys(token_fields(settings), "0")

    assert given
    assert handed_on(process, given) == given


@pytest.mark.parametrize("process", ["wallet_guard", "signer", "position_manager"])
def test_a_limit_that_is_not_set_is_the_process_s_own_default(process: str) -> None:
    assert handed_on(process, {}) == {}
