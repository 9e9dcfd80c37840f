"""What setup reads from its environment (`MEMESNIPE_<FIELD>`), once."""

from typing import Annotated

import msgspec
from msgspec import Meta

from memesnipe.kernel.errors import ConfigError
from memesnipe_operator.setup import certificates

Namespace = Annotated[str, Meta(min_length=1, max_length=63, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z")]
Address = Annotated[str, Meta(max_length=255, pattern=r"^[A-Za-z0-9.\-]+:[0-9]{1,5}\Z")]


class SetupSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Namespaces, where Redis is, and whether the chain is a localnet whose wallet may be made here."""

    namespace: Namespace = "memesnipe"
    """Where the services run."""
    signer_namespace: Namespace = "memesnipe-signer"
    """Where the signer runs, alone."""
    redis_address: Address = ""
    """host:port, as the services reach it."""
    redis_admin_url: str = ""
    """A Redis of one's own, with an administrator's user in the URL; empty: the chart's, with a password made here."""
    localnet: bool = False
    """Make a wallet, worth nothing anywhere else. Otherwise a person makes the wallet, and it is never looked at here."""
    certificate_days: Annotated[int, Meta(gt=certificates.RENEW_DAYS, le=certificates.AUTHORITY_DAYS)] = certificates.LEAF_DAYS
    """How long certificates are good for."""
    settle_s: Annotated[float, Meta(ge=0, le=600)] = 120.0
    """A renewal first spreads the new CA and waits so long for it to reach the pods: the kubelet renews mounted Secrets each minute."""
    kubeconfig: str = ""
    """Empty: the pod's own service account."""
    log_level: Annotated[str, Meta(pattern=r"^(DEBUG|INFO|WARNING|ERROR|CRITICAL)\Z")] = "INFO"
    """DEBUG, INFO, WARNING, ERROR or CRITICAL; lines are JSON."""

    def address(self) -> str:
        """Return where Redis is. Raises ConfigError when nobody said."""
        if not self.redis_address:
            raise ConfigError("MEMESNIPE_REDIS_ADDRESS: must be host:port")
        return self.redis_address

    def __repr__(self) -> str:
        return "SetupSettings(...)"  # redis_admin_url holds a password
