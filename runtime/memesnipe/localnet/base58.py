"""Base58 with the Bitcoin alphabet: instruction data, signatures and the default encoding of transactions."""

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
VALUE = {letter: at for at, letter in enumerate(ALPHABET)}


def encode(raw: bytes) -> str:
    """Bytes to base58; leading zero bytes become leading ones."""
    number, out = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        out = ALPHABET[digit] + out
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + out


def decode(text: str) -> bytes:
    """Base58 to bytes. Raises ValueError for a letter outside the alphabet."""
    number = 0
    for letter in text:
        if letter not in VALUE:
            raise ValueError(f"invalid base58 character {letter!r}")
        number = number * 58 + VALUE[letter]
    body = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes(len(text) - len(text.lstrip("1"))) + body
