"""Where an order goes, and what a buy must pass on the way there, live and on paper alike."""

import asyncio
from typing import Any

import pytest

from memesnipe.chain.clients.limits import Lane
from memesnipe.guard.paper import Cost
from memesnipe.guard.venue import Ready, Venues
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.control import RiskLimits
from memesnipe.messages.orders import Intent
from memesnipe.testing.builders import MINT, OTHER_MINT, a_sale, an_exit, an_intent, limits

READY: Any = object()
COST = Cost(5_000, 10_000)


class Place:
    """A venue for some mints."""

    def __init__(self, name: str, *mints: str) -> None:
        self.name, self.mints, self.asked, self.was_asked = name, mints, list[str](), asyncio.Event()

    def serves(self, intent: Intent) -> bool:
        return intent.mint in self.mints

    async def prepare(self, intent: Intent, wallet: str, limits: RiskLimits, lane: Lane) -> Ready:
        self.asked.append("prepare")
        self.was_asked.set()
        ready: Ready = READY
        return ready

    async def rehearse(self, intent: Intent, wallet: str, limits: RiskLimits, lane: Lane) -> Cost:
        self.asked.append("rehearse")
        return COST


async def refuse(intent: Intent, wallet: str, lane: Lane) -> None:
    raise Refused(ReasonCode.NO_ROUTE, "it cannot be sold")


async def prepared(venues: Venues, intent: Intent) -> Ready:
    return await venues.prepare(intent, "wallet", limits(), Lane.NORMAL)


async def test_an_order_goes_to_the_first_venue_that_serves_it() -> None:
    perps, swaps = Place("perps", OTHER_MINT), Place("swaps", MINT, OTHER_MINT)

    await prepared(Venues([perps, swaps]), an_intent(mint=MINT))
    await prepared(Venues([perps, swaps]), an_intent(mint=OTHER_MINT))

    assert (perps.asked, swaps.asked) == (["prepare"], ["prepare"])


async def test_an_order_that_no_venue_serves_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        await prepared(Venues([Place("perps", OTHER_MINT)]), an_intent(mint=MINT))

    assert caught.value.code is ReasonCode.NO_ROUTE


@pytest.mark.parametrize("verb", ["prepare", "rehearse"])
async def test_a_buy_that_fails_a_check_is_refused_live_and_on_paper(verb: str) -> None:
    venues = Venues([Place("swaps", MINT)], [refuse])

    with pytest.raises(Refused, match="cannot be sold"):
        await getattr(venues, verb)(an_intent(mint=MINT), "wallet", limits(), Lane.NORMAL)


@pytest.mark.parametrize("make", [a_sale, an_exit])
async def test_what_reduces_a_position_passes_no_check(make: Any) -> None:
    """A token that went bad must be sold, not looked at."""
    assert await prepared(Venues([Place("swaps", MINT)], [refuse]), make(mint=MINT)) is READY


async def test_checks_and_quote_go_side_by_side() -> None:
    place = Place("swaps", MINT)

    async def waits_for_the_quote(intent: Intent, wallet: str, lane: Lane) -> None:
        await place.was_asked.wait()

    async with asyncio.timeout(60):
        assert await prepared(Venues([place], [waits_for_the_quote]), an_intent(mint=MINT)) is READY
