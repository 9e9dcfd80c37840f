"""What becomes of a strategy's answers: intents within bounds, and never a crash."""

import asyncio
import itertools
import math
from collections.abc import Callable
from typing import Any

import pytest

from memesnipe.executor.book import Book, BookView
from memesnipe.executor.checks import Standing
from memesnipe.executor.decide import Heard, Seat, hear
from memesnipe.kernel.ids import derive
from memesnipe.messages.bounds import HaltState, Mode, Side
from memesnipe.messages.market import Launch, MarketEvent, PriceTick
from memesnipe.strategy.contract import Buy, EventType, Holding, Parameters, RiskProfile, Sell, Strategy, strategy
from memesnipe.strategy.spec import StrategySpec

MINT = "So11111111111111111111111111111111111111112"
OTHER = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
T0 = 1_757_812_456 * 10**9
SPEC = StrategySpec("mine", "scripted", "abc", {})
RISK = RiskProfile(thesis="t", exposures=("e",), failure_modes=("f",), holding_time_s=1, loss_per_trade_bps_max=1)
FRESH = Standing(now_ns=T0)
_numbers = itertools.count()


def a_tick(*, time_ns: int = T0, mint: str = MINT, event_id: str = "") -> PriceTick:
    return PriceTick(event_id or f"e{next(_numbers)}", time_ns, 7, mint, "pump", 30 * 10**9, 1_073 * 10**12, 6)


def a_launch() -> Launch:
    return Launch(f"l{next(_numbers)}", T0, 7, MINT, OTHER, "pump", "X", "X", 6, 30 * 10**9, 1_073 * 10**12)


def a_buy(**changes: Any) -> Buy:
    fields: dict[str, Any] = {"mint": MINT, "size_lamports": 10**8, "slippage_bps_max": 100, "quote_lamports": 30, "base_units": 1_073}
    return Buy(**{**fields, **changes})


def a_sell(**changes: Any) -> Sell:
    fields: dict[str, Any] = {"mint": MINT, "size_units": 5, "slippage_bps_max": 100, "quote_lamports": 30, "base_units": 1_073}
    return Sell(**{**fields, **changes})


@strategy(id="scripted", version="1", subscriptions={EventType.PRICE}, parameters=Parameters, risk_profile=RISK)
class Scripted(Strategy[Parameters]):
    """Does what the test says."""

    def __init__(self, answer: Callable[[MarketEvent], Any]) -> None:
        self.answer = answer
        self.seen: list[MarketEvent] = []

    async def on_event(self, event: MarketEvent) -> Any:
        self.seen.append(event)
        return self.answer(event)


def a_seat(answer: Callable[[MarketEvent], Any], book: Book | None = None) -> Seat:
    return Seat(SPEC, Scripted(answer), BookView(book or Book(capital_lamports=10**9)))


def told(seat: Seat, *events: MarketEvent, standing: Standing = FRESH) -> Heard:
    heard = Heard()
    hear(seat, seat.kinds, events, standing, heard)
    return heard


def holding(units: int) -> Book:
    return Book(capital_lamports=10**9, held={Mode.PAPER: {MINT: Holding(units, 10**6)}})


def raising(error: BaseException) -> Callable[[MarketEvent], Any]:
    def answer(event: MarketEvent) -> Any:
        raise error

    return answer


def test_an_event_that_was_not_subscribed_never_reaches_the_strategy() -> None:
    seat = a_seat(lambda _: None)

    told(seat, a_launch(), tick := a_tick())

    assert isinstance(seat.strategy, Scripted)
    assert seat.strategy.seen == [tick]


def test_a_buy_becomes_an_intent_with_an_id_that_a_replay_makes_again() -> None:
    event = a_tick()

    [first] = told(a_seat(lambda _: a_buy()), event).intents
    [again] = told(a_seat(lambda _: a_buy()), event).intents

    assert first == again
    assert first.id == derive("intent", "mine", "abc", event.event_id, 0)
    assert (first.side, first.size_lamports, first.size_units, first.time_ns) == (Side.BUY, 10**8, 0, T0)


