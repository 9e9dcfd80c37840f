"""The launch sniper buys what passes every check and what strangers buy; what it cannot check it does not buy."""

from typing import Any

import pytest
from pydantic import ValidationError

from memesnipe.messages.bounds import Side
from memesnipe.messages.market import MarketEvent, PriceTick
from memesnipe.testing.builders import MINT, OTHER_MINT, START_NS, a_launch, a_tick
from memesnipe.testing.strategies import Rehearsal
from memesnipe_strategies.launch_sniper import LaunchSniper, LaunchSniperParameters
from memesnipe_strategies.token_checks import TokenCheck

BASE = 1_073 * 10**12


def trade(
    price: float, at_s: float, *, side: Side | None = Side.BUY, mint: str = MINT, slot: int = 0, lamports: int = 3 * 10**8
) -> PriceTick:
    """Return a trade; a price of 1.0 is the launch price."""
    return a_tick(
        time_ns=START_NS + int(at_s * 10**9), slot=slot or 1_001 + int(at_s), mint=mint, quote_lamports=int(price * 30 * 10**9),
        base_units=BASE, trade_side=side, trade_lamports=lamports,
    )  # fmt: skip


def wave(*, mint: str = MINT, **changes: Any) -> list[PriceTick]:
    return [trade(1.0 + 0.03 * number, 1.0 + number, mint=mint, **changes) for number in range(1, 6)]


def test_it_buys_a_checked_launch_that_strangers_buy() -> None:
    orders = Rehearsal(LaunchSniper).play(a_launch(), *wave())

    assert [(order.side, order.mint, order.reason) for order in orders] == [(Side.BUY, MINT, "launch_confirmed")]


@pytest.mark.parametrize(
    "flaw",
    [
        {"mint_authority_revoked": False}, {"freeze_authority_revoked": False}, {"sell_route_ok": False}, {"top_holder_bps": 1_501},
        {"creator_launches": 4}, {"extensions": ("permanentDelegate",)}, {"extensions": ("transferHook",)}, {"extensions": ("pausable",)},
        {"extensions": ("nonTransferable",)}, {"extensions": ("defaultAccountState",)}, {"extensions": ("confidentialTransferMint",)},
        {"extensions": ("transferFeeConfig",)}, {"extensions": ("metadataPointer", "somethingNew")},
    ],
)  # fmt: skip
def test_a_launch_that_fails_a_check_is_never_bought(flaw: dict[str, Any]) -> None:
    every_check = [check.value for check in TokenCheck]

    assert Rehearsal(LaunchSniper, unverifiable=every_check).play(a_launch(**flaw), *wave()) == []


UNKNOWN: dict[TokenCheck, dict[str, Any]] = {
    TokenCheck.MINT_AUTHORITY: {"mint_authority_revoked": None},
    TokenCheck.FREEZE_AUTHORITY: {"freeze_authority_revoked": None},
    TokenCheck.EXTENSIONS: {"extensions": None},
    TokenCheck.TOP_HOLDER: {"top_holder_bps": None},
    TokenCheck.SELL_ROUTE: {"sell_route_ok": None},
    TokenCheck.CREATOR: {"creator_launches": None},
}


@pytest.mark.parametrize(("check", "unknown"), UNKNOWN.items())
def test_a_check_that_could_not_be_made_is_not_a_pass(check: TokenCheck, unknown: dict[str, Any]) -> None:
    others = [other.value for other in TokenCheck if other is not check]

    rehearsal = Rehearsal(LaunchSniper, unverifiable=others)

    assert rehearsal.play(a_launch(**unknown), *wave()) == []
    assert rehearsal.meter.counts == {f"launches verdict={check.value}": 1.0}


@pytest.mark.parametrize(("check", "unknown"), UNKNOWN.items())
def test_a_check_the_manifest_declares_unverifiable_may_be_unknown(check: TokenCheck, unknown: dict[str, Any]) -> None:
    orders = Rehearsal(LaunchSniper, unverifiable=[check.value]).play(a_launch(**unknown), *wave())

    assert len(orders) == 1


@pytest.mark.parametrize("extensions", [(), ("metadataPointer", "tokenMetadata"), ("MetadataPointer",), ("token_metadata",)])
def test_extensions_that_only_describe_are_no_flaw(extensions: tuple[str, ...]) -> None:
    assert len(Rehearsal(LaunchSniper).play(a_launch(extensions=extensions), *wave())) == 1


