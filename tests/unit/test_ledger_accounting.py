"""Average cost and realized profit in integers."""

from memesnipe.ledger.accounting import Position, Trade, apply, fill_order, position_of
from memesnipe.messages.bounds import Side
from memesnipe.messages.orders import Fill, FillStatus
from memesnipe.testing.builders import START_NS, a_fill


def folded(*fills: Fill) -> tuple[Position, list[Trade]]:
    position, trades = position_of(fills[0]), []
    for fill in fills:
        position, trade = apply(position, fill)
        trades += [trade] if trade else []
    return position, trades


def a_buy(lamports: int, units: int, *, rent: int = 0, fee: int = 0, tip: int = 0) -> Fill:
    return a_fill(
        side=Side.BUY,
        sol_delta_lamports=-lamports,
        token_delta_units=units,
        rent_lamports=rent,
        fee_lamports=fee,
        tip_lamports=tip,
    )


def a_sell(lamports: int, units: int, *, rent: int = 0) -> Fill:
    return a_fill(side=Side.SELL, sol_delta_lamports=lamports, token_delta_units=-units, rent_lamports=rent, fee_lamports=0)


def test_a_buy_adds_its_whole_outlay_to_the_cost() -> None:
    position, _ = folded(a_buy(1_000, 10, rent=200, fee=50, tip=30))

    assert (position.units, position.cost_lamports, position.realized_lamports) == (10, 1_000, 0)


def test_a_stop_looks_at_the_price_paid_and_not_at_rent_fee_and_tip() -> None:
    position, _ = folded(a_buy(1_000, 10, rent=200, fee=50, tip=30))

    assert position.entry_lamports == 720


def test_a_part_sale_takes_its_share_of_the_cost_rounded_down() -> None:
    position, trades = folded(a_buy(1_000, 3), a_sell(400, 1))

    assert (position.units, position.cost_lamports, position.realized_lamports) == (2, 667, 67)
    assert trades == []


def test_the_last_sale_takes_the_whole_rest_of_the_cost() -> None:
    position, trades = folded(a_buy(1_000, 3), a_sell(400, 1), a_sell(900, 2))

    assert (position.units, position.cost_lamports, position.realized_lamports) == (0, 0, 300)
    assert [trade.net_lamports for trade in trades] == [300]


def test_rent_is_a_cost_when_paid_and_a_gain_when_it_comes_back() -> None:
    position, _ = folded(a_buy(1_200, 10, rent=200), a_sell(1_200, 10, rent=-200))

    assert (position.realized_lamports, position.rent_lamports) == (0, 0)


def test_a_failed_transaction_realizes_its_fee() -> None:
    failed = a_fill(status=FillStatus.FAILED, sol_delta_lamports=-5_000, token_delta_units=0, fee_lamports=5_000)

    position, _ = folded(failed)

    assert (position.realized_lamports, position.cost_lamports, position.units) == (-5_000, 0, 0)


def test_a_trade_holds_the_fees_of_its_failed_attempts() -> None:
    failed = a_fill(status=FillStatus.FAILED, sol_delta_lamports=-5, token_delta_units=0)

    _, trades = folded(failed, a_buy(100, 10), a_sell(150, 10), a_buy(100, 10), a_sell(90, 10))

    assert [trade.net_lamports for trade in trades] == [45, -10]
    assert [trade.outlay_lamports for trade in trades] == [100, 100]


def test_selling_tokens_that_no_fill_bought_stops_at_zero_and_keeps_the_money() -> None:
    position, _ = folded(a_buy(100, 10), a_sell(300, 25))

    assert (position.units, position.cost_lamports, position.realized_lamports) == (0, 0, 200)


def test_exit_ids_follow_the_fill_that_opened_the_position() -> None:
    first, second = a_buy(100, 10), a_buy(50, 5)

    position, _ = folded(first, second)

    assert position.opened_intent_id == first.intent_id


def test_a_sale_on_the_same_price_as_its_buy_is_folded_after_it_whatever_their_signatures() -> None:
    sale = a_fill(side=Side.SELL, signature="a", slot=5, time_ns=START_NS, intent_time_ns=START_NS)
    buy = a_fill(side=Side.BUY, signature="b", slot=5, time_ns=START_NS, intent_time_ns=START_NS)

    assert sorted((sale, buy), key=fill_order) == [buy, sale]