def test_intents_of_one_strategy_are_numbered_without_gaps() -> None:
    seat = a_seat(lambda event: a_buy(mint=getattr(event, "mint", MINT)))

    heard = told(seat, a_tick(), a_tick(), a_tick(mint=OTHER))

    assert [intent.sequence for intent in heard.intents] == [0, 1]
    assert heard.refused == ["in_flight"]


@pytest.mark.parametrize(
    "error", [ValueError("x"), RecursionError(), MemoryError(), asyncio.CancelledError(), SystemExit(3), GeneratorExit()]
)
def test_whatever_a_strategy_raises_is_no_action_and_counted(error: BaseException) -> None:
    heard = told(a_seat(raising(error)), a_tick())

    assert heard.intents == []
    assert list(heard.faults) == [type(error).__name__]


def test_endless_recursion_in_a_strategy_is_no_action() -> None:
    def endless(event: MarketEvent) -> Any:
        return endless(event)

    assert list(told(a_seat(endless), a_tick()).faults) == ["RecursionError"]


def test_the_events_after_a_fault_are_still_heard() -> None:
    bad = a_tick()

    heard = told(a_seat(lambda event: raising(ValueError("x"))(event) if event is bad else a_buy()), bad, a_tick())

    assert (len(heard.faults), len(heard.intents)) == (1, 1)


def test_a_person_at_the_keyboard_can_still_stop_it() -> None:
    with pytest.raises(KeyboardInterrupt):
        told(a_seat(raising(KeyboardInterrupt())), a_tick())


class Waiting(Scripted):
    async def on_event(self, event: MarketEvent) -> Any:
        await asyncio.sleep(0)
        return a_buy()


class Clinging(Scripted):
    async def on_event(self, event: MarketEvent) -> Any:
        try:
            await asyncio.sleep(0)
        except GeneratorExit:
            await asyncio.sleep(0)


class Persuaded(Scripted):
    async def on_event(self, event: MarketEvent) -> Any:
        try:
            await asyncio.sleep(0)
        except GeneratorExit:
            return a_buy()


@pytest.mark.parametrize("kind", [Waiting, Clinging, Persuaded])
def test_a_strategy_that_really_waits_is_closed_and_counted(kind: type[Scripted]) -> None:
    seat = Seat(SPEC, kind(lambda _: None), BookView(Book(capital_lamports=10**9)))

    heard = told(seat, a_tick())

    assert heard.intents == []
    assert list(heard.faults) == ["waited"]


@pytest.mark.parametrize("kind", [Waiting, Clinging, Persuaded])
def test_the_events_after_one_that_waited_are_still_heard(kind: type[Scripted]) -> None:
    class Once(kind):  # type: ignore[valid-type, misc]  # a base that is a parameter
        async def on_event(self, event: MarketEvent) -> Any:
            return await super().on_event(event) if event is slow else a_buy()

    slow, next_one = a_tick(), a_tick()
    seat = Seat(SPEC, Once(lambda _: None), BookView(Book(capital_lamports=10**9)))

    heard = told(seat, slow, next_one)

    assert [intent.event_id for intent in heard.intents] == [next_one.event_id]
    assert (list(heard.faults), heard.routed) == (["waited"], 2)


NOT_ACTIONS: list[Any] = ["buy", 7, {"mint": MINT}, object(), Buy]
BAD_BUYS: list[dict[str, Any]] = [
    *({"size_lamports": size} for size in (0, -1, math.nan, True, 1.0, "1", 2**63, 2**80)),
    *({"mint": mint} for mint in ("short", "0" * 40, None, "", b"x")),
    *({"slippage_bps_max": bps} for bps in (10_001, -1, math.nan, True)),
    *({"quote_lamports": lamports} for lamports in (0, -5, 2**63)),
    *({"base_units": units} for units in (0, math.inf, None)),
    *({"reason": reason} for reason in ("x" * 65, object(), "\ud800")),
]


