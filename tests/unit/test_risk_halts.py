"""The kill switch as folded: who may make it looser."""

import pytest

from memesnipe.bus.api import Entry
from memesnipe.bus.folds import MACHINES, Halts, fold_halts
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import HaltCommand
from memesnipe.testing.builders import a_halt


def folded(*commands: HaltCommand) -> Halts:
    return fold_halts(Halts(), [Entry("kill_switch_channel", f"{n}-0", command) for n, command in enumerate(commands, 1)])


@pytest.mark.parametrize("machine", sorted(MACHINES))
def test_a_machine_cannot_loosen_what_a_person_froze(machine: str) -> None:
    halts = folded(a_halt(HaltState.FROZEN, by="person"), a_halt(HaltState.HALTED, by=machine))

    assert halts.portfolio is HaltState.FROZEN


def test_a_machine_can_make_a_halt_more_severe() -> None:
    halts = folded(a_halt(HaltState.REDUCE_ONLY, by="person"), a_halt(HaltState.HALTED, by="risk_guardian"))

    assert halts.portfolio is HaltState.HALTED


def test_a_person_lifts_what_a_machine_halted() -> None:
    halts = folded(a_halt(HaltState.HALTED, by="risk_guardian"), a_halt(HaltState.ACTIVE, by="person"))

    assert halts.portfolio is HaltState.ACTIVE


def test_an_ignored_command_still_counts_in_the_epoch() -> None:
    halts = folded(a_halt(HaltState.FROZEN, by="person"), a_halt(HaltState.HALTED, by="risk_guardian"))

    assert halts.epoch == 2
