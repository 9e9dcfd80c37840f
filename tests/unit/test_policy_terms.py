"""What an order allows, computed from the intent alone, and what an accepted transaction is said to do."""

from typing import Any

import msgspec
import pytest
from solders.pubkey import Pubkey

from memesnipe.chain import policy
from memesnipe.chain.policy import TOKEN_ACCOUNT_RENT_LAMPORTS
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.orders import Intent
from memesnipe.messages.signing import MintAccount
from memesnipe.testing import swaps
from memesnipe.testing.builders import MINT, SOL, a_sale, an_exit, an_intent
from memesnipe.testing.swaps import PRIORITY_FEE, TIP, TOKEN_2022, UNITS, WSOL, Parts, World

WORLD = World.make()
WALLET = WORLD.wallet
LIMITS = policy.Limits(priority_fee_lamports_max=SOL // 100, tip_lamports_max=SOL // 100)


def test_a_buy_gives_sol_and_a_sale_or_exit_gives_the_token() -> None:
    buy, sale, exit_ = (policy.terms_of(each, wallet=WALLET, min_out=1, limits=LIMITS) for each in (an_intent(), a_sale(), an_exit()))

    mint = Pubkey.from_string(MINT)
    assert [(each.source, each.destination) for each in (buy, sale, exit_)] == [(WSOL, mint), (mint, WSOL), (mint, WSOL)]
    assert [each.in_amount for each in (buy, sale, exit_)] == [SOL // 10, 3_000 * 10**6, 3_000 * 10**6]


@pytest.mark.parametrize(
    ("slippage_bps", "impact_bps", "floor"),
    [(0, 0, 10_000), (300, 0, 9_700), (300, 2_000, 7_700), (9_999, 0, 1), (5_000, 5_000, 0), (10_000, 10_000, 0)],
)
def test_the_floor_is_the_intents_own_price_less_what_it_allows(slippage_bps: int, impact_bps: int, floor: int) -> None:
    """A buy of 10,000 lamports at 1 lamport a unit, and a sale of as many units: both are worth 10,000."""
    price: dict[str, Any] = {"quote_lamports": 1, "base_units": 1, "slippage_bps_max": slippage_bps}
    buy, sale = an_intent(size_lamports=10_000, **price), a_sale(size_units=10_000, **price)

    assert [policy.price_floor(each, impact_bps) for each in (buy, sale)] == [floor, floor]


@pytest.mark.parametrize(("min_out", "least"), [(0, 1), (1, 1), (2, 2), (10**9, 10**9)])
def test_at_least_one_unit_must_come_out_however_little_is_asked(min_out: int, least: int) -> None:
    intent = an_intent(slippage_bps_max=10_000)

    assert policy.terms_of(intent, wallet=WALLET, min_out=min_out, limits=LIMITS).out_min == least


def test_the_greater_of_the_guards_floor_and_the_intents_own_counts() -> None:
    intent = an_intent()
    own = policy.price_floor(intent, LIMITS.impact_bps_max)

    assert [policy.terms_of(intent, wallet=WALLET, min_out=each, limits=LIMITS).out_min for each in (1, own + 1)] == [own, own + 1]


@pytest.mark.parametrize(
    ("changes", "mint", "reason"),
    [
        ({"mint": "1" * 44}, None, ReasonCode.BAD_INPUT),
        ({"mint": str(WSOL)}, None, ReasonCode.BAD_INPUT),
        ({}, MintAccount("1" * 44, b""), ReasonCode.TOKEN_MINT),
    ],
)
def test_an_order_whose_token_or_program_is_no_key_is_refused(changes: Any, mint: MintAccount | None, reason: ReasonCode) -> None:
    with pytest.raises(Refused) as refused:
        policy.terms_of(an_intent(**changes), wallet=WALLET, min_out=1, limits=LIMITS, mint=mint)

    assert (refused.value.code, bool(refused.value.detail)) == (reason, True)


def test_only_a_buy_is_bound_to_the_program_of_its_mint() -> None:
    mint = swaps.a_mint(TOKEN_2022)

    buy, exit_ = (policy.terms_of(each, wallet=WALLET, min_out=1, limits=LIMITS, mint=mint) for each in (an_intent(), an_exit()))

    assert (buy.token_program, exit_.token_program) == (TOKEN_2022, None)


def test_the_summary_says_what_the_transaction_costs_to_the_lamport() -> None:
    intent = an_intent()

    summary = summary_of(swaps.a_swap(intent, WALLET), intent)

    assert (summary.swap.route, summary.swap.in_amount, summary.wrapped_lamports) == ("route_v2", SOL // 10, SOL // 10)
    assert (summary.compute_units, summary.priority_fee_lamports, summary.tip_lamports) == (UNITS, PRIORITY_FEE, TIP)
    assert (summary.accounts_created, summary.blockhash) == (2, b"\x01" * 32)
    assert summary.cost_lamports == 5_000 + PRIORITY_FEE + TIP + 2 * TOKEN_ACCOUNT_RENT_LAMPORTS


def test_a_bare_swap_costs_its_signature_alone() -> None:
    intent = an_intent()
    bare = Parts(None, None, None, None, None, None, swaps.a_route_v2(intent, WALLET), None, None)

    summary = summary_of(bare, intent)

    assert (summary.compute_units, summary.priority_fee_lamports, summary.tip_lamports, summary.wrapped_lamports) == (0, 0, 0, 0)
    assert (summary.accounts_created, summary.cost_lamports) == (0, 5_000)


def test_a_limit_without_a_price_costs_nothing() -> None:
    intent = an_intent()
    unpriced = msgspec.structs.replace(swaps.a_swap(intent, WALLET), price=None)

    summary = summary_of(unpriced, intent)

    assert (summary.compute_units, summary.priority_fee_lamports) == (UNITS, 0)


def summary_of(parts: Parts, intent: Intent) -> policy.Summary:
    terms = policy.terms_of(intent, wallet=WALLET, min_out=1, limits=LIMITS)
    return policy.check(swaps.compiled(parts, WALLET), (), terms)
