"""Names that strangers chose cannot pass for others."""

import pytest

from memesnipe.market.text import safe_label


@pytest.mark.parametrize("text", ["BONK", "Dog wif hat", "$TKN-2 (real)"])
def test_plain_names_stay_as_they_are(text: str) -> None:
    assert safe_label(text) == text


@pytest.mark.parametrize(
    ("text", "safe"),
    [("B\u041eNK", "B?NK"), ("BO\u200bNK", "BONK"), ("\u202eKNOB", "KNOB"), ("A\x00B", "AB"), ("\u72d7", "?"), ("x" * 500, "x" * 64)],
    ids=["cyrillic", "zero-width", "bidi", "control", "chinese", "long"],
)
def test_a_name_that_deceives_is_made_visible(text: str, safe: str) -> None:
    assert safe_label(text) == safe
