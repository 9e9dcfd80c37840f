"""What the kill switch and the configuration add up to."""

import msgspec
import pytest

from memesnipe.bus.api import Entry
from memesnipe.bus.folds import Halts, fold_halts, is_after, just_before, latest_config
from memesnipe.bus.topology import CONFIG, KILL_SWITCH
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.codec import decode, encode
from memesnipe.messages.control import PORTFOLIO, HaltCommand
from memesnipe.testing.builders import a_config, a_halt

ACTIVE, REDUCE_ONLY, HALTED, FROZEN = HaltState


def entries(*commands: HaltCommand) -> list[Entry]:
    return [Entry(KILL_SWITCH.name, f"{number}-0", command) for number, command in enumerate(commands, start=1)]


def test_without_a_command_everyone_is_active_in_epoch_zero() -> None:
    halts = Halts()

    assert (halts.effective("momentum"), halts.epoch) == (ACTIVE, 0)


@pytest.mark.parametrize("portfolio", HaltState)
@pytest.mark.parametrize("own", HaltState)
def test_the_more_severe_of_portfolio_and_own_state_is_in_force(portfolio: HaltState, own: HaltState) -> None:
    halts = fold_halts(Halts(), entries(a_halt(own, scope="momentum"), a_halt(portfolio)))

    order = list(HaltState)
    assert halts.effective("momentum") is order[max(order.index(portfolio), order.index(own))]


def test_a_strategys_halt_leaves_the_others_alone() -> None:
    halts = fold_halts(Halts(), entries(a_halt(HALTED, scope="momentum")))

    assert (halts.effective("momentum"), halts.effective("launch-sniper")) == (HALTED, ACTIVE)


def test_the_newest_command_of_a_scope_replaces_the_one_before() -> None:
    halts = fold_halts(Halts(), entries(a_halt(FROZEN), a_halt(ACTIVE)))

    assert halts.effective("momentum") is ACTIVE


def test_every_command_is_an_epoch_whatever_it_says() -> None:
    halts = fold_halts(Halts(), entries(a_halt(ACTIVE), a_halt(ACTIVE), a_halt(REDUCE_ONLY, scope="momentum")))

    assert (halts.epoch, halts.after) == (3, "3-0")


def test_folding_in_two_parts_gives_the_same_as_at_once() -> None:
    commands = entries(a_halt(HALTED), a_halt(REDUCE_ONLY, scope="momentum"), a_halt(ACTIVE))

    assert fold_halts(fold_halts(Halts(), commands[:1]), commands[1:]) == fold_halts(Halts(), commands)


def test_the_reason_of_the_newest_command_is_kept() -> None:
    halts = fold_halts(Halts(), entries(a_halt(HALTED, reason="drawdown")))

    assert halts.reasons[PORTFOLIO] == "drawdown"


def test_the_newest_configuration_is_in_force() -> None:
    old, new = a_config(version=1), a_config(version=2)

    assert latest_config(old, [Entry(CONFIG.name, "2-0", new)]) == new


def test_without_news_the_configuration_stays() -> None:
    config = a_config()

    assert latest_config(config, []) == config
    assert latest_config(None, []) is None


def test_a_command_that_names_a_later_epoch_brings_everyone_to_it() -> None:
    early, late = fold_halts(Halts(), entries(a_halt(epoch=7))), fold_halts(Halts(epoch=3), entries(a_halt(epoch=7)))

    assert (early.epoch, late.epoch) == (7, 7)


def test_an_epoch_never_goes_back() -> None:
    halts = fold_halts(Halts(epoch=9), entries(a_halt(epoch=7)))

    assert halts.epoch == 10


@pytest.mark.parametrize(("entry_id", "before"), [("0", "0"), ("5-3", "5-2"), ("5-0", f"4-{2**64 - 1}")])
def test_reading_on_from_just_before_an_entry_gives_that_entry_first(entry_id: str, before: str) -> None:
    assert just_before(entry_id) == before


@pytest.mark.parametrize(
    ("one", "other", "after"), [("10-0", "9-5", True), ("9-10", "9-9", True), ("9-9", "9-9", False), ("9-0", "0", True)]
)
def test_entry_ids_are_compared_as_numbers(one: str, other: str, after: bool) -> None:
    assert is_after(one, other) is after


def test_a_command_of_before_epochs_were_named_is_still_read() -> None:
    command = a_halt()

    old = msgspec.msgpack.encode(msgspec.msgpack.decode(encode(command))[:-1])

    assert decode(HaltCommand, old) == command
