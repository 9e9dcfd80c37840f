"""What position_manager reads from the environment, and the wallet's address that set-up put among a service's keys."""

from pathlib import Path

from memesnipe.kernel.settings import CommonSettings


class PositionSettings(CommonSettings, frozen=True, kw_only=True):
    """`DATABASE_URL` names the ledger; empty: SQLite in the data folder."""

    database_url: str = ""
    rpc_url: str = ""
    """Live only: where the wallet's history is read at start (MEMESNIPE_RPC_URL)."""
    wallet_pubkey: str = ""
    """Base58; empty: the text of `<data_dir>/keys/wallet.pub` if there is one."""
    adopt_every_s: float = 10.0
    """How often the wallet's finalized history is walked for deposits and withdrawals, and fills are looked at again at finality."""
    token_watch_s: float = 10.0
    """How often the mints of held tokens are looked at; 0: never. One that turned against its holders is sold."""
    snapshot_every_s: float = 5.0
    """How often the equity curve gets a point while prices move."""
    ledger_retry_s: float = 1.0
    """How soon a ledger that failed is tried again."""
    ledger_backlog_max: int = 1_000
    """Entries that wait for a ledger that cannot be written; past it, new risk stops."""


def given_wallet(data_dir: Path) -> str:
    """Return the address that lies beside a service's keys; "" where there is none (paper without a chain, or a person's own wallet)."""
    file = data_dir / "keys" / "wallet.pub"
    return file.read_text().strip() if file.is_file() else ""