@pytest.mark.parametrize(
    "trades",
    [
        [],
        wave()[:3],
        wave(lamports=10**7),
        wave(slot=1_000),
        wave(side=None),
        wave(side=Side.SELL),
        [trade(3.0 + number, 2.0 + number) for number in range(5)],
        [trade(0.9, 1.0 + number) for number in range(5)],
        [trade(1.0 + 0.01 * number, 46.0 + number) for number in range(5)],
        [trade(1.1, 1.0 + number, side=Side.BUY if number % 2 else Side.SELL) for number in range(20)],
    ],
    ids=["silence", "too_few", "too_small", "the_creators_own_slot", "quotes", "sells", "ran_away", "fell", "too_late", "churn"],
)
def test_a_launch_without_confirmation_is_not_bought(trades: list[PriceTick]) -> None:
    assert Rehearsal(LaunchSniper).play(a_launch(), *trades) == []


def test_prices_without_a_launch_are_not_bought() -> None:
    assert Rehearsal(LaunchSniper).play(*wave()) == []


def held(**parameters: Any) -> Rehearsal:
    rehearsal = Rehearsal(LaunchSniper, **parameters)
    [order] = rehearsal.play(a_launch(), *wave())
    assert order.side is Side.BUY
    return rehearsal


@pytest.mark.parametrize(
    ("prices", "cause"), [([1.2, 1.9], "take_profit"), ([1.2, 0.9], "stop_loss"), ([1.2, 1.6, 1.3], "trailing"), ([1.2] * 300, "time")]
)
def test_every_way_out_sells_all_it_holds(prices: list[float], cause: str) -> None:
    rehearsal = held()
    units = rehearsal.book.holdings()[MINT].units

    [sale] = rehearsal.play(*(trade(price, 10.0 + number) for number, price in enumerate(prices)))

    assert (sale.side, sale.size_units, sale.reason) == (Side.SELL, units, cause)


def test_a_token_that_died_is_sold_on_the_next_event_of_any_other() -> None:
    rehearsal = held()
    rehearsal.play(trade(1.15, 8.0))

    [sale] = rehearsal.play(trade(1.0, 200.0, mint=OTHER_MINT))

    assert (sale.mint, sale.reason) == (MINT, "time")


def test_a_token_is_bought_once() -> None:
    rehearsal = held()
    rehearsal.play(trade(1.2, 10.0), trade(0.8, 11.0))
    assert rehearsal.book.holdings() == {}

    assert rehearsal.play(*wave(), a_launch(), *wave()) == []


def test_a_buy_that_failed_is_tried_again_within_the_window_and_not_for_ever() -> None:
    rehearsal = Rehearsal(LaunchSniper)
    buys = []
    events: list[MarketEvent] = [a_launch(), *wave(), *(trade(1.2, 8.0 + number) for number in range(30))]
    for event in events:
        orders = rehearsal.tell(event)
        rehearsal.reject(*orders)
        buys += orders

    assert len(buys) == 2


def test_it_spends_its_share_of_free_capital_and_no_more_than_the_pool_bears() -> None:
    [rich] = Rehearsal(LaunchSniper, capital_sol=1_000).play(a_launch(), *wave())
    [poor] = Rehearsal(LaunchSniper, capital_sol=1).play(a_launch(), *wave())

    assert rich.size_lamports <= min(250_000_000, rich.quote_lamports // 100)
    assert poor.size_lamports == 5 * 10**7


def test_without_capital_it_does_not_ask() -> None:
    assert Rehearsal(LaunchSniper, capital_sol=0).play(a_launch(), *wave()) == []


def test_more_positions_than_allowed_are_not_opened() -> None:
    rehearsal = held(positions_max=1)

    assert rehearsal.play(a_launch(mint=OTHER_MINT), *wave(mint=OTHER_MINT)) == []


def test_launches_that_came_to_nothing_are_forgotten() -> None:
    rehearsal = Rehearsal(LaunchSniper)
    rehearsal.tell(a_launch(), a_launch(mint=OTHER_MINT))

    rehearsal.tell(trade(1.0, 60.0))

    assert rehearsal.seat.strategy.snapshot()["targets"] == []


@pytest.mark.parametrize("bad", [{"unverifiable": ["everything"]}, {"stop_loss_bps": 10_000}, {"hold_s_max": 0}, {"size_lamports_max": 1}])
def test_parameters_out_of_bounds_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        LaunchSniperParameters(**bad)
