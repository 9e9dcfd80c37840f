"""Which code runs here: one hash over the engine and one over the strategy too. Two machines of a cluster may hold two releases."""

import hashlib
from functools import cache
from pathlib import Path

import memesnipe
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.ids import derive
from memesnipe.strategy.code import code_of
from memesnipe.strategy.loading import load

PARTS = (
    *("allocator", "bus", "chain", "control", "executor", "guard", "kernel", "ledger", "manifests", "market", "messages", "positions"),
    *("research/backtest", "research/lane", "risk", "strategy"),
)
"""A test holds this against what the engine loads."""


@cache
def engine_code() -> str:
    """Return 32 hex digits over the source files of PARTS, as they were when this process first asked."""
    root, digest = Path(memesnipe.__path__[0]), hashlib.blake2b(digest_size=16)
    for part in PARTS:
        for file in sorted((root / part).rglob("*.py")):
            digest.update(derive(file.relative_to(root).as_posix(), file.read_bytes()).encode())
    return digest.hexdigest()


@cache
def run_code(strategy: str, folders: tuple[Path, ...]) -> str:
    """Return 32 hex digits over all that runs a strategy here: the engine and the strategy's own modules. Raises ConfigError without it."""
    try:
        return derive(engine_code(), code_of(load(strategy, folders)))
    except (OSError, ValueError) as error:
        raise ConfigError(f"strategy {strategy!r}: its code cannot be read: {error}") from None
