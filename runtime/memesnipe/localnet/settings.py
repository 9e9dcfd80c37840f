"""What a localnet is started with. Read once at start; nothing else configures it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from solders.pubkey import Pubkey

from memesnipe.kernel.errors import ConfigError

FUNDING_LAMPORTS = 100 * 10**9
"""What a wallet that has nothing is given to begin with."""
MovedBy = Literal["agents", "recording", "admin"]


@dataclass(frozen=True, slots=True)
class LocalnetSettings:
    """One localnet. The seed decides the genesis hash, the pools and every trade of every agent. Raises ConfigError naming the option."""

    host: str = "127.0.0.1"
    port: int = 8899
    seed: int = 7
    slot_ms: int = 400
    """Milliseconds per slot; 0 stops the clock, and only `POST /localnet/tick` moves it."""
    moved_by: MovedBy = "agents"
    """Who moves the pools: seeded agents, a recording, or `POST /localnet/pool` alone on a market that starts empty."""
    recording: Path | None = None
    """The Parquet file to play, where a recording moves the pools."""
    recording_speed: int = 1
    """Recorded slots that pass in one slot of ours while nothing happens."""
    recording_silence_slots: int = 25
    """The longest pause between two recorded slots, in slots of ours."""
    data_dir: Path | None = None
    """Where the chain is kept between runs; None keeps it in memory."""
    airdrop: tuple[str, ...] = ()
    """Wallets that are given FUNDING_LAMPORTS at each start if they have nothing."""
    finality_slots: int = 32

    def __post_init__(self) -> None:
        if (self.recording is not None) != (self.moved_by == "recording"):
            raise ConfigError(f"--recording: a file goes with --moved-by recording and with no other (it is {self.moved_by})")
        if self.recording_speed < 1:
            raise ConfigError(f"--recording-speed: {self.recording_speed} is not 1 or more")
        if self.recording_silence_slots < 1:
            raise ConfigError(f"--recording-silence-slots: {self.recording_silence_slots} is not 1 or more")
        for text in self.airdrop:
            _require_address(text)


def _require_address(text: str) -> None:
    try:
        Pubkey.from_string(text)
    except ValueError:
        raise ConfigError(f"--airdrop: {text!r} is not a wallet's address (32 bytes in base58)") from None
