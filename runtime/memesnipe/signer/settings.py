"""The signer's settings. Its own caps are rails of last resort: a lease may tighten them and never widen them."""

from pathlib import Path
from typing import Annotated, Final, Literal

from msgspec import Meta

from memesnipe.approvals import certificates
from memesnipe.chain.token_rules import TokenRules
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.hosts import is_loopback
from memesnipe.kernel.settings import CommonSettings, variable
from memesnipe.messages.bounds import Bps, Hash, Lamports

SOL = 1_000_000_000
REFUSED: Final = "refused"
ALLOWED: Final = "allowed"
Port = Annotated[int, Meta(ge=0, le=65_535)]
Segment = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{0,64}\Z")]
"""One part of a path in Vault."""
Mount = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}(/[A-Za-z0-9_-]{1,64}){0,7}\Z")]


class SignerSettings(CommonSettings, frozen=True, kw_only=True):
    """MEMESNIPE_WALLET_FILE and the rest; `PAPER_TRADING_MODE` is true by default, and then nothing is ever signed."""

    key_source: Literal["file", "vault"] = "file"
    """Where the wallet's key lies. A key never comes from the environment (`signer.environment`)."""
    wallet_file: str = ""
    """`file`: Solana keypair file, a JSON array of 64 integers."""
    wallet_address: Annotated[str, Meta(max_length=44)] = ""
    """The one address that is believed: wanted by `vault`, and by `file` held against the file if it is set."""
    vault_url: str = ""
    """`vault`: https://host:port; plain HTTP for an agent on this machine alone."""
    vault_mount: Mount = "transit"
    """Vault's mount of the transit engine."""
    vault_key: Segment = ""
    """The wallet's key in Vault, by name."""
    vault_key_version: Annotated[int, Meta(ge=0, le=10**9)] = 0
    """0: the newest."""
    vault_token_file: str = ""
    """Read at each call, so that an agent may renew it."""
    vault_ca_file: str = ""
    """PEM; empty: the system's."""
    vault_timeout_ms: Annotated[int, Meta(ge=50, le=10_000)] = 1_500
    """For one whole call. The signatures behind it wait, exits among them."""
    jito_auth_file: str = ""
    """Solana keypair file of the key that Jito knows us by; empty: no challenge is signed. Never the wallet's key."""
    signer_host: str = "127.0.0.1"
    """Where the signer listens."""
    signer_port: Port = 8091
    """0: any free port; the log line `listening` says which."""
    tls_cert_file: str = ""
    """The signer's certificate, its key, and the CA of the one client, in PEM: all three or none. Read again when they change."""
    tls_key_file: str = ""
    """The certificate's key, PEM."""
    tls_client_ca_file: str = ""
    """The CA of whoever may ask: wallet_guard's certificate must be of it."""
    genesis: Hash = ""
    """When set, leases for any other chain are refused."""
    size_lamports_max: Lamports = 10 * SOL
    """The largest single buy that is signed."""
    tip_lamports_max: Lamports = SOL // 10
    """The highest tip that is signed."""
    priority_fee_lamports_max: Lamports = SOL // 10
    """The highest priority fee that is signed."""
    spend_lamports_per_hour_max: Lamports = 50 * SOL
    """What may leave the wallet within an hour; the policy's may be smaller."""
    spend_lamports_per_day_max: Lamports = 200 * SOL
    """What may leave the wallet within a day; the policy's may be smaller."""
    attempts_max: Annotated[int, Meta(ge=1, le=100)] = 5
    """Attempts one intent may have: a stolen guard could otherwise spend one approval over and over."""
    impact_bps_max: Bps = 2_000
    """How far below the intent's own price, beyond its slippage, the enforced out may be."""
    token_transfer_fee_bps_max: Bps = 0
    """What a token that is bought may be like: named and meant as wallet_guard's, and looked at here once more."""
    token_mint_authority: Literal["refused", "allowed"] = REFUSED
    token_freeze_authority: Literal["refused", "allowed"] = REFUSED

    def tls_files(self) -> certificates.Files | None:
        """Return what TLS is made of; None: plain HTTP. Raises ConfigError naming the variable: plain HTTP is for loopback alone."""
        fields = ("tls_client_ca_file", "tls_cert_file", "tls_key_file")
        ca, certificate, key = ((variable(field), str(getattr(self, field))) for field in fields)
        files = certificates.Files.named(ca, certificate, key)
        if files is None and not is_loopback(self.signer_host):
            raise ConfigError(f"{variable('tls_cert_file')}: {variable('signer_host')}={self.signer_host} is not loopback and needs TLS")
        return files

    def token_rules(self) -> TokenRules:
        """Return what a token that is bought may be like."""
        return TokenRules(self.token_transfer_fee_bps_max, self.token_mint_authority == ALLOWED, self.token_freeze_authority == ALLOWED)

    @property
    def store_path(self) -> Path:
        """The signer's own database."""
        return Path(self.data_dir) / "signer.db"

    @property
    def trusted_path(self) -> Path:
        """The public keys each role is pinned to."""
        return Path(self.data_dir) / "keys" / "trusted.json"
