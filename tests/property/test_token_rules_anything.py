"""Whatever bytes a host gives for a mint or a pool, reading them ends in facts or in a refusal, and nothing else is ever raised."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from memesnipe.chain import programs
from memesnipe.chain.token_rules import EXTENSIONS, TokenRules, check_token, mint_facts
from memesnipe.guard.token_liquidity import KNOWN_OWNERS, curve_of, pools_of
from memesnipe.kernel.errors import Refused
from memesnipe.testing.builders import MINT, OTHER_MINT
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


SIZES = st.sampled_from([0, 151, 300, 637, 752])
OWNERS = st.sampled_from([*sorted(KNOWN_OWNERS), str(SOMEBODY)])
HEADS = st.sampled_from([b"", programs.PUMP_BONDING_CURVE, programs.PUMPSWAP_POOL, programs.RAYDIUM_CPMM_POOL])
DATA = st.builds(
    lambda head, body, size: (head + body + bytes(Pubkey.from_string(MINT))).ljust(size, b"\0"), HEADS, st.binary(max_size=300), SIZES
)
ADDRESSES = st.sampled_from([curve_of(MINT), str(SOMEBODY), OTHER_MINT])


@given(st.dictionaries(ADDRESSES, st.tuples(OWNERS, DATA), max_size=3))
def test_random_accounts_on_a_route_end_in_pools_or_a_refusal(accounts: dict[str, tuple[str, bytes]]) -> None:
    with contextlib.suppress(Refused):
        assert pools_of(MINT, TOKEN, accounts)
