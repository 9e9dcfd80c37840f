"""The signer's settings. Its own caps are rails of last resort: a lease may tighten them and never widen them."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from memesnipe.approvals import certificates
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.settings import CommonSettings, variable
from memesnipe.messages.bounds import Bps, Hash, Lamports

SOL = 1_000_000_000
Port = Annotated[int, Meta(ge=0, le=65_535)]


class SignerSettings(CommonSettings, frozen=True, kw_only=True):
    """MEMESNIPE_WALLET_FILE and the rest; `PAPER_TRADING_MODE` is true by default, and then nothing is ever signed."""

    wallet_file: str = ""
    """Solana keypair file: a JSON array of 64 integers."""
    signer_host: str = "127.0.0.1"
    signer_port: Port = 8091
    """0: any free port; the log line `listening` says which."""
    tls_cert_file: str = ""
    """The signer's certificate, its key, and the CA of the one client, in PEM: all three or none. Read again when they change."""
    tls_key_file: str = ""
    tls_client_ca_file: str = ""
    genesis: Hash = ""
    """When set, leases for any other chain are refused."""
    size_lamports_max: Lamports = 10 * SOL
    tip_lamports_max: Lamports = SOL // 10
    priority_fee_lamports_max: Lamports = SOL // 10
    spend_lamports_per_hour_max: Lamports = 50 * SOL
    spend_lamports_per_day_max: Lamports = 200 * SOL
    attempts_max: Annotated[int, Meta(ge=1, le=100)] = 5
    """Attempts one intent may have: a stolen guard could otherwise spend one approval over and over."""
    impact_bps_max: Bps = 2_000
    """How far below the intent's own price, beyond its slippage, the enforced out may be."""

    def tls_files(self) -> certificates.Files | None:
        """Return what TLS is made of; None: plain HTTP. Raises ConfigError naming the variable: plain HTTP is for loopback alone."""
        fields = ("tls_client_ca_file", "tls_cert_file", "tls_key_file")
        ca, certificate, key = ((variable(field), str(getattr(self, field))) for field in fields)
        files = certificates.Files.named(ca, certificate, key)
        if files is None and not _is_loopback(self.signer_host):
            raise ConfigError(f"{variable('tls_cert_file')}: {variable('signer_host')}={self.signer_host} is not loopback and needs TLS")
        return files

    @property
    def store_path(self) -> Path:
        """The signer's own database."""
        return Path(self.data_dir) / "signer.db"

    @property
    def trusted_path(self) -> Path:
        """The public keys each role is pinned to."""
        return Path(self.data_dir) / "keys" / "trusted.json"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # another name: where it leads is not for us to say
        return False
