"""What is offered for a place in a block: others' percentiles, the constants while nobody tells them, and never an order that waits."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from memesnipe.chain.clients.jito import TipFloor, TipFloors
from memesnipe.chain.clients.limits import Lane
from memesnipe.chain.clients.rpc import SolanaRpc
from memesnipe.chain.clients.rpc_types import PriorityFeeLevels
from memesnipe.guard import fees
from memesnipe.guard.fees import PRICE_FRESH_S, PRICE_OLD_S, QUESTIONS_MAX, SILENT_S, TIP_OLD_S, Fees, Offer, Wishes
from memesnipe.guard.metrics import FEE_ESTIMATES
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.testing.builders import an_exit, an_intent

LEVELS = PriorityFeeLevels(low=100.0, medium=200.1, high=300.0, very_high=400.0)
FLOOR = TipFloor(1e-6, 1e-5, 3.6e-5, 0.0014)
WISHES = Wishes(200_000, 50_000, 10_000)
POOL = ["pool", "vault"]


class Hosts:
    """Both hosts, and a clock that stands still until it is moved."""

    def __init__(self, levels: Any = LEVELS, floor: Any = FLOOR) -> None:
        self.levels, self.floor = levels, floor
        self.asked: list[tuple[str, ...]] = []
        self.now_s = 100.0

    def fees(self, **changes: Any) -> Fees:
        host = self

        class Rpc(SolanaRpc):
            async def priority_fees(self, accounts: Sequence[str], lane: Lane = Lane.NORMAL) -> PriorityFeeLevels:
                host.asked.append(tuple(accounts))
                levels: PriorityFeeLevels = await answer(host.levels)
                return levels

        class Floors(TipFloors):
            async def floor(self, lane: Lane = Lane.NORMAL) -> TipFloor:
                floor: TipFloor = await answer(host.floor)
                return floor

        wishes = Wishes(**({name: getattr(WISHES, name) for name in WISHES.__struct_fields__} | changes))
        return Fees(Rpc.__new__(Rpc), Floors.__new__(Floors) if self.floor is not None else None, wishes, lambda: self.now_s)


async def answer(told: Any) -> Any:
    if told == "silence":
        await asyncio.Event().wait()
    if isinstance(told, Exception):
        raise told
    return told


def constants() -> float:
    return float(FEE_ESTIMATES.labels("priority", "constant")._value.get())


async def test_a_buy_matches_the_median_and_an_exit_more() -> None:
    asked = Hosts().fees()

    buy, leave = await asked.offer(POOL, Lane.NORMAL), await asked.offer(POOL, Lane.EXIT)

    assert buy == Offer(201, 10_000)
    assert leave == Offer(300, 36_000)


@pytest.mark.parametrize(("percentile", "price", "tip"), [(25, 100, 1_000), (50, 201, 10_000), (75, 300, 36_000), (95, 400, 1_400_000)])
async def test_the_percentile_is_the_settings(percentile: Any, price: int, tip: int) -> None:
    assert await Hosts().fees(percentile=percentile).offer(POOL, Lane.NORMAL) == Offer(price, tip)


MISSING = [Unavailable("rpc"), BadInput("rpc", "no"), Refused(ReasonCode.CHAIN_FAILED, "Method not found"), "silence"]


@pytest.mark.parametrize("told", MISSING)
async def test_a_host_that_does_not_tell_leaves_the_constants_and_is_counted(told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fees, "WAIT_S_MAX", 0.01)
    before = constants()

    async with asyncio.timeout(60):
        offer = await Hosts(levels=told, floor=told).fees().offer(POOL, Lane.EXIT)

    assert offer == Offer(None, WISHES.tip_lamports)
    assert constants() == before + 1


async def test_a_silent_host_is_left_alone_for_a_while() -> None:
    hosts = Hosts(levels=Unavailable("rpc"))
    asked = hosts.fees()

    for _ in range(5):
        await asked.offer(POOL, Lane.NORMAL)
    hosts.now_s += SILENT_S
    await asked.offer(POOL, Lane.NORMAL)

    assert len(hosts.asked) == 2


async def test_one_answer_serves_the_orders_of_a_moment_and_is_asked_anew_afterwards() -> None:
    hosts = Hosts()
    asked = hosts.fees()

    for _ in range(3):
        await asked.offer(POOL, Lane.NORMAL)
    hosts.now_s += PRICE_FRESH_S + 0.1
    await asked.offer(POOL, Lane.NORMAL)

    assert len(hosts.asked) == 2


async def test_another_pool_is_another_question() -> None:
    hosts = Hosts()
    asked = hosts.fees()

    await asked.offer(["b", "a", "a"], Lane.NORMAL)
    await asked.offer(["c"], Lane.NORMAL)

    assert hosts.asked == [("a", "b"), ("c",)]


async def test_what_was_known_a_moment_ago_beats_the_constants() -> None:
    hosts = Hosts()
    asked = hosts.fees()
    await asked.offer(POOL, Lane.NORMAL)

    hosts.levels, hosts.now_s = Unavailable("rpc"), hosts.now_s + PRICE_OLD_S

    assert (await asked.offer(POOL, Lane.NORMAL)).price_micro_lamports == 201


async def test_what_is_old_is_not_used() -> None:
    hosts = Hosts()
    asked = hosts.fees()
    await asked.offer(POOL, Lane.NORMAL)

    hosts.levels = hosts.floor = Unavailable("rpc")
    hosts.now_s += max(PRICE_OLD_S, TIP_OLD_S) + 0.1

    assert await asked.offer(POOL, Lane.NORMAL) == Offer(None, WISHES.tip_lamports)


async def test_without_an_auction_the_tip_is_the_constant() -> None:
    assert (await Hosts(floor=None).fees().offer(POOL, Lane.EXIT)).tip_lamports == WISHES.tip_lamports


async def test_no_less_is_tipped_than_the_way_in_takes() -> None:
    assert (await Hosts().fees(tip_lamports_min=1_000_000).offer(POOL, Lane.NORMAL)).tip_lamports == 1_000_000


async def test_an_estimate_of_nothing_still_offers_something() -> None:
    """Sender hands nothing on without a priority fee."""
    assert (await Hosts(levels=PriorityFeeLevels(0.0, 0.0, 0.0, 0.0)).fees().offer(POOL, Lane.NORMAL)).price_micro_lamports == 1


async def test_markets_beyond_the_bound_are_forgotten_oldest_first() -> None:
    hosts = Hosts()
    asked = hosts.fees()
    for at in range(QUESTIONS_MAX + 1):
        await asked.offer([f"pool {at}"], Lane.NORMAL)
    hosts.asked.clear()

    await asked.offer([f"pool {QUESTIONS_MAX}"], Lane.NORMAL)
    await asked.offer(["pool 0"], Lane.NORMAL)

    assert hosts.asked == [("pool 0",)]


@pytest.mark.parametrize(("urgency", "attempt", "doubled"), [(0, 1, 0), (0, 2, 1), (2, 1, 2), (2, 3, 4), (10**6, 3, 10)])
def test_each_try_of_an_exit_and_each_of_its_attempts_offers_twice_as_much(urgency: int, attempt: int, doubled: int) -> None:
    assert fees.urgency_of(fees.more_urgent(an_exit(urgency=urgency), attempt)) == doubled


def test_a_buy_offers_no_more_however_often_it_is_tried() -> None:
    assert fees.urgency_of(fees.more_urgent(an_intent(), 3)) == 0
