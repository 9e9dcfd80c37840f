"""Derived ids: the same cause gives the same id, so a replay or a restart can never make a second order."""

import hashlib


def derive(*parts: str | int | bytes) -> str:
    """Return 32 hex digits (128 bits of BLAKE2b) over the parts, each length-prefixed so that no two part lists collide."""
    raws = [part if isinstance(part, bytes) else str(part).encode() for part in parts]
    return hashlib.blake2b(b"".join([len(raw).to_bytes(4, "big") + raw for raw in raws]), digest_size=16).hexdigest()
