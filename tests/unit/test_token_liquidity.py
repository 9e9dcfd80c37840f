"""Which pools a route goes through is read from the chain's accounts, and liquidity that somebody can take away is refused."""

from struct import pack

import pytest
from solders.pubkey import Pubkey

from memesnipe.chain import programs
from memesnipe.guard.token_liquidity import Pool, associated, curve_of, pools_of, require_burnt
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode as R
from memesnipe.testing.builders import MINT, OTHER_MINT
from memesnipe.testing.mints import TOKEN

KEY, OTHER = bytes(Pubkey.from_string(MINT)), bytes(Pubkey.from_string(OTHER_MINT))
POOL, LP_MINT, CREATOR = (Pubkey.from_bytes(bytes([number]) * 32) for number in (7, 8, 9))
VAULTS = tuple(Pubkey.from_bytes(bytes([number]) * 32) for number in (5, 6))
BOTH = b"".join(map(bytes, VAULTS))
AUTHORITY = Pubkey.find_program_address([b"pool-authority", KEY], Pubkey.from_string(programs.PUMP_PROGRAM))[0]
SUPPLY = 10**12


def curve() -> bytes:
    return programs.PUMP_BONDING_CURVE + bytes(41) + bytes(CREATOR) + bytes(70)


def pumpswap(creator: Pubkey, mint: bytes = KEY) -> bytes:
    head = programs.PUMPSWAP_POOL + b"\xff\0\0" + bytes(creator) + mint + bytes(Pubkey.from_string(programs.WRAPPED_SOL_MINT))
    return head + bytes(LP_MINT) + BOTH + pack("<Q", SUPPLY) + bytes(CREATOR) + bytes(57)


def cpmm(mint: bytes = KEY) -> bytes:
    head = programs.RAYDIUM_CPMM_POOL + bytes(64) + BOTH + bytes(LP_MINT) + bytes(32) + mint + bytes(96) + bytes(5)
    return (head + pack("<Q", SUPPLY)).ljust(637, b"\0")


def raydium_v4() -> bytes:
    return (bytes(336) + BOTH + KEY + bytes(32) + bytes(LP_MINT)).ljust(720, b"\0") + pack("<Q", SUPPLY) + bytes(24)


def found(owner: str, data: bytes, address: str = str(POOL)) -> tuple[Pool, ...]:
    return pools_of(MINT, TOKEN, {address: (owner, data), str(CREATOR): (programs.SYSTEM_PROGRAM, b"")})


def with_lp(address: Pubkey = POOL) -> Pool:
    return Pool(str(address), tuple(map(str, VAULTS)), str(LP_MINT), SUPPLY)


def test_a_curve_is_known_and_nothing_can_be_withdrawn_from_it() -> None:
    address = curve_of(MINT)

    assert found(programs.PUMP_PROGRAM, curve(), address) == (Pool(address, (associated(address, MINT, TOKEN),), creator=str(CREATOR)),)


def test_the_pool_that_pump_fun_migrated_a_token_to_has_its_lp_tokens_burnt() -> None:
    pool = Pool(str(POOL), tuple(map(str, VAULTS)), None, SUPPLY, str(CREATOR))

    assert found(programs.PUMPSWAP_PROGRAM, pumpswap(AUTHORITY)) == (pool,)


@pytest.mark.parametrize(
    ("owner", "data"),
    [
        (programs.PUMPSWAP_PROGRAM, pumpswap(CREATOR)),
        (programs.RAYDIUM_CPMM_PROGRAM, cpmm()),
        (programs.RAYDIUM_V4_PROGRAM, raydium_v4()),
    ],
)
def test_a_pool_that_anybody_can_open_is_told_with_its_lp_tokens(owner: str, data: bytes) -> None:
    assert found(owner, data) == (with_lp(),)


@pytest.mark.parametrize(
    ("owner", "data"),
    [
        (str(CREATOR), b"state"),
        (programs.RAYDIUM_CLMM_PROGRAM, programs.RAYDIUM_CPMM_POOL + KEY),
        (programs.METEORA_DLMM_PROGRAM, bytes(88) + KEY),
        (programs.PUMP_PROGRAM, curve()),  # a curve, but not this token's
        (programs.RAYDIUM_CPMM_PROGRAM, cpmm(OTHER)),  # another token's pool
        (programs.RAYDIUM_CPMM_PROGRAM, KEY + cpmm()[32:]),
        (programs.RAYDIUM_CPMM_PROGRAM, cpmm()[:340]),
        (programs.RAYDIUM_V4_PROGRAM, raydium_v4()[:-1]),
        (programs.PUMPSWAP_PROGRAM, pumpswap(CREATOR)[:210]),
        (TOKEN, cpmm()),
        (programs.SYSTEM_PROGRAM, cpmm()),
    ],
)
def test_a_route_without_a_pool_that_is_understood_is_refused(owner: str, data: bytes) -> None:
    with pytest.raises(Refused) as refused:
        found(owner, data)

    assert refused.value.code is R.TOKEN_LIQUIDITY


def test_an_unknown_venue_beside_a_known_one_is_refused() -> None:
    accounts = {str(POOL): (programs.RAYDIUM_CPMM_PROGRAM, cpmm()), str(LP_MINT): (str(CREATOR), b"state")}

    with pytest.raises(Refused) as refused:
        pools_of(MINT, TOKEN, accounts)

    assert refused.value.code is R.TOKEN_LIQUIDITY


def test_a_pool_of_another_token_on_the_way_is_left_out() -> None:
    """SOL to a stablecoin in a large concentrated pool, and on to the token: only the last pool's liquidity is ours to lose."""
    accounts = {
        str(POOL): (programs.RAYDIUM_CPMM_PROGRAM, cpmm()),
        str(LP_MINT): (programs.RAYDIUM_CLMM_PROGRAM, OTHER),
        str(CREATOR): (programs.RAYDIUM_CPMM_PROGRAM, cpmm(OTHER)),
    }

    assert pools_of(MINT, TOKEN, accounts) == (with_lp(),)


@pytest.mark.parametrize(("left", "supply"), [(0, SUPPLY), (SUPPLY // 10, SUPPLY)])
def test_lp_tokens_that_are_burnt_enough_pass(left: int, supply: int) -> None:
    require_burnt(Pool(str(POOL), (), str(LP_MINT), supply), left, 9_000)


@pytest.mark.parametrize(("left", "supply"), [(SUPPLY // 10 + 10**9, SUPPLY), (SUPPLY, SUPPLY), (SUPPLY * 2, SUPPLY), (0, 0)])
def test_lp_tokens_that_are_not_burnt_are_refused_and_so_is_a_pool_that_gave_out_none(left: int, supply: int) -> None:
    with pytest.raises(Refused) as refused:
        require_burnt(Pool(str(POOL), (), str(LP_MINT), supply), left, 9_000)

    assert refused.value.code is R.TOKEN_LIQUIDITY
