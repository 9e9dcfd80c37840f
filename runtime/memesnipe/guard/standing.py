"""What is in force now: the halts, the applied configuration and wallet_guard's own limit. Read-only to the checks."""

import msgspec

from memesnipe.bus.folds import Halts
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.control import ConfigApplied, StrategyConfig


class Standing(msgspec.Struct, frozen=True):
    """One view of the fold streams, renewed at least every few hundred milliseconds."""

    config: ConfigApplied
    halts: Halts
    trade_size_lamports_max: int
    """The smaller of the setting and the applied policy's."""

    def halt_of(self, strategy: str) -> HaltState:
        """Return the more severe of the portfolio's and the strategy's own halt."""
        return self.halts.effective(strategy)

    def strategy(self, strategy: str) -> StrategyConfig | None:
        """Return the applied Strategy of this id."""
        return next((one for one in self.config.strategies if one.id == strategy), None)

    def mode_of(self, strategy: str) -> Mode:
        """Return the effective mode; a strategy that nobody applied is never live."""
        found = self.strategy(strategy)
        return found.mode if found else Mode.PAPER


def standing_of(config: ConfigApplied, halts: Halts, own_size_lamports_max: int) -> Standing:
    """Return what is in force."""
    return Standing(config, halts, min(own_size_lamports_max, config.limits.guard_trade_size_lamports_max))
