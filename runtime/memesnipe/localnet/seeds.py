"""Everything the localnet invents is derived from its seed, so two runs with one seed are the same run."""

import random
from hashlib import sha256

from solders.hash import Hash
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature


def derive(seed: int, *labels: str | int) -> bytes:
    """32 bytes for a labelled purpose of this seed."""
    return sha256("/".join(["memesnipe-localnet", str(seed), *map(str, labels)]).encode()).digest()


def keypair(seed: int, *labels: str | int) -> Keypair:
    """A throw-away key of this localnet; worthless anywhere else."""
    return Keypair.from_seed(derive(seed, *labels))


def pubkey(seed: int, *labels: str | int) -> Pubkey:
    """An address nobody holds the key of."""
    return Pubkey.from_bytes(derive(seed, *labels))


def blockhash(seed: int, height: int) -> Hash:
    """The blockhash of a height: derived, so nothing about the past has to be stored to judge it."""
    return Hash.from_bytes(derive(seed, "blockhash", height))


def genesis_hash(seed: int) -> Hash:
    """The cluster's identity; never the hash of a public cluster."""
    return Hash.from_bytes(derive(seed, "genesis"))


def signature(seed: int, *labels: str | int) -> Signature:
    """A well-formed signature for a synthetic agent transaction; it verifies against nothing."""
    return Signature.from_bytes(derive(seed, *labels, 0) + derive(seed, *labels, 1))


def rng(seed: int, *labels: str | int) -> random.Random:
    """A generator for one labelled purpose: stateless across restarts."""
    return random.Random(derive(seed, *labels))  # noqa: S311  seeded play money, not cryptography
