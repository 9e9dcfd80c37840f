"""What a change of the RiskPolicy's kill switch commands, and above all what it does not."""

from memesnipe.control.kill_switch import Said, commands, said_by
from memesnipe.manifests.models import HaltName, KillSwitch
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import PORTFOLIO

ACTIVE, _, HALTED, _ = HaltState
EVERYONE_ACTIVE = KillSwitch(state=HaltName.ACTIVE, reason="reopened")
EVERYONE_HALTED = KillSwitch(state=HaltName.HALTED, reason="first")
ONE_HALTED = {"momentum": HaltName.HALTED}


def told(*switches: KillSwitch | None) -> list[tuple[str, HaltState]]:
    """Return what the last of these commands, said one after the other."""
    before = after = Said()
    for switch in switches:
        before, after = after, said_by(switch, after)
    return [(command.scope, command.state) for command in commands(before, after, "policy 1", 1)]


def test_active_that_is_named_for_the_first_time_reopens_nothing() -> None:
    assert told(KillSwitch(state=HaltName.ACTIVE, strategies={"momentum": HaltName.ACTIVE}, reason="applied anew")) == []


def test_a_halt_of_one_strategy_says_nothing_to_everyone_with_a_state_for_everyone_beside_it_or_without() -> None:
    beside = KillSwitch(state=HaltName.ACTIVE, strategies=ONE_HALTED, reason="it misbehaves")
    alone = KillSwitch(strategies=ONE_HALTED, reason="it misbehaves")

    assert told(EVERYONE_ACTIVE, beside) == [("momentum", HALTED)]
    assert told(EVERYONE_ACTIVE, alone) == [("momentum", HALTED)]
    assert told(EVERYONE_HALTED, EVERYONE_ACTIVE, None, alone) == [("momentum", HALTED)]


def test_a_reason_alone_repeats_the_state_for_everyone_and_no_single_strategys() -> None:
    before = KillSwitch(state=HaltName.HALTED, strategies=ONE_HALTED, reason="first")
    after = KillSwitch(state=HaltName.HALTED, strategies=ONE_HALTED, reason="second")

    assert told(before, after) == [(PORTFOLIO, HALTED)]


def test_a_reason_without_a_state_for_everyone_commands_nothing() -> None:
    assert told(KillSwitch(strategies=ONE_HALTED, reason="first"), KillSwitch(strategies=ONE_HALTED, reason="second")) == []


def test_taking_it_out_resumes_nothing() -> None:
    assert told(EVERYONE_HALTED, None) == []


def test_active_after_a_halt_that_was_taken_out_resumes() -> None:
    assert told(EVERYONE_HALTED, None, EVERYONE_ACTIVE) == [(PORTFOLIO, ACTIVE)]


def test_the_most_severe_command_comes_first() -> None:
    assert told(EVERYONE_HALTED, KillSwitch(state=HaltName.ACTIVE, strategies=ONE_HALTED)) == [("momentum", HALTED), (PORTFOLIO, ACTIVE)]


def test_a_halt_that_was_taken_out_and_is_written_again_is_said_again() -> None:
    """Somebody may have resumed by another way meanwhile: a person who writes Halted must be heard."""
    assert told(EVERYONE_HALTED, None, EVERYONE_HALTED) == [(PORTFOLIO, HALTED)]
    assert told(KillSwitch(strategies=ONE_HALTED), EVERYONE_ACTIVE, KillSwitch(strategies=ONE_HALTED)) == [("momentum", HALTED)]
