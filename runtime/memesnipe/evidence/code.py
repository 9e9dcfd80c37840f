"""Which code evidence is about, as one word: `<release>:<SHA-256 of the strategy's code>`. Needs no numpy.

The hash is of the same bytes as strategy_factory's, which every registration carries (`memesnipe.strategy.code`): whoever lets a
strategy go live compares the two. The release says which engine judged it; a new release alone makes no evidence void.
"""

import hashlib
from importlib.metadata import version

PACKAGE = "memesnipe"


def code_version(code: bytes, release: str) -> str:
    """Return the code version of a strategy that is made of these bytes, judged by this release."""
    return f"{release}:{code_hash(code)}"


def code_hash(code: bytes) -> str:
    """Return the hash of a strategy that is made of these bytes."""
    return hashlib.sha256(code).hexdigest()


def code_hash_of(code_version: str) -> str:
    """Return the code's hash, as `StrategyRegistered.code_hash` has it; empty where a version names none, which matches nothing."""
    return code_version.partition(":")[2]


def release() -> str:
    """Return the version of the installed package."""
    return version(PACKAGE)
