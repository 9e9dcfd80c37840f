"""What strategy_factory reads from its environment."""

from typing import Annotated

from msgspec import Meta

from memesnipe.kernel.settings import CommonSettings


class FactorySettings(CommonSettings, frozen=True, kw_only=True):
    """Where strategies may be, and how often to look."""

    strategies_path: str = ""
    """Folders with a person's own strategy files, separated as PATH is."""
    factory_interval_s: Annotated[float, Meta(ge=0.1, le=86_400)] = 60.0
    """Between looks; SIGHUP asks for one at once."""
