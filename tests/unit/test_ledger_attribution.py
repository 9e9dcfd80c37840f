"""A strategy's money taken apart: prices, each cost, and what the trades say of its edge."""

import msgspec
import pytest

from memesnipe.ledger.attribution import Attribution, Costs, attribution, costs_of, folded
from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.orders import Fill, FillStatus
from memesnipe.testing.builders import OTHER_MINT, SOL, START_NS, a_fill

S = 1_000_000_000


def buy(second: int, spent: int, units: int = 1_000, **changes: int | str) -> Fill:
    """Return a buy that pays 10 to the network, 20 for its place and 30 of rent on top of `spent`."""
    costs = {"fee_lamports": 10, "tip_lamports": 20, "rent_lamports": 30, "venue_fee_lamports": spent // 100}
    return _fill(second, Side.BUY, -spent - 60, units, {"quoted_out": units, **costs, **changes})


def sell(second: int, received: int, units: int = 1_000, **changes: int | str) -> Fill:
    """Return a sale that pays 10 and 20, and gets the rent back."""
    costs = {"fee_lamports": 10, "tip_lamports": 20, "rent_lamports": -30, "venue_fee_lamports": received // 100}
    return _fill(second, Side.SELL, received, -units, {"quoted_out": received, **costs, **changes})


def _fill(second: int, side: Side, sol: int, units: int, changes: dict[str, int | str]) -> Fill:
    time_ns = START_NS + second * S
    fill = a_fill(side=side, slot=second, time_ns=time_ns, intent_time_ns=time_ns, signature=f"s{second}")
    return msgspec.structs.replace(fill, sol_delta_lamports=sol, token_delta_units=units, **changes)


def only(*fills: Fill) -> Attribution:
    (found,) = attribution(fills)
    return found


def test_net_and_costs_add_up_to_what_prices_gave() -> None:
    found = only(buy(1, 10_000), sell(5, 12_000))

    assert found.costs == Costs(fees=20, tips=40, rent=0, venue=220, slippage=0)
    assert found.net_lamports == 12_000 - 10_060
    assert found.gross_lamports == found.net_lamports + found.costs.total


def test_an_open_position_is_no_result() -> None:
    assert attribution([buy(1, 10_000)]) == []


def test_a_failed_attempt_is_paid_by_the_trade_that_it_delayed() -> None:
    failed = buy(2, 0, units=0, status=FillStatus.FAILED, rent_lamports=0, tip_lamports=0)
    failed = msgspec.structs.replace(failed, sol_delta_lamports=-10)

    assert only(buy(1, 10_000), failed, sell(5, 12_000)).costs.fees == 30


@pytest.mark.parametrize(
    ("fill", "lamports"),
    [
        (buy(1, 10_000, units=900, quoted_out=1_000), 1_000),
        (buy(1, 10_000, units=1_100, quoted_out=1_000), -1_000),
        (msgspec.structs.replace(sell(1, 9_000, quoted_out=10_000), sol_delta_lamports=9_000), 1_000),
        (buy(1, 10_000, quoted_out=0), 0),
    ],
)
def test_slippage_is_what_the_quote_promised_and_the_fill_did_not_bring(fill: Fill, lamports: int) -> None:
    assert costs_of(fill).slippage == lamports


def test_what_was_sold_and_bought_again_are_two_trades_with_their_own_costs() -> None:
    (parts,) = folded([buy(1, 10_000), sell(2, 11_000), buy(3, 5_000), sell(4, 4_000)]).parts.values()

    assert [part.costs.venue for part in parts] == [210, 90]
    assert [part.trade.net_lamports > 0 for part in parts] == [True, False]


def test_the_deepest_fall_is_from_the_highest_sum_and_calmar_is_by_it() -> None:
    found = only(
        *(fill for at, sold in enumerate((20_060, 5_060, 7_060, 30_060)) for fill in (buy(10 * at, 10_000), sell(10 * at + 5, sold)))
    )

    assert found.drawdown_lamports == 5_000 + 3_000
    assert found.calmar == pytest.approx(found.net_lamports / 8_000)
    assert found.hit_bps == 5_000


def test_time_with_two_positions_is_held_once() -> None:
    second = (buy(2, 10_000, mint=OTHER_MINT), sell(6, 10_000, mint=OTHER_MINT))

    assert only(buy(0, 10_000), sell(4, 10_000), *second, buy(8, 10_000), sell(10, 10_000)).exposure_bps == 8_000


def test_an_edge_that_decays_falls_from_left_to_right() -> None:
    sold = (13_060, 13_060, 10_060, 10_060, 8_060, 8_060)

    by_age = only(*(fill for at, got in enumerate(sold) for fill in (buy(10 * at, 10_000), sell(10 * at + 5, got)))).by_age_bps

    assert by_age == tuple(sorted(by_age, reverse=True))
    assert by_age[0] > 0 > by_age[2]


def test_ratios_of_one_trade_are_unknown_and_not_infinite() -> None:
    found = only(buy(1, 10_000), sell(5, 12_000))

    assert (found.sharpe, found.sortino, found.calmar, found.by_age_bps) == (None, None, None, ())


def test_paper_and_live_are_two_rows() -> None:
    fills = [buy(1, 10_000), sell(2, 10_000)]
    live = [msgspec.structs.replace(fill, mode=Mode.LIVE, signature=f"live-{fill.signature}") for fill in fills]

    assert [found.mode for found in attribution([*fills, *live])] == [Mode.LIVE, Mode.PAPER]


def test_the_order_of_delivery_does_not_matter() -> None:
    fills = [buy(1, SOL), sell(2, 2 * SOL), buy(3, SOL), sell(4, SOL // 2)]

    assert attribution(fills) == attribution(fills[::-1])
