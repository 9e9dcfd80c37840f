"""Strategy: what to run, and whether it asks to trade with real money."""

from typing import Any

from pydantic import Field

from memesnipe.manifests.fields import Change, Model, Name, on_change
from memesnipe.manifests.resources import Resources
from memesnipe.messages.bounds import Mode

PARAMETERS_MAX = 64


class StrategySpecModel(Model):
    """What to run."""

    strategy: Name = Field(json_schema_extra=on_change(Change.FIXED))
    """Entry-point name of the code. Cannot be changed on an existing Strategy: other code would trade its positions."""
    mode: Mode | None = Field(default=None, json_schema_extra=on_change(Change.GATED))
    """`live` is a request that the gates decide on; `paper` is always paper. Absent: paper in a cluster; on a host it follows the
    installation's switch."""
    paused: bool = Field(default=False, strict=True, json_schema_extra=on_change(Change.SCALED))
    """A paused strategy makes no orders; stops, take-profits and time stops of what it holds go on."""
    parameters: dict[str, Any] = Field(default_factory=dict, max_length=PARAMETERS_MAX, json_schema_extra=on_change(Change.RESTARTED))
    """What the code takes, by name; its own document lists them. A change makes a new spec hash, which needs evidence of its own."""
    resources: Resources | None = Field(default=None, json_schema_extra=on_change(Change.REPLACED))
    """What its container may use; absent: the installation's default. A host ignores it."""