@pytest.mark.parametrize("action", [*NOT_ACTIONS, *(a_buy(**bad) for bad in BAD_BUYS), a_sell(size_units=0), a_sell(size_units=None)])
def test_an_action_out_of_bounds_is_no_action_and_counted(action: Any) -> None:
    heard = told(a_seat(lambda _: action, holding(5)), a_tick())

    assert heard.intents == []
    assert list(heard.faults) == ["bad_action"]


def test_more_actions_than_allowed_on_one_event_are_none_at_all() -> None:
    heard = told(a_seat(lambda _: [a_buy()] * 9), a_tick())

    assert heard.intents == []
    assert list(heard.faults) == ["too_many_actions"]


def test_a_list_of_actions_becomes_an_intent_each() -> None:
    heard = told(a_seat(lambda _: [a_buy(), None, a_buy(mint=OTHER)]), a_tick())

    assert [intent.mint for intent in heard.intents] == [MINT, OTHER]


@pytest.mark.parametrize("halt", [HaltState.HALTED, HaltState.FROZEN])
@pytest.mark.parametrize("action", [a_buy(), a_sell()])
def test_a_halted_strategy_is_silent_but_still_hears(halt: HaltState, action: Any) -> None:
    seat = a_seat(lambda _: action, holding(5))

    heard = told(seat, a_tick(), standing=Standing(T0, halt=halt))

    assert (heard.intents, heard.refused, heard.routed) == ([], ["halted"], 1)


def test_under_reduce_only_just_sells_leave() -> None:
    seat = a_seat(lambda _: [a_buy(mint=OTHER), a_sell()], holding(5))

    heard = told(seat, a_tick(), standing=Standing(T0, halt=HaltState.REDUCE_ONLY))

    assert [intent.side for intent in heard.intents] == [Side.SELL]


@pytest.mark.parametrize("age_ms", [5_001, -5_001])
def test_an_event_too_old_or_from_the_future_is_not_acted_on(age_ms: int) -> None:
    heard = told(a_seat(lambda _: a_buy()), a_tick(time_ns=T0 - age_ms * 10**6))

    assert (heard.intents, heard.refused) == ([], ["stale"])


def test_a_replay_has_no_stale_events() -> None:
    heard = told(a_seat(lambda _: a_buy()), a_tick(), standing=Standing(now_ns=4 * T0 // 3, event_age_ms_max=None))

    assert len(heard.intents) == 1


def test_a_buy_beyond_the_free_capital_never_leaves() -> None:
    heard = told(a_seat(lambda _: [a_buy(size_lamports=6 * 10**8), a_buy(mint=OTHER, size_lamports=6 * 10**8)]), a_tick())

    assert (len(heard.intents), heard.refused) == (1, ["not_covered"])


def test_a_sell_of_more_than_is_held_never_leaves() -> None:
    assert told(a_seat(lambda _: a_sell(size_units=6), holding(5)), a_tick()).refused == ["not_covered"]


def test_an_event_that_comes_twice_is_acted_on_once() -> None:
    seat = a_seat(lambda _: a_buy())
    told(seat, a_tick(event_id="same"))
    seat.view.book = Book(capital_lamports=10**9, acted=seat.view.book.acted)

    assert told(seat, a_tick(event_id="same")).refused == ["repeated_event"]


def test_a_strategy_that_fails_on_every_event_is_one_fault_with_a_count() -> None:
    heard = told(a_seat(raising(ValueError("x"))), *(a_tick() for _ in range(1_000)))

    assert {kind: failure.count for kind, failure in heard.faults.items()} == {"ValueError": 1_000}


def test_made_up_kinds_of_faults_do_not_fill_the_memory() -> None:
    def answer(event: MarketEvent) -> Any:
        raise type(f"Fault{event.event_id}", (Exception,), {})

    heard = told(a_seat(answer), *(a_tick() for _ in range(1_000)))

    assert len(heard.faults) == 65
    assert sum(failure.count for failure in heard.faults.values()) == 1_000
