"""The Drift Gateway over real HTTP: exact amounts, writes made once, and no live order, ever."""

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from memesnipe.chain.clients.drift import DriftGateway, NewOrder
from memesnipe.chain.clients.limits import Lane
from memesnipe.chain.clients.transport import NeverSent
from memesnipe.guard.paper import Cost
from memesnipe.guard.perps import DriftVenue, Listed, listed_in, venues_of
from memesnipe.guard.settings import GuardSettings
from memesnipe.kernel.errors import BadInput, ConfigError, Refused, Unavailable
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.kernel.settings import load
from memesnipe.testing.builders import MINT, OTHER_MINT, a_sale, an_exit, an_intent, limits
from memesnipe.testing.drift_server import SIGNATURE, DriftHost

SOL = 1_000_000_000
WIF = Listed(23, 10**6)


@pytest.fixture
async def host() -> AsyncIterator[DriftHost]:
    async with DriftHost() as running:
        yield running


@pytest.fixture
async def gateway(host: DriftHost) -> AsyncIterator[DriftGateway]:
    client = DriftGateway.at(host.url)
    yield client
    await client.close()


def an_order(**changes: Any) -> NewOrder:
    return msgspec.structs.replace(NewOrder(23, "perp", Decimal("-1.23"), Decimal("0.5"), "limit", user_order_id=102), **changes)


def a_buy(size_lamports: int, price_lamports: int, slippage_bps: int = 100) -> Any:
    """Return a buy that saw so many lamports for a whole token of six decimals."""
    return msgspec.structs.replace(
        an_intent(), size_lamports=size_lamports, quote_lamports=price_lamports, base_units=10**6, slippage_bps_max=slippage_bps
    )


async def rehearsed(gateway: DriftGateway, intent: Any) -> Cost:
    return await DriftVenue(gateway, {intent.mint: WIF}).rehearse(intent, "wallet", limits(), Lane.NORMAL)


async def test_markets_positions_and_books_are_read_as_they_are_told(gateway: DriftGateway) -> None:
    markets, positions, book = await gateway.markets(), await gateway.positions(), await gateway.book(23)

    assert [(market.market_index, market.symbol) for market in markets.perp] == [(0, "SOL-PERP"), (23, "WIF-PERP")]
    assert positions.perp[0].amount == "-3.3"
    assert book.asks[0].price == "0.500"


async def test_an_order_lives_from_placing_over_change_to_cancellation(host: DriftHost, gateway: DriftGateway) -> None:
    assert await gateway.place([an_order()]) == SIGNATURE
    (placed,) = await gateway.orders()
    await gateway.modify([an_order(amount=Decimal("2.5"), order_type="")])
    (changed,) = await gateway.orders()
    await gateway.cancel([changed.order_id])

    assert (placed.amount, placed.user_order_id, placed.filled) == ("-1.230000000", 102, "0.000000000")
    assert changed.amount == "2.500000000"
    assert await gateway.orders() == ()


async def test_amounts_are_sent_to_the_last_digit(host: DriftHost, gateway: DriftGateway) -> None:
    await gateway.place([an_order(amount=Decimal("0.100000000000000001"))])

    assert host.seen[-1][2]["orders"][0]["amount"] == Decimal("0.100000000000000001")


async def test_a_write_without_an_answer_is_unknown_and_made_once(host: DriftHost, gateway: DriftGateway) -> None:
    host.after_doing = True

    with pytest.raises(Unavailable):
        await gateway.place([an_order()])

    assert [method for method, _, _ in host.seen] == ["POST"]
    assert len(host.orders) == 1


async def test_an_order_that_the_gateway_refuses_is_refused_with_its_word(host: DriftHost, gateway: DriftGateway) -> None:
    host.failures = [400]

    with pytest.raises(Refused, match="6010"):
        await gateway.place([an_order()])


async def test_a_read_is_asked_again(host: DriftHost, gateway: DriftGateway) -> None:
    host.failures = [500]

    assert (await gateway.markets()).perp


async def test_a_gateway_that_is_not_there_was_never_asked() -> None:
    with pytest.raises(NeverSent):
        await DriftGateway.at("http://127.0.0.1:9").place([an_order()])


@pytest.mark.parametrize("price", ["NaN", "Infinity", "1e999", "", "0x1", "1" * 41])
async def test_a_price_that_is_no_decimal_is_bad_input(host: DriftHost, gateway: DriftGateway, price: str) -> None:
    host.books[23] = {"bids": [], "asks": [[price, "1"]]}

    with pytest.raises(BadInput, match=r"drift\.book"):
        await gateway.book(23)


async def test_a_cancellation_that_names_no_order_is_a_mistake_and_not_all_of_them(host: DriftHost, gateway: DriftGateway) -> None:
    with pytest.raises(ValueError, match="every one"):
        await gateway.cancel()
    with pytest.raises(ValueError, match="name none"):
        await gateway.modify([an_order(user_order_id=0)])

    assert host.seen == []


