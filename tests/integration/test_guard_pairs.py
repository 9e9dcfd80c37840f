"""Paper twins of live orders at wallet_guard's edge: who gets one, what ends it, and that a pair is said once."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from prometheus_client import REGISTRY

from memesnipe.bus import topology
from memesnipe.bus.api import Entry
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.guard.attempts import Attempts
from memesnipe.guard.book import Book
from memesnipe.guard.pairs import TWINS_MAX, Pairs
from memesnipe.guard.paper import Terms
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Mode
from memesnipe.messages.market import PriceTick
from memesnipe.messages.pairs import Pair, PairEnd
from memesnipe.messages.signing import SwapTransaction
from memesnipe.testing.builders import a_fill, a_frame, a_rejection, a_tick, an_approved

ORDER = an_approved(mode=Mode.LIVE)
TERMS = Terms(seed=7, slots_max=1, failure_bps=200, timeout_ns=10**12, fee_lamports=5_000, tip_lamports=0)


@pytest.fixture
def attempts(tmp_path: Path) -> Iterator[Attempts]:
    store = Attempts(tmp_path / "guard.db")
    yield store
    store.close()


@pytest.fixture
def pairs(bus: RedisBus, attempts: Attempts) -> Pairs:
    return Pairs(bus, SystemClock(), attempts, TERMS, 25, asks_costs=False)


def a_price(slot: int) -> PriceTick:
    return a_tick(venue="raydium", slot=slot)


def a_book() -> Book:
    book = Book()
    book.see(a_price(1_001))
    return book


def heard(*ticks: PriceTick) -> list[Entry]:
    return [Entry(topology.PRICE.name, "1-0", a_frame(*ticks))]


def unpaired(why: str) -> float:
    return REGISTRY.get_sample_value("memesnipe_guard_orders_unpaired_total", {"why": why}) or 0.0


async def said(bus: RedisBus) -> list[Pair]:
    return [entry.message for entry in await bus.fold(topology.PAIRS.name)]


async def test_a_live_order_is_held_against_paper_once_both_have_ended(bus: RedisBus, pairs: Pairs) -> None:
    pairs.begin([ORDER], a_book())
    pairs.end([a_fill(ORDER.intent, mode=Mode.LIVE, slot=1_001)])
    await pairs.publish()
    early = await said(bus)

    pairs.see(heard(a_price(1_002)))
    await pairs.publish()
    await pairs.publish()

    (pair,) = await said(bus)
    assert early == []
    assert (pair.intent_id, pair.end) == (ORDER.intent.id, PairEnd.FILLED)


async def test_an_order_that_is_refused_before_it_was_sent_says_nothing_of_the_market(bus: RedisBus, pairs: Pairs) -> None:
    pairs.begin([ORDER], a_book())
    pairs.end([a_rejection(ORDER.intent, ReasonCode.TOKEN_MINT)])

    pairs.see(heard(a_price(1_009)))
    await pairs.publish()

    assert await said(bus) == []


async def test_orders_refused_before_their_twin_could_begin_take_no_place_of_others(bus: RedisBus, pairs: Pairs) -> None:
    for number in range(TWINS_MAX):
        refused = msgspec.structs.replace(ORDER, intent=msgspec.structs.replace(ORDER.intent, id=f"refused-{number}"))
        pairs.end([a_rejection(refused.intent, ReasonCode.TOKEN_MINT)])
        pairs.begin([refused], a_book())

    pairs.begin([ORDER], a_book())
    pairs.end([a_fill(ORDER.intent, mode=Mode.LIVE, slot=1_001)])
    pairs.see(heard(a_price(1_009)))
    await pairs.publish()

    assert [pair.intent_id for pair in await said(bus)] == [ORDER.intent.id]


async def test_an_order_that_never_landed_is_a_pair_out_of_band(bus: RedisBus, pairs: Pairs) -> None:
    pairs.begin([ORDER], a_book())
    pairs.end([a_rejection(ORDER.intent, ReasonCode.EXPIRED)])

    pairs.see(heard(a_price(1_009)))
    await pairs.publish()

    (pair,) = await said(bus)
    assert (pair.end, pair.in_band) == (PairEnd.MISSED, False)


async def test_an_order_of_before_a_restart_has_no_twin_and_is_counted(bus: RedisBus, pairs: Pairs, attempts: Attempts) -> None:
    attempts.begin(SwapTransaction(ORDER.intent, 1, b"message", 150, 1, (), b"risk", b"", b""), 77, SystemClock().now_ns())
    before = unpaired("restart")

    pairs.begin([ORDER], a_book())
    pairs.end([a_fill(ORDER.intent, mode=Mode.LIVE)])
    pairs.see(heard(a_price(1_009)))
    await pairs.publish()

    assert await said(bus) == []
    assert unpaired("restart") == before + 1


async def test_where_paper_asks_for_costs_too_a_twin_pays_what_live_offered(bus: RedisBus, attempts: Attempts) -> None:
    fill = a_fill(ORDER.intent, mode=Mode.LIVE, slot=1_001, fee_lamports=1_000_000)
    gaps = []
    for number, asks_costs in enumerate((False, True)):
        order = msgspec.structs.replace(ORDER, intent=msgspec.structs.replace(ORDER.intent, id=f"intent-{number}"))
        pairs = Pairs(bus, SystemClock(), attempts, TERMS, 25, asks_costs=asks_costs)
        pairs.begin([order], a_book())
        pairs.end([msgspec.structs.replace(fill, intent_id=order.intent.id)])
        pairs.see(heard(a_price(1_002)))
        await pairs.publish()
        gaps.append((await said(bus))[-1].gap_bps)

    constant, asked = gaps
    assert constant is not None
    assert asked is not None
    assert asked - constant == pytest.approx((1_000_000 - 5_000) / 10_000, abs=1)


@pytest.mark.parametrize("lamports", [2**60, 2**63 - 1])
async def test_a_worth_beyond_what_a_reader_accepts_stops_no_order(bus: RedisBus, pairs: Pairs, lamports: int) -> None:
    intent = msgspec.structs.replace(ORDER.intent, quote_lamports=lamports, base_units=1)
    pairs.begin([msgspec.structs.replace(ORDER, intent=intent)], a_book())
    pairs.end([a_fill(intent, mode=Mode.LIVE, slot=1_001)])
    pairs.see(heard(a_price(1_009)))
    before = unpaired("unsaid")

    await pairs.publish()
    await pairs.publish()

    assert await said(bus) == []
    assert unpaired("unsaid") == before + 1


async def test_a_server_that_refuses_the_stream_of_pairs_stops_no_order(
    bus: RedisBus, pairs: Pairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(stream: str, message: Pair, key: str) -> str:
        raise ConfigError(f"NOPERM {stream} {message} {key}")

    pairs.begin([ORDER], a_book())
    pairs.end([a_fill(ORDER.intent, mode=Mode.LIVE, slot=1_001)])
    pairs.see(heard(a_price(1_009)))
    before = unpaired("unsaid")
    monkeypatch.setattr(bus, "publish", refuse)

    await pairs.publish()

    assert unpaired("unsaid") == before + 1
