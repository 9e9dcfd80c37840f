"""What the FOLD streams add up to: who may trade now, and which configuration is in force. Pure."""

from collections.abc import Iterable, Mapping

import msgspec

from memesnipe.bus.api import Entry
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import PORTFOLIO, ConfigApplied, HaltCommand

MACHINES = frozenset({"risk_guardian", "position_manager", "control", "operator"})
"""Who commands halts without a person. Their word may only make a halt more severe: a drawdown or a full disk must not thaw FROZEN."""
SEVERITY: dict[HaltState, int] = {HaltState.ACTIVE: 0, HaltState.REDUCE_ONLY: 1, HaltState.HALTED: 2, HaltState.FROZEN: 3}


class Halts(msgspec.Struct, frozen=True):
    """The kill switch as it stands after `epoch` commands; `after` is the entry id to read on from."""

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
        epoch, after = epoch + 1, entry.id
        if command.by in MACHINES and SEVERITY[command.state] < SEVERITY[states.get(command.scope, HaltState.ACTIVE)]:
            continue
        states[command.scope], reasons[command.scope] = command.state, command.reason
    return Halts(epoch, after, states, reasons)


def latest_config(config: ConfigApplied | None, entries: Iterable[Entry]) -> ConfigApplied | None:
    """Return the configuration in force after these entries of config_channel; None before the first."""
    for entry in entries:
        config = entry.message
    return config
