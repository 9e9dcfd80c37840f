"""What control leaves on disk for the processes beside it: strategy specs, passwords, status. Written whole or not at all."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec

from memesnipe.control.applied import spec_hash
from memesnipe.control.gates import Condition
from memesnipe.control.promotions import Words, shown
from memesnipe.manifests.reading import Manifests
from memesnipe.messages.control import ConfigApplied
from memesnipe.strategy.spec import StrategySpec


def write_whole(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Replace a file so that a reader sees the old or the new content, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def write_specs(manifests: Manifests, folder: Path) -> None:
    """Make `folder` hold one spec file for each strategy that is not paused, and none besides."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {s.metadata.name: s for s in manifests.strategies if not s.spec.paused}
    for name, strategy in wanted.items():
        spec = StrategySpec(name, strategy.spec.strategy, spec_hash(strategy), strategy.spec.parameters)
        data = msgspec.json.encode(spec)
        path = folder / f"{name}.json"
        if not path.exists() or path.read_bytes() != data:
            write_whole(path, data)
    for stale in folder.glob("*.json"):
        if stale.stem not in wanted:
            stale.unlink()


def passwords_folder(data: Path, user: str) -> Path:
    """Return where a Redis user's password lies: an executor's beside its spec, so that one mount gives executors theirs and no other."""
    return data / "run" / "users" if user.startswith("executor-") else data / "keys" / "redis"


def password(folder: Path, user: str) -> str:
    """Return a Redis user's password, made on first use (0600)."""
    path = folder / user
    if not path.exists():
        write_whole(path, secrets.token_hex(24).encode(), 0o600)
    return path.read_text()


def write_status(path: Path, config: ConfigApplied, conditions: Mapping[str, tuple[Condition, ...]], words: Words) -> None:
    """Write what `memesnipe status` and the supervisor's table show."""
    strategies = [
        {
            "id": s.id,
            "mode": s.mode,
            "paused": s.paused,
            "spec_hash": s.spec_hash,
            "code_hash": s.code_hash,
            "conditions": conditions.get(s.id, ()),
            "promotion": shown(words.get(s.id)) if config.promotion is not None else None,
        }
        for s in config.strategies
    ]
    body = {"version": config.version, "genesis": config.genesis, "policy_hash": config.policy_hash, "strategies": strategies}
    data = msgspec.json.encode(body)
    if not path.exists() or path.read_bytes() != data:
        write_whole(path, data)
