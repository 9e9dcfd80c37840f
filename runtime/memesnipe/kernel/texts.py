"""Texts of strangers (names of tokens, reasons, a host's own words) on their way to a person."""


def printable(text: str, also: str = "") -> str:
    """Return a text with `?` for every letter that a terminal or a chat would obey; those of `also`, such as a line's end, stay."""
    return "".join(letter if letter.isprintable() or letter in also else "?" for letter in text)
