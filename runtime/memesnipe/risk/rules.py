"""What is in force while a batch is decided: applied config, capital by strategy, halt states. Folded, never guessed."""

import msgspec

from memesnipe.bus.api import Entry
from memesnipe.bus.folds import Halts, fold_halts
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.control import AllocationDecision, ConfigApplied, StrategyConfig


class Rules(msgspec.Struct, frozen=True):
    """An immutable view; a new config, allocation or halt makes a new one."""

    config: ConfigApplied | None = None
    strategies: dict[str, StrategyConfig] = {}
    capital: dict[str, int] = {}
    """Allocated lamports by strategy, from the newest decision."""
    live_runs: dict[str, tuple[str, str]] = {}
    """By strategy whose newest share is for live trading: the spec and the code's hash that may have it."""
    halts: Halts = Halts()

    @property
    def halt_epoch(self) -> int:
        """How many kill-switch entries are in force."""
        return self.halts.epoch

    def mode_of(self, strategy: str) -> Mode:
        """Return the effective mode; a strategy nobody applied is paper, whatever it claims."""
        applied = self.strategies.get(strategy)
        return applied.mode if applied else Mode.PAPER

    def halt(self, strategy: str) -> HaltState:
        """Return the more severe of the portfolio's halt and the strategy's own."""
        return self.halts.effective(strategy)

    def with_config(self, config: ConfigApplied) -> "Rules":
        """Return the rules with a newer config in force."""
        return msgspec.structs.replace(self, config=config, strategies={s.id: s for s in config.strategies})

    def with_allocation(self, decision: AllocationDecision) -> "Rules":
        """Return the rules with a newer allocation in force; a strategy it does not name has no capital."""
        runs = {share.strategy: (share.live_spec, share.live_code) for share in decision.shares if share.live_spec}
        return msgspec.structs.replace(self, capital={one.strategy: one.capital_lamports for one in decision.shares}, live_runs=runs)

    def with_halt(self, entry: Entry) -> "Rules":
        """Return the rules after one more kill-switch entry."""
        return msgspec.structs.replace(self, halts=fold_halts(self.halts, (entry,)))
