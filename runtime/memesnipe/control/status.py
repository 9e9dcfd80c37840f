"""What control says of every strategy in `run/status.json`, for whoever shows it: the command line, the page, live-check.

Loads next to nothing: `memesnipe kill` must not wait for what the gates are judged with.
"""

from enum import StrEnum
from pathlib import Path

import msgspec


class Verdict(StrEnum):
    """A condition's status, in Kubernetes' words plus `Waived`."""

    TRUE = "True"
    FALSE = "False"
    WAIVED = "Waived"


class Condition(msgspec.Struct, frozen=True):
    """One gate's answer."""

    type: str
    status: Verdict
    reason: str
    message: str


class Promotion(msgspec.Struct, frozen=True):
    """Where a strategy is on its way from paper to its whole share of live capital, and why."""

    stage: str
    reason: str = ""
    step: int = 0
    steps: int = 0


class StrategyStatus(msgspec.Struct, frozen=True):
    """What was written of one strategy."""

    id: str
    conditions: tuple[Condition, ...] = ()
    mode: str = ""
    promotion: Promotion | None = None


class _Status(msgspec.Struct, frozen=True):
    strategies: tuple[StrategyStatus, ...]


_decoder = msgspec.json.Decoder(_Status)


def status_file(data: Path) -> Path:
    """Return where it lies in a data folder."""
    return data / "run" / "status.json"


def status_in(data: Path) -> tuple[StrategyStatus, ...]:
    """Return what control wrote of every strategy. Raises OSError, msgspec.MsgspecError where there is no file or another one."""
    return _decoder.decode(status_file(data).read_bytes()).strategies
