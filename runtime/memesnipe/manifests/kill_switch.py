"""The kill switch as a manifest says it: each change of it is one person's command, and absence says nothing."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from memesnipe.manifests.fields import STRATEGIES_MAX, Model, Name, Rule
from memesnipe.messages.bounds import HaltState

REASON_LENGTH_MAX = 256


class HaltName(StrEnum):
    """The halt states as Kubernetes spells words, from the least to the most severe."""

    ACTIVE = "Active"
    REDUCE_ONLY = "ReduceOnly"
    HALTED = "Halted"
    FROZEN = "Frozen"

    @property
    def state(self) -> HaltState:
        """Return the state as services know it."""
        return HaltState[self.name]

    @classmethod
    def of(cls, state: HaltState) -> "HaltName":
        """Return how a manifest spells a state."""
        return cls[state.name]


Reason = Annotated[str, Field(max_length=REASON_LENGTH_MAX)]


class KillSwitch(Model):
    """What a person commands. A state left out commands nothing: a halt that is in force stays in force."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.state) || (has(self.strategies) && size(self.strategies) > 0)",
            "killSwitch commands nothing: set state or strategies, or remove it",
            lambda switch: switch.state is not None or bool(switch.strategies),
        ),
    )
    state: HaltName | None = None
    """For everyone. Active: all trade. ReduceOnly: strategies may only sell. Halted: only stops, take-profits, time stops and a person's
    close are signed. Frozen: nothing is signed, for a stolen key."""
    reason: Reason = ""
    """Why, for whoever reads it next."""
    strategies: dict[Name, HaltName] = Field(default_factory=dict, max_length=STRATEGIES_MAX)
    """By Strategy name, for that one alone; the more severe of this and `state` counts."""
