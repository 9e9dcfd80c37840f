"""The emulator's pool arithmetic, against formulas written out here and one captured mainnet trade."""

import pytest

from memesnipe.localnet import curve

V_QUOTE, V_BASE = 30_000_000_000, 1_073_000_000_000_000


def test_three_sol_into_a_fresh_curve_is_the_captured_mainnet_trade() -> None:
    outcome = curve.curve_buy_exact_in(3_000_000_000, V_QUOTE, V_BASE, 95, 30)

    assert outcome == curve.Outcome(96_449_438_144_093, 2_962_962_962, -96_449_438_144_093, 28_148_149, 8_888_889)


@pytest.mark.parametrize("quote_in", [1_000, 10_001, 999_999_999, 85_000_000_000])
def test_an_exact_buy_never_costs_more_than_it_was_given(quote_in: int) -> None:
    outcome = curve.curve_buy_exact_in(quote_in, V_QUOTE, V_BASE, 95, 30)

    assert outcome.quote_delta_lamports + outcome.protocol_fee + outcome.creator_fee <= quote_in
    assert curve.curve_buy_cost(outcome.amount_out, V_QUOTE, V_BASE) <= outcome.quote_delta_lamports


@pytest.mark.parametrize("tokens", [1, 1_000_000, 34_199_203_154_141])
def test_a_buy_priced_by_tokens_follows_the_programs_formula(tokens: int) -> None:
    assert curve.curve_buy_cost(tokens, V_QUOTE, V_BASE) == tokens * V_QUOTE // (V_BASE - tokens) + 1


def test_a_sell_pays_gross_less_both_fees_rounded_up() -> None:
    outcome = curve.curve_sell(10**12, V_QUOTE, V_BASE, 95, 30)

    gross = 10**12 * V_QUOTE // (V_BASE + 10**12)
    assert outcome.amount_out == gross - -(-gross * 95 // 10_000) - -(-gross * 30 // 10_000)
    assert (outcome.quote_delta_lamports, outcome.base_delta_units) == (-gross, 10**12)


def test_a_round_trip_through_the_curve_never_gains() -> None:
    bought = curve.curve_buy_exact_in(10**9, V_QUOTE, V_BASE, 0, 0)

    sold = curve.curve_sell(bought.amount_out, V_QUOTE + bought.quote_delta_lamports, V_BASE - bought.amount_out, 0, 0)

    assert sold.amount_out <= 10**9


def test_the_product_of_reserves_never_shrinks() -> None:
    out = curve.product_swap(123_456_789, 10**12, 5 * 10**14, 25)

    taxed = 123_456_789 * 9_975 // 10_000
    assert out == 5 * 10**14 * taxed // (10**12 + taxed)
    assert (10**12 + 123_456_789) * (5 * 10**14 - out) >= 10**12 * 5 * 10**14
