"""Base58 as Solana writes keys and instruction data (Bitcoin's alphabet)."""

from memesnipe.kernel.errors import BadInput

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUE = {char: value for value, char in enumerate(ALPHABET)}
TEXT_CHARS_MAX = 4_096


def b58decode(text: str) -> bytes:
    """Return the bytes. Raises BadInput for a character outside the alphabet or a text too long to be honest."""
    if len(text) > TEXT_CHARS_MAX:
        raise BadInput("base58", f"{len(text)} characters, more than {TEXT_CHARS_MAX}")
    number = 0
    for char in text:
        if char not in _VALUE:
            raise BadInput("base58", f"character {char!r}")
        number = number * 58 + _VALUE[char]
    zeros = len(text) - len(text.lstrip(ALPHABET[0]))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
