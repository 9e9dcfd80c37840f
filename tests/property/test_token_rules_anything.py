"""Whatever bytes a host gives for a mint, reading them ends in facts or in a refusal, and any change of a clean mint is never more."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from memesnipe.chain.token_rules import EXTENSIONS, TokenRules, check_token, mint_facts
from memesnipe.kernel.errors import Refused
from memesnipe.testing.mints import SOMEBODY, TOKEN, TOKEN_2022, fee, metadata, mint, pointer

PROGRAMS = st.sampled_from([TOKEN, TOKEN_2022, str(SOMEBODY), ""])
KINDS = st.one_of(st.sampled_from(sorted(EXTENSIONS)), st.integers(0, 65_535))
ENTRIES = st.lists(st.tuples(KINDS, st.binary(max_size=200)), max_size=6)
RICH = mint(pointer(), fee(0, 0), metadata())


def ends(program: str, data: bytes) -> None:
    """Read and judge; any exception but Refused fails the test."""
    with contextlib.suppress(Refused):
        check_token(mint_facts(program, data), TokenRules())


@given(PROGRAMS, st.binary(max_size=600))
def test_random_bytes_end_in_facts_or_a_refusal(program: str, data: bytes) -> None:
    ends(program, data)


@given(ENTRIES, st.binary(max_size=8))
def test_random_extensions_end_in_facts_or_a_refusal(entries: list[tuple[int, bytes]], tail: bytes) -> None:
    ends(TOKEN_2022, mint(*entries, tail=tail))


@given(st.integers(0, len(RICH) - 1), st.integers(1, 255))
def test_a_changed_byte_of_a_good_mint_ends_in_facts_or_a_refusal(place: int, change: int) -> None:
    changed = bytearray(RICH)
    changed[place] ^= change

    ends(TOKEN_2022, bytes(changed))


@given(st.integers(0, len(RICH) - 1))
def test_a_good_mint_cut_short_is_never_bought_unless_it_ends_at_an_extension(length: int) -> None:
    whole = {166, 166 + 68, 166 + 68 + 112}
    try:
        check_token(mint_facts(TOKEN_2022, RICH[:length]), TokenRules())
    except Refused:
        return

    assert length in whole | {82}
