"""The signer's settings. Its own caps are rails of last resort: a lease may tighten them and never widen them."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from memesnipe.kernel.settings import CommonSettings
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

    @property
    def store_path(self) -> Path:
        """The signer's own database."""
        return Path(self.data_dir) / "signer.db"

    @property
    def trusted_path(self) -> Path:
        """The public keys each role is pinned to."""
        return Path(self.data_dir) / "keys" / "trusted.json"
