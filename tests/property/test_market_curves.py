"""Pool arithmetic holds for every pool and size, and exactly for every recorded trade."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memesnipe.market.curves import PUMPFUN, Pool, available_units, buy_exact_in, buy_quote, fee, sell_exact_in
from memesnipe.testing.recorded import recorded

pools = st.builds(
    Pool,
    venue=st.sampled_from([PUMPFUN, "raydium"]),
    quote_lamports=st.integers(1, 10**15),
    base_units=st.integers(1, 2 * 10**15),
    fee_bps=st.integers(0, 1_000),
    creator_fee_bps=st.integers(0, 1_000),
)
amounts = st.integers(0, 10**15)


@given(pools, amounts)
def test_a_buy_never_takes_more_than_the_pool_holds_nor_costs_more_than_offered(pool: Pool, lamports: int) -> None:
    bought = buy_exact_in(pool, lamports)

    assert bought.units < pool.base_units
    assert bought.quote_lamports + bought.protocol_fee + bought.creator_fee <= lamports


@given(pools, amounts)
def test_a_sell_never_brings_more_than_the_pool_holds(pool: Pool, units: int) -> None:
    sold = sell_exact_in(pool, units)

    assert 0 <= sold.lamports_net <= sold.gross < pool.quote_lamports or sold.gross == 0


@given(pools, amounts)
def test_buying_then_selling_never_profits(pool: Pool, lamports: int) -> None:
    bought = buy_exact_in(pool, lamports)
    sold = sell_exact_in(bought.after, bought.units)

    assert sold.lamports_net <= bought.quote_lamports


@given(pools, amounts)
def test_the_product_of_reserves_never_shrinks(pool: Pool, amount: int) -> None:
    before = pool.quote_lamports * pool.base_units

    for after in (buy_exact_in(pool, amount).after, sell_exact_in(pool, amount).after):
        assert after.quote_lamports * after.base_units >= before


@given(pools)
def test_locked_reserves_never_leave(pool: Pool) -> None:
    locked = Pool(
        pool.venue, pool.quote_lamports, pool.base_units, locked_quote_lamports=pool.quote_lamports, locked_base_units=pool.base_units
    )

    assert buy_exact_in(locked, 10**12).units == 0
    assert sell_exact_in(locked, 10**12).gross == 0


@pytest.mark.parametrize("units", [0, -1, 10**15])
def test_an_impossible_number_of_units_is_refused_by_name(units: int) -> None:
    with pytest.raises(ValueError, match="units"):
        buy_quote(Pool(PUMPFUN, 30 * 10**9, 10**15), units)


def follows(row: dict[str, str]) -> bool:
    """Return whether a trade's amount and both fees are what the curve says of the state before it."""
    sol, units, buying = int(row["amount_in_sol"]), int(row["amount_in_token"]), row["is_buy"] == "true"
    sign = 1 if buying else -1
    before = Pool(PUMPFUN, int(row["virtual_sol_reserves"]) - sign * sol, int(row["virtual_token_reserves"]) + sign * units, 95, 30)
    got = buy_quote(before, units) if buying else sell_exact_in(before, units).gross
    fees = (fee(sol, int(row["fee_basis_points"])), fee(sol, int(row["creator_fee_basis_points"])))
    stated = (int(row["fee_amount"]), int(row["creator_fee_amount"]))
    return got == sol and fees == stated and 0 < units <= available_units(before)


def test_every_recorded_trade_follows_exactly_from_the_state_before_it() -> None:
    rows = list(csv.DictReader(recorded().open()))

    wrong = [row["transaction_signature"] for row in rows if not follows(row)]

    print(f"\nthe curve is exact on {len(rows) - len(wrong):,} of {len(rows):,} recorded trades, amounts and both fees to the lamport")
    assert len(rows) == 1_502
    assert wrong == []
