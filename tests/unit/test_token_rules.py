"""What a mint's account says is read strictly, and a token by which somebody can hurt its holders is refused with its reason."""

from struct import pack

import pytest
from solders.pubkey import Pubkey

from memesnipe.chain.token_rules import MintFacts, TokenRules, check_token, mint_facts
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode as R
from memesnipe.testing import mints
from memesnipe.testing.mints import NOBODY, SOMEBODY, TOKEN, TOKEN_2022, fee, metadata, mint, pointer

KEY = bytes(SOMEBODY)
STRICT = TokenRules()


def refusal(data: bytes, program: str = TOKEN_2022, rules: TokenRules = STRICT) -> R | None:
    """Return why the token is refused, None when it is bought."""
    try:
        check_token(mint_facts(program, data), rules)
    except Refused as refused:
        return refused.code
    return None


def test_a_plain_mint_is_read() -> None:
    facts = mint_facts(TOKEN, mint(supply=7, decimals=9))

    assert facts == MintFacts(TOKEN, 7, 9, None, None, {})


def test_the_authorities_of_a_mint_are_read() -> None:
    minter, freezer = Pubkey.new_unique(), Pubkey.new_unique()

    facts = mint_facts(TOKEN_2022, mint(minter=minter, freezer=freezer))

    assert (facts.mint_authority, facts.freeze_authority) == (str(minter), str(freezer))


def test_a_key_left_behind_by_an_authority_that_was_given_up_is_nobody() -> None:
    data = bytes(4) + KEY + mint()[36:]

    assert mint_facts(TOKEN, data).mint_authority is None


def test_a_fee_schedule_is_read_with_its_epoch() -> None:
    found = mint_facts(TOKEN_2022, mint(fee(25, 300, epoch=812))).transfer_fee

    assert found is not None
    assert (found.older_bps, found.newer_bps, found.newer_epoch) == (25, 300, 812)


@pytest.mark.parametrize(
    "data",
    [
        mint(),
        mint(pointer(), metadata()),
        mint(metadata(), tail=bytes(9)),
        mint(tail=b"\0"),
        mint(pointer(mints.GROUP_POINTER), (mints.GROUP, bytes(80)), pointer(mints.MEMBER_POINTER), (mints.MEMBER, bytes(72))),
        mint(fee(0, 0)),
        mint((mints.CLOSE_AUTHORITY, NOBODY)),
        mint((mints.HOOK, NOBODY + NOBODY)),
        mint((mints.DEFAULT_STATE, b"\x01")),
        mint(decimals=0),
        mint(decimals=12),
    ],
)
def test_a_token_that_nobody_has_a_hold_on_is_bought(data: bytes) -> None:
    assert refusal(data) is None


