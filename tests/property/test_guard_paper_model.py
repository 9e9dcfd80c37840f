"""What holds for every paper fill, whatever the pool and the order: the curve is never beaten and no lamport appears."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from memesnipe.bus.folds import Halts
from memesnipe.guard import decide, paper
from memesnipe.guard.book import Book
from memesnipe.guard.paper import Terms
from memesnipe.guard.standing import standing_of
from memesnipe.market import curves
from memesnipe.messages.bounds import Side
from memesnipe.messages.market import PriceTick
from memesnipe.messages.orders import Fill, FillStatus, OrderIntent
from memesnipe.testing.builders import SOL, START_NS, a_config, a_sale, a_tick, an_approved, an_intent

TERMS = Terms(seed=7, slots_max=0, failure_bps=0, timeout_ns=1, fee_lamports=25_000, tip_lamports=10_000)
STANDING = standing_of(a_config(), Halts(), 5 * SOL)

lamports = st.integers(1, SOL // 2)
pools = st.builds(
    lambda venue, quote, base, fee: a_tick(venue=venue, quote_lamports=quote, base_units=base, fee_bps=fee),
    st.sampled_from(["pumpfun", "raydium", "pumpswap", "unknown"]),
    st.integers(1, 500 * SOL),
    st.integers(1, 10**16),
    st.integers(0, 500),
)


def decided(intent: OrderIntent, tick: PriceTick) -> list[Fill]:
    """Return the fills of an intent priced at the pool's own ratio."""
    fair = msgspec.structs.replace(intent, quote_lamports=tick.quote_lamports, base_units=tick.base_units, slippage_bps_max=9_999)
    book = Book()
    book.see(tick)
    outcomes = decide.take(book, an_approved(fair), STANDING, TERMS, START_NS)
    return [one for one in outcomes if isinstance(one, Fill)]


@given(pools, lamports)
def test_a_buy_never_gets_more_than_the_curve_gives(tick: PriceTick, size: int) -> None:
    for fill in decided(an_intent(size_lamports=size), tick):
        assert fill.token_delta_units <= curves.buy_exact_in(curves.pool_of(tick), size).units


@given(pools, lamports)
def test_a_buy_never_costs_less_than_what_it_got_is_worth_and_the_costs(tick: PriceTick, size: int) -> None:
    for fill in decided(an_intent(size_lamports=size), tick):
        spent = -fill.sol_delta_lamports - fill.fee_lamports - fill.tip_lamports - fill.rent_lamports
        assert 0 <= spent <= size or fill.status is FillStatus.FAILED
        assert spent >= curves.buy_quote(curves.pool_of(tick), fill.token_delta_units) if fill.token_delta_units else spent >= 0


@given(pools)
def test_a_round_trip_never_makes_money_out_of_nothing(tick: PriceTick) -> None:
    pool = curves.pool_of(tick)
    bought = curves.buy_exact_in(pool, SOL // 10)
    if bought.units == 0:
        return
    spent = bought.quote_lamports + bought.protocol_fee + bought.creator_fee

    sold = curves.sell_exact_in(bought.after, bought.units)

    assert sold.lamports_net <= spent


@given(pools, st.integers(1, 10**15))
def test_a_sale_s_delta_is_what_the_pool_pays_less_the_costs(tick: PriceTick, units: int) -> None:
    for fill in decided(a_sale(size_units=units), tick):
        assert fill.side is Side.SELL
        if fill.status is FillStatus.FILLED:
            net = curves.sell_exact_in(curves.pool_of(tick), units).lamports_net
            assert fill.sol_delta_lamports == net - fill.fee_lamports - fill.tip_lamports
            assert fill.token_delta_units == -units


@given(st.text("0123456789abcdef", min_size=32, max_size=32), st.integers(0, 1_000), st.integers(0, 20), st.integers(0, 10_000))
def test_luck_is_a_function_of_seed_intent_and_unrest(intent_id: str, seed: int, slots_max: int, stir: int) -> None:
    terms = Terms(seed, slots_max, failure_bps=200, timeout_ns=1, fee_lamports=0, tip_lamports=0, slots_stir=20, failure_stir_bps=5_000)

    luck = paper.draw(intent_id, terms, stir)

    assert luck == paper.draw(intent_id, terms, stir)
    assert 0 <= luck.slots <= slots_max + 20


@given(pools, pools, st.integers(0, 300))
def test_unrest_is_never_more_than_a_doubled_price_and_fades(before: PriceTick, last: PriceTick, slots: int) -> None:
    stir = paper.stir_bps(before, last, last.slot)

    assert 0 <= stir <= 10_000
    assert paper.stir_bps(before, last, last.slot + slots) == stir // (1 + slots)
