"""What the drain reads from its environment (`MEMESNIPE_<FIELD>`), once."""

from typing import Annotated

from msgspec import Meta

from memesnipe.kernel.settings import CommonSettings

Seconds = Annotated[float, Meta(ge=0, le=3_600)]


class DrainSettings(CommonSettings, frozen=True, kw_only=True):
    """`redis_url` is any user's that may read `positions:held`, such as `cli`."""

    namespace: str = "memesnipe"
    strategies_namespace: str = "memesnipe-strategies"
    force: bool = False
    """Go on with live positions held, or unknown."""
    kubeconfig: str = ""
    """Empty: the pod's own service account."""
    told_s: Seconds = 30.0
    """How long position_manager may take to say what is held, after a start or a lost Redis."""
    settle_s: Seconds = 5.0
    """For so long nothing may be held once the executors are gone: an order may have been on its way."""
    gone_s: Seconds = 120.0
    """How long pods may take to go."""
