"""Derived ids: the same cause gives the same id, so a replay or a restart can never make a second order."""

import hashlib


def derive(*parts: str | int | bytes) -> str:
    """Return 32 hex digits (128 bits of BLAKE2b) over the parts, each length-prefixed so that no two part lists collide."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        raw = part if isinstance(part, bytes) else str(part).encode()
        digest.update(len(raw).to_bytes(4, "big") + raw)
    return digest.hexdigest()
