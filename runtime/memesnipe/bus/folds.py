"""What the FOLD streams add up to: who may trade now, and which configuration is in force. Pure."""

from collections.abc import Iterable, Mapping

import msgspec

from memesnipe.bus.api import Entry
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import PORTFOLIO, ConfigApplied, HaltCommand

MACHINES = frozenset({"risk_guardian", "position_manager", "control", "operator"})
"""Who commands halts without a person. Their word may only make a halt more severe: a drawdown or a full disk must not thaw FROZEN."""
SEVERITY: dict[HaltState, int] = {HaltState.ACTIVE: 0, HaltState.REDUCE_ONLY: 1, HaltState.HALTED: 2, HaltState.FROZEN: 3}

SEQUENCE_MAX = 2**64 - 1
"""Of the second half of an entry id."""


class Halts(msgspec.Struct, frozen=True):
    """The kill switch as it stands in `epoch`, which each command moves on; `after` is the entry id to read on from."""

    epoch: int = 0
    after: str = "0"
    states: Mapping[str, HaltState] = {}
    """By scope: PORTFOLIO or a strategy id. A scope that was never commanded is ACTIVE."""
    reasons: Mapping[str, str] = {}

    def effective(self, strategy: str) -> HaltState:
        """Return the more severe of the portfolio's state and the strategy's own."""
        portfolio, own = self.portfolio, self.states.get(strategy, HaltState.ACTIVE)
        return portfolio if SEVERITY[portfolio] >= SEVERITY[own] else own

    @property
    def portfolio(self) -> HaltState:
        """Return the state that is for everyone."""
        return self.states.get(PORTFOLIO, HaltState.ACTIVE)


def fold_halts(halts: Halts, entries: Iterable[Entry]) -> Halts:
    """Return the kill switch after these entries: the newest command of a scope is in force, unless a machine would loosen it."""
    epoch, after = halts.epoch, halts.after
    states, reasons = dict(halts.states), dict(halts.reasons)
    for entry in entries:
        command: HaltCommand = entry.message
        epoch, after = max(epoch + 1, command.epoch), entry.id
        if command.by in MACHINES and SEVERITY[command.state] < SEVERITY[states.get(command.scope, HaltState.ACTIVE)]:
            continue
        states[command.scope], reasons[command.scope] = command.state, command.reason
    return Halts(epoch, after, states, reasons)


def just_before(entry_id: str) -> str:
    """Return the id before an entry's: reading on from it gives that entry first, if the stream still has it."""
    if entry_id == "0":
        return entry_id
    ms, sequence = map(int, entry_id.split("-"))
    return f"{ms}-{sequence - 1}" if sequence else f"{ms - 1}-{SEQUENCE_MAX}"


def is_after(entry_id: str, other: str) -> bool:
    """Return whether an entry id is later than another's."""
    return _parts(entry_id) > _parts(other)


def _parts(entry_id: str) -> tuple[int, int]:
    ms, _, sequence = entry_id.partition("-")
    return int(ms), int(sequence or 0)


def latest_config(config: ConfigApplied | None, entries: Iterable[Entry]) -> ConfigApplied | None:
    """Return the configuration in force after these entries of config_channel; None before the first."""
    for entry in entries:
        config = entry.message
    return config
