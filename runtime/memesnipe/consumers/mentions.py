"""Which tokens a text names. Only a mint's address counts: a cashtag or a name is free to take, and taken by imitators within minutes."""

import re
from collections.abc import Iterable

from memesnipe.kernel.errors import BadInput
from memesnipe.market.base58 import b58decode

KEY_BYTES = 32
MINTS_MAX = 16
"""As many as a SocialPost holds; a post that names more is a list, and its first ones stand for it."""
# A run inside a longer word is no address: letters and digits that base58 leaves out (0, O, I, l) end no key either.
_WORD = re.compile(r"(?<![0-9A-Za-z_])[1-9A-HJ-NP-Za-km-z]{32,44}(?![0-9A-Za-z_])")


def mints_in(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the 32-byte base58 keys that the texts name, in order, each once. Whether a key is a mint only the chain knows."""
    found: dict[str, None] = {}
    for text in texts:
        found |= dict.fromkeys(word for word in _WORD.findall(text) if _is_key(word))
    return tuple(found)[:MINTS_MAX]


def _is_key(word: str) -> bool:
    try:
        return len(b58decode(word)) == KEY_BYTES
    except BadInput:
        return False
