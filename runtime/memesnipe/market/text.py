"""Names that strangers chose, made safe to show. A symbol proves nothing: tokens are told apart by mint alone.

Zero-width, bidirectional and look-alike letters (a Cyrillic "a" in a Latin word) survive Unicode normalisation, so only printable
ASCII is kept as it is; everything else becomes a visible `?` or, where it has no width, nothing.
"""

import unicodedata

LABEL_CHARS_MAX = 64
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me"}


def safe_label(text: str) -> str:
    """Return `text` as printable ASCII of at most 64 characters; equal to `text` only if nothing had to be changed."""
    return "".join(_safe_char(char) for char in text[: 4 * LABEL_CHARS_MAX])[:LABEL_CHARS_MAX].strip()


def _safe_char(char: str) -> str:
    if " " <= char <= "~":
        return char
    return "" if unicodedata.category(char) in _INVISIBLE else "?"
