"""What a localnet is started with. Read once at start; nothing else configures it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class LocalnetSettings:
    """One localnet. The seed decides the genesis hash, the pools and every trade of every agent."""

    host: str = "127.0.0.1"
    port: int = 8899
    seed: int = 7
    slot_ms: int = 400
    """Milliseconds per slot; 0 stops the clock, and only `POST /localnet/tick` moves it."""
    agents: bool = True
    recording: bool = False
    """Pools start empty and are moved by `POST /localnet/pool` alone."""
    data_dir: Path | None = None
    """Where the chain is kept between runs; None keeps it in memory."""
    finality_slots: int = 32
