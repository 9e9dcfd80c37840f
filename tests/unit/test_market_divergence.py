"""A replay says how our own fills would have moved the market that it shows."""

from memesnipe.market.curves import buy_exact_in, pool_of, sell_exact_in
from memesnipe.market.divergence import diverge, pool_lamports, price_shift_bps, render
from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.market import PriceTick
from memesnipe.messages.orders import Fill, FillStatus

MINT = "8gQkv453h8zzwBNDvJdtVo74DYX5kqAAog1tdHNypump"
NOW = 1_757_812_456 * 10**9


def a_tick(slot: int, quote: int = 30 * 10**9, base: int = 1_073 * 10**12) -> PriceTick:
    return PriceTick(f"t{slot}", NOW + slot, slot, MINT, "pumpfun", quote, base, 6)


def a_fill(slot: int, side: Side, lamports: int, units: int, venue_fee: int, status: FillStatus = FillStatus.FILLED) -> Fill:
    """Return a fill whose pool saw `lamports` and `units`, with a network fee of 5,000 and a tip of 1,000."""
    sign = -1 if side is Side.BUY else 1
    return Fill(
        intent_id=f"i{slot}",
        strategy="momentum",
        mode=Mode.PAPER,
        attempt=1,
        signature=f"paper:i{slot}:1",
        status=status,
        side=side,
        mint=MINT,
        slot=slot,
        time_ns=NOW + slot,
        sol_delta_lamports=sign * lamports - venue_fee - 6_000,
        token_delta_units=-sign * units,
        fee_lamports=5_000,
        tip_lamports=1_000,
        rent_lamports=0,
        venue_fee_lamports=venue_fee,
        quoted_out=units,
        intent_time_ns=NOW + slot,
    )


def test_only_the_pools_part_of_a_fill_counts() -> None:
    assert pool_lamports(a_fill(1, Side.BUY, 10**9, 5, 12_500_000)) == 10**9
    assert pool_lamports(a_fill(1, Side.SELL, 10**9, 5, 12_500_000)) == -(10**9)


def test_a_buy_of_a_tenth_of_the_curve_shifts_the_price_by_a_fifth() -> None:
    tick = a_tick(1)
    bought = buy_exact_in(pool_of(tick), 3 * 10**9)

    shift = price_shift_bps(tick, bought.quote_lamports, -bought.units)

    assert 2_000 < shift < 2_100


def test_a_bought_and_sold_position_leaves_the_largest_shift_on_record() -> None:
    pool = pool_of(a_tick(1))
    bought = buy_exact_in(pool, 3 * 10**9)
    sold = sell_exact_in(bought.after, bought.units)
    fills = [a_fill(2, Side.BUY, bought.quote_lamports, bought.units, 0), a_fill(4, Side.SELL, sold.gross, bought.units, 0)]

    (found,) = diverge([a_tick(slot) for slot in range(1, 6)], fills)

    assert (found.fills, found.net_units, found.last_bps) == (2, 0, 0)
    assert 2_000 < found.max_bps < 2_100
    assert found.max_slot == 2


def test_a_failed_fill_moves_nothing() -> None:
    assert diverge([a_tick(1)], [a_fill(1, Side.BUY, 0, 0, 0, FillStatus.FAILED)]) == ()


def test_a_fill_after_the_last_trade_still_counts() -> None:
    (found,) = diverge([a_tick(1)], [a_fill(9, Side.BUY, 10**9, 10**12, 0)])

    assert found.last_bps == found.max_bps > 0


def test_the_statement_names_token_amounts_and_bps() -> None:
    text = render(diverge([a_tick(1)], [a_fill(1, Side.BUY, 10**9, 10**12, 0)]))

    assert MINT in text
    assert "net +1000000000 lamports and -1000000000000 units" in text
