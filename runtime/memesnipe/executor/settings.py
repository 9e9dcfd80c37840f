"""What the executor reads from its environment."""

from typing import Annotated

from msgspec import Meta

from memesnipe.kernel.settings import CommonSettings


class ExecutorSettings(CommonSettings, frozen=True, kw_only=True):
    """One process runs one strategy."""

    strategy_file: str = ""
    """Path of the strategy's spec (JSON, see `strategy.spec`); a process without one does not start."""
    strategies_path: str = ""
    """Folders with a person's own strategy files, separated as PATH is."""
    executor_event_age_ms_max: Annotated[int, Meta(ge=1, le=3_600_000)] = 5_000
    """Events older than this are heard but not acted on."""
    executor_actions_per_event_max: Annotated[int, Meta(ge=1, le=64)] = 8
    """More answers to one event are refused, counted."""
    executor_read_count_max: Annotated[int, Meta(ge=1, le=10_000)] = 256
    """Entries in one read; a market entry is a frame of up to 1,024 events."""
    executor_fold_every_ms: Annotated[int, Meta(ge=0, le=500)] = 100
    """How often halts and capital are looked up, 0 for before every decision: a halt must work within a second."""
