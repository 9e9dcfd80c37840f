"""What attest reads from its environment (`MEMESNIPE_<FIELD>`), once."""

from typing import Annotated

import msgspec
from msgspec import Meta

from memesnipe.kernel.errors import ConfigError

Name = Annotated[str, Meta(max_length=63, pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?\Z")]


class AttestSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which file, and whose record it is to be."""

    record_file: str = ""
    """Where the study will write its record. While there is none the study still runs."""
    strategy: Name = ""
    """The Strategy's name."""
    strategies_namespace: Name = "memesnipe-strategies"
    wait_s: Annotated[float, Meta(ge=0, le=2_592_000)] = 86_400.0
    """How long the study may take."""
    poll_s: Annotated[float, Meta(gt=0, le=60)] = 2.0
    """How often the folder is looked at."""
    kubeconfig: str = ""
    """Empty: the pod's own service account."""
    log_level: Annotated[str, Meta(pattern=r"^(DEBUG|INFO|WARNING|ERROR|CRITICAL)\Z")] = "INFO"
    """DEBUG, INFO, WARNING, ERROR or CRITICAL; lines are JSON."""

    def check(self) -> None:
        """Raise ConfigError where something is not said."""
        for field in ("record_file", "strategy"):
            if not getattr(self, field):
                raise ConfigError(f"MEMESNIPE_{field.upper()}: must be set")

    @property
    def config_map(self) -> str:
        """Name of the ConfigMap that is to hold the record."""
        return f"memesnipe-evidence-{self.strategy}"
