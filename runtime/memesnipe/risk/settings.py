"""What the risk guardian reads from the environment, beside the common settings."""

from typing import Annotated

from msgspec import Meta

from memesnipe.kernel.settings import CommonSettings


class RiskSettings(CommonSettings, frozen=True, kw_only=True):
    """Limits are not here: they come with the applied RiskPolicy, versioned and rolled back with it."""

    approval_ttl_ms: Annotated[int, Meta(ge=1_000, le=600_000)] = 120_000
    """How long a live approval of a strategy's order stands: blockhash life and a few attempts."""
    exit_approval_ttl_ms: Annotated[int, Meta(ge=1_000, le=600_000)] = 600_000
    """Longer for exits: a position must get out through a congested chain."""
