"""What a round trip loses, and what a simulation that failed means: the sell's failure is the token's, a poor wallet's is nobody's."""

from typing import Any

import pytest
from solders.pubkey import Pubkey

from memesnipe.chain.clients.jupiter import AccountMeta, BlockhashWithMetadata, Build, Instruction
from memesnipe.chain.clients.rpc_types import SimulationValue, TokenBalance, UiAmount
from memesnipe.chain.programs import JUPITER_PROGRAM, WRAPPED_SOL_MINT
from memesnipe.guard.token_round_trip import loss_bps, quoted_loss_bps, round_trip, simulated_loss_bps
from memesnipe.kernel.errors import BadInput, Refused
from memesnipe.kernel.reasons import ReasonCode as R
from memesnipe.testing.builders import MINT, OTHER_MINT
from memesnipe.testing.mints import SOMEBODY

WALLET = str(Pubkey.from_bytes(bytes([3]) * 32))
BEFORE_LAMPORTS, RENT = 10**10, 2_039_280
SPENT, BOUGHT = 10**9, 1_000_000


def a_build(give: str, take: str, given: int, taken: int, accounts: int = 3) -> Build:
    metas = tuple(AccountMeta(str(Pubkey.from_bytes(bytes([4, number]) + bytes(30))), False, True) for number in range(accounts))
    swap = Instruction(JUPITER_PROGRAM, (AccountMeta(WALLET, True, True), *metas), b"swap")
    blockhash = BlockhashWithMetadata((1,) * 32, 1_000)
    return Build(give, str(given), take, str(taken), str(taken), 100, swap, blockhash, setup_instructions=(swap,))


BUY = a_build(WRAPPED_SOL_MINT, MINT, SPENT, BOUGHT)
SELL = a_build(MINT, WRAPPED_SOL_MINT, BOUGHT // 10, SPENT // 10)
TRIP = round_trip(BUY, SELL, WALLET)


def a_balance(place: int, units: int, mint: str = MINT, owner: str = WALLET) -> TokenBalance:
    return TokenBalance(place, mint, UiAmount(str(units), 6), owner)


def balances(after_lamports: int, after_units: int, *more: TokenBalance) -> dict[str, Any]:
    """Return balances in which a token account was made at place 2; at 3 there is one of somebody else's."""
    stranger = a_balance(3, 10**15, owner=str(SOMEBODY))
    return {
        "pre_balances": (BEFORE_LAMPORTS, 1, 0, 10**12),
        "post_balances": (after_lamports - RENT, 1, RENT, 10**11),
        "pre_token_balances": (stranger,),
        "post_token_balances": (a_balance(2, after_units), stranger, *more),
    }


def lost(**value: Any) -> int | None:
    return simulated_loss_bps(SimulationValue(**value), BUY, SELL, WALLET, TRIP)


@pytest.mark.parametrize(("back", "bps"), [(SPENT, 0), (SPENT * 2, 0), (SPENT - 1, 1), (SPENT // 2, 5_000), (0, 10_000), (-SPENT, 20_000)])
def test_a_loss_is_rounded_against_the_token(back: int, bps: int) -> None:
    assert loss_bps(SPENT, back) == bps


@pytest.mark.parametrize(("tenth_brings", "bps"), [(SPENT // 10, 0), (SPENT // 20, 5_000), (0, 10_000)])
def test_the_quoted_sell_of_a_part_is_scaled_to_the_whole(tenth_brings: int, bps: int) -> None:
    assert quoted_loss_bps(BUY, a_build(MINT, WRAPPED_SOL_MINT, BOUGHT // 10, tenth_brings)) == bps


def test_what_is_bought_and_kept_counts_at_what_the_sold_part_brought() -> None:
    assert lost(**balances(BEFORE_LAMPORTS - SPENT - 5_000 + SPENT // 10, BOUGHT * 9 // 10)) == 0


def test_a_fee_taken_from_the_tokens_on_the_way_is_a_loss() -> None:
    """A fifth of what the pool gave never arrived."""
    assert lost(**balances(BEFORE_LAMPORTS - SPENT - 5_000 + SPENT // 10, BOUGHT * 7 // 10)) == 2_000


def test_lamports_that_went_elsewhere_are_a_loss() -> None:
    assert lost(**balances(BEFORE_LAMPORTS - SPENT - 5_000, BOUGHT * 9 // 10)) == 10_000


def test_another_token_of_ours_does_not_make_up_for_this_one() -> None:
    other = a_balance(1, BOUGHT, mint=OTHER_MINT)

    assert lost(**balances(BEFORE_LAMPORTS - SPENT - 5_000 + SPENT // 10, BOUGHT * 7 // 10, other)) == 2_000


@pytest.mark.parametrize(
    ("err", "logs"),
    [
        ("AccountNotFound", ()),
        ("InsufficientFundsForFee", ()),
        ({"InsufficientFundsForRent": {"account_index": 2}}, ()),
        ({"InstructionError": [1, {"Custom": 1}]}, ("Transfer: insufficient lamports 5, need 10",)),
    ],
)
def test_a_wallet_that_cannot_pay_tells_nothing_of_the_token(err: Any, logs: tuple[str, ...]) -> None:
    assert lost(err=err, logs=logs) is None


@pytest.mark.parametrize(
    ("err", "reason"),
    [
        ({"InstructionError": [2, {"Custom": 6001}]}, R.SIMULATION_FAILED),
        ({"InstructionError": [3, {"Custom": 6001}]}, R.TOKEN_UNSELLABLE),
        ({"InstructionError": [4, "InvalidAccountData"]}, R.TOKEN_UNSELLABLE),
        ("BlockhashNotFound", R.SIMULATION_FAILED),
        ({"InstructionError": "what"}, R.SIMULATION_FAILED),
    ],
)
def test_a_failed_buy_is_worth_a_fresh_quote_and_a_failed_sell_is_not(err: Any, reason: R) -> None:
    with pytest.raises(Refused) as refused:
        lost(err=err)

    assert refused.value.code is reason


def test_a_sell_that_lacks_lamports_is_not_put_down_to_a_poor_wallet() -> None:
    with pytest.raises(Refused) as refused:
        lost(err={"InstructionError": [4, {"Custom": 1}]}, logs=("Transfer: insufficient lamports 5, need 10",))

    assert refused.value.code is R.TOKEN_UNSELLABLE


@pytest.mark.parametrize("left_out", ["pre_balances", "post_balances", "pre_token_balances", "post_token_balances"])
def test_a_simulation_that_does_not_tell_balances_is_bad_input(left_out: str) -> None:
    with pytest.raises(BadInput, match="does not tell"):
        lost(**balances(BEFORE_LAMPORTS, BOUGHT) | {left_out: None})


def test_a_simulation_that_tells_fewer_balances_than_accounts_is_bad_input() -> None:
    with pytest.raises(BadInput, match="fewer"):
        lost(**balances(BEFORE_LAMPORTS, BOUGHT) | {"post_balances": (1, 1)})


def test_a_round_trip_too_large_for_a_packet_does_not_fit() -> None:
    assert TRIP.fits
    assert not round_trip(a_build(WRAPPED_SOL_MINT, MINT, 1, 1, accounts=40), SELL, WALLET).fits