async def test_a_live_order_is_refused_and_nothing_is_asked_of_the_gateway(host: DriftHost, gateway: DriftGateway) -> None:
    with pytest.raises(Refused, match="outside the signer's protection") as refused:
        await DriftVenue(gateway, {MINT: WIF}).prepare(an_intent(mint=MINT), "wallet", limits(), Lane.NORMAL)

    assert refused.value.code is ReasonCode.VENUE_SIGNS
    assert host.seen == []


def test_what_reduces_a_position_never_goes_there(gateway: DriftGateway) -> None:
    venue = DriftVenue(gateway, {MINT: WIF})

    assert venue.serves(an_intent(mint=MINT))
    assert not venue.serves(an_intent(mint=OTHER_MINT))
    assert not venue.serves(a_sale(mint=MINT))
    assert not venue.serves(an_exit(mint=MINT))


async def test_a_buy_within_its_price_is_rehearsed(gateway: DriftGateway) -> None:
    """At 150 dollars a SOL, half a dollar is a third of a hundredth of it: 3,333,333 lamports."""
    assert await rehearsed(gateway, a_buy(SOL, 3_333_333)) == Cost(5_000, 0)


async def test_a_buy_that_eats_into_the_book_past_its_slippage_is_refused(gateway: DriftGateway) -> None:
    assert await rehearsed(gateway, a_buy(5 * SOL, 3_333_333, slippage_bps=100)) == Cost(5_000, 0)
    with pytest.raises(Refused) as refused:
        await rehearsed(gateway, a_buy(20 * SOL, 3_333_333, slippage_bps=100))

    assert refused.value.code is ReasonCode.TX_MIN_OUT


@pytest.mark.parametrize(
    ("size_lamports", "book", "words"),
    [
        (1_000, None, "fewer than"),
        (10_000 * SOL, None, "the order book holds"),
        (SOL, {"bids": [], "asks": []}, "the order book holds"),
    ],
)
async def test_a_buy_that_the_market_cannot_take_has_no_route(
    host: DriftHost, gateway: DriftGateway, size_lamports: int, book: Any, words: str
) -> None:
    if book:
        host.books[23] = book

    with pytest.raises(Refused, match=words) as refused:
        await rehearsed(gateway, a_buy(size_lamports, 3_333_333))

    assert refused.value.code is ReasonCode.NO_ROUTE


@pytest.mark.parametrize(
    ("index", "book"),
    [
        (23, {"bids": [], "asks": [["0.500", "-5"]]}),
        (23, {"bids": [], "asks": [["0.0", "5000"]]}),
        (23, {"bids": [], "asks": [["0.500", "1"], ["0.100", "5000"]]}),
        (0, {"bids": [["150", "1"]], "asks": [["1", "1"]]}),
        (0, {"bids": [["0.0", "1"]], "asks": [["1", "1"]]}),
    ],
    ids=["a negative amount", "free", "cheaper further in", "crossed", "a SOL for nothing"],
)
async def test_an_order_book_that_cannot_be_is_bad_input(host: DriftHost, gateway: DriftGateway, index: int, book: Any) -> None:
    host.books[index] = book

    with pytest.raises(BadInput, match=r"drift\.book"):
        await rehearsed(gateway, a_buy(SOL, 3_333_333))


async def test_a_gateway_without_order_books_is_a_refusal(host: DriftHost, gateway: DriftGateway) -> None:
    host.books.clear()

    with pytest.raises(Refused, match="unknown market"):
        await rehearsed(gateway, a_buy(SOL, 3_333_333))


def test_it_is_off_until_both_its_address_and_its_tokens_are_set() -> None:
    assert venues_of(GuardSettings()) == ()
    with pytest.raises(ConfigError, match="MEMESNIPE_DRIFT_GATEWAY_URL"):
        venues_of(GuardSettings(drift_markets=f"{MINT}:23:1000000"))
    with pytest.raises(ConfigError, match="MEMESNIPE_DRIFT_MARKETS"):
        venues_of(GuardSettings(drift_gateway_url="http://127.0.0.1:8080"))
    (venue,) = venues_of(GuardSettings(drift_gateway_url="http://127.0.0.1:8080", drift_markets=f"{MINT}:23:1000000"))
    assert venue.serves(an_intent(mint=MINT))


@pytest.mark.parametrize("text", ["", "WIF:23:1", f"{MINT}:23", f"{MINT}:-1:1", f"{MINT}:23:0", f"{MINT}:70000:1", f"{MINT}:23:1,"])
def test_a_list_of_markets_that_is_none_is_a_config_error(text: str) -> None:
    with pytest.raises(ConfigError, match="MEMESNIPE_DRIFT_MARKETS"):
        listed_in(text)


def test_an_address_that_is_none_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="MEMESNIPE_DRIFT_GATEWAY_URL"):
        load(GuardSettings, {"MEMESNIPE_DRIFT_GATEWAY_URL": "localhost:8080"})


def test_an_order_without_a_price_says_none() -> None:
    body = json.loads(msgspec.json.encode(NewOrder(0, "perp", Decimal(1), order_type="market"), order="deterministic"))

    assert body == {"amount": "1", "marketIndex": 0, "marketType": "perp", "orderType": "market"}
