"""A secret key in every spelling in which it could leave: for tests that look for it where it must not be."""

import base64

from solders.keypair import Keypair


def spellings(seed: bytes) -> dict[str, bytes]:
    """Return seed and key pair, by name, as whoever is careless would write them."""
    key = Keypair.from_seed(seed)
    pair = bytes(key)
    written = {"raw seed": seed, "json": key.to_json().encode(), "json spaced": str(list(pair)).encode(), "base58 pair": str(key).encode()}
    for name, raw in (("seed", seed), ("pair", pair)):
        written |= {f"hex {name}": raw.hex().encode(), f"HEX {name}": raw.hex().upper().encode(), f"base64 {name}": base64.b64encode(raw)}
    return written


def secrets_in(raw: bytes, seed: bytes) -> list[str]:
    """Return the names of the spellings that are in there, also of the seed alone within a list of numbers, or as Python prints bytes."""
    parts = {
        "numbers": str(list(seed))[1:-1].encode(),
        "numbers packed": ",".join(map(str, seed)).encode(),
        "repr": repr(seed)[2:-1].encode(),
        "escaped": "".join(f"\\x{byte:02x}" for byte in seed).encode(),
        "base64 start": base64.b64encode(seed)[:40],
    }
    return [name for name, text in (spellings(seed) | parts).items() if text in raw]