@pytest.mark.parametrize(
    "extension",
    [
        (mints.CLOSE_AUTHORITY, KEY),
        (mints.CONFIDENTIAL, bytes(65)),
        (mints.DEFAULT_STATE, b"\x02"),
        (mints.NON_TRANSFERABLE, b""),
        (mints.INTEREST, bytes(52)),
        (mints.DELEGATE, KEY),
        (mints.DELEGATE, NOBODY),
        (mints.HOOK, KEY + KEY),
        (mints.HOOK, KEY + NOBODY),
        (mints.HOOK, NOBODY + KEY),
        (mints.CONFIDENTIAL_FEE, bytes(129)),
        (mints.CONFIDENTIAL_MINT, bytes(132)),
        (mints.CONFIDENTIAL_MINT, bytes(196)),
        (mints.SCALED, bytes(56)),
        (mints.PAUSABLE, bytes(33)),
        (mints.PERMISSIONED_BURN, bytes(32)),
        (29, b""),
        (65_535, bytes(32)),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_an_extension_that_does_more_than_describe_is_refused_wherever_it_stands(extension: tuple[int, bytes], place: int) -> None:
    among = [pointer(), metadata()]
    among.insert(place, extension)

    assert refusal(mint(*among)) is R.TOKEN_EXTENSION


@pytest.mark.parametrize(("older", "newer"), [(1, 0), (0, 1), (10_000, 10_000), (0, 65_535)])
def test_a_transfer_fee_is_refused_whether_it_is_taken_now_or_from_a_coming_epoch(older: int, newer: int) -> None:
    assert refusal(mint(fee(older, newer))) is R.TOKEN_FEE


@pytest.mark.parametrize(("older", "newer", "reason"), [(100, 100, None), (101, 0, R.TOKEN_FEE), (0, 101, R.TOKEN_FEE)])
def test_a_transfer_fee_within_the_cap_is_let_through_and_one_beyond_is_not(older: int, newer: int, reason: R | None) -> None:
    assert refusal(mint(fee(older, newer)), rules=TokenRules(transfer_fee_bps_max=100)) is reason


@pytest.mark.parametrize(
    ("data", "rules"),
    [
        (mint(minter=SOMEBODY), STRICT),
        (mint(freezer=SOMEBODY), STRICT),
        (mint(minter=SOMEBODY, freezer=SOMEBODY), TokenRules(mint_authority_allowed=True)),
        (mint(minter=SOMEBODY, freezer=SOMEBODY), TokenRules(freeze_authority_allowed=True)),
        (pack("<I", 1) + NOBODY + mint()[36:], STRICT),
    ],
)
@pytest.mark.parametrize("program", [TOKEN, TOKEN_2022])
def test_a_token_that_somebody_can_mint_or_freeze_is_refused(data: bytes, rules: TokenRules, program: str) -> None:
    assert refusal(data, program, rules) is R.TOKEN_AUTHORITY


def test_authorities_that_a_person_allowed_are_let_through() -> None:
    rules = TokenRules(mint_authority_allowed=True, freeze_authority_allowed=True)

    assert refusal(mint(minter=SOMEBODY, freezer=SOMEBODY), TOKEN, rules) is None


@pytest.mark.parametrize("decimals", [13, 19, 20, 255])
def test_decimals_that_no_real_token_has_are_refused(decimals: int) -> None:
    assert refusal(mint(decimals=decimals)) is R.TOKEN_MINT


@pytest.mark.parametrize("supply", [0, 2**63, 2**64 - 1])
def test_a_supply_of_nothing_or_of_more_than_fits_is_refused(supply: int) -> None:
    assert refusal(mint(supply=supply)) is R.TOKEN_MINT


@pytest.mark.parametrize("program", ["", str(SOMEBODY), "Token" + "kegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DB", TOKEN.lower()])
def test_a_mint_of_a_look_alike_program_is_refused(program: str) -> None:
    assert refusal(mint(), program) is R.TOKEN_MINT


@pytest.mark.parametrize(
    "data",
    [
        b"",
        mint()[:-1],
        mint() + b"\0",
        mint().ljust(165, b"\0"),
        mint().ljust(165, b"\0") + b"\x00",
        mint().ljust(165, b"\0") + b"\x02",
        mint() + b"\x01" + bytes(82) + b"\x01",
        mint()[:45] + b"\x00" + mint()[46:],
        mint()[:45] + b"\x02" + mint()[46:],
        pack("<I", 2) + mint()[4:],
        mint()[:46] + pack("<I", 256) + mint()[50:],
        mint(tail=b"\x01"),
        mint(tail=b"\x12\x00\x40"),
        mint(tail=b"\0\0\x01"),
        mint(pointer(), tail=b"\0\0\0\0\0\x01"),
        mint((mints.METADATA_POINTER, bytes(63))),
        mint((mints.METADATA_POINTER, bytes(65))),
        mint((mints.DELEGATE, b"")),
        mint(fee(0, 0), fee(0, 0)),
        mint(pointer())[:-1],
        mint(tail=bytes(355 - 166)),
        mint((mints.METADATA, bytes(20_000))),
        mint((2, bytes(8))),
        mint((7, b"")),
    ],
)
def test_bytes_that_are_not_exactly_one_mint_are_refused(data: bytes) -> None:
    assert refusal(data) in (R.TOKEN_MINT, R.TOKEN_EXTENSION)


@pytest.mark.parametrize("data", [mint(pointer()), mint(tail=b"\0"), mint(fee(0, 0))])
def test_extensions_under_the_old_token_program_are_refused(data: bytes) -> None:
    assert refusal(data, TOKEN) is R.TOKEN_MINT


def test_a_fee_hidden_behind_padding_is_refused() -> None:
    """The program stops at type 0; a reader that stopped there as well would not see what a later program may see."""
    kind, value = fee(10_000, 10_000)

    assert refusal(mint(tail=bytes(4) + pack("<HH", kind, len(value)) + value)) is R.TOKEN_MINT
