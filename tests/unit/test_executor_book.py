"""The strategy's book follows its own outcomes to the unit; the meter and the stored state stay within bounds."""

import math
from collections.abc import Mapping
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from memesnipe.executor.book import Book, BookView
from memesnipe.executor.decide import Failure
from memesnipe.executor.faults import KINDS_MAX, FaultLog
from memesnipe.executor.meter import NAMES_MAX, SERIES_PER_NAME_MAX, BoundedMeter
from memesnipe.executor.metrics import ERRORS
from memesnipe.executor.state import pack, restore, unpack
from memesnipe.kernel.errors import Bug
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import FillStatus, OrderIntent
from memesnipe.strategy.contract import Holding
from memesnipe.testing.builders import MINT, OTHER_MINT, SOL, a_fill, a_rejection, a_sale, an_exit, an_intent
from memesnipe.testing.strategies import Rehearsal
from memesnipe_strategies.momentum import Momentum


def funded(sol: float = 1.0) -> Book:
    return Book(capital_lamports=round(sol * SOL))


def bought(intent: OrderIntent | None = None, **fill: Any) -> Book:
    intent = intent or an_intent(size_sol=0.1)
    return funded().reserve(intent).settle(a_fill(intent, **fill))


def test_an_order_in_flight_binds_its_size_until_its_outcome() -> None:
    intent = an_intent(size_sol=0.1)
    book = funded().reserve(intent)

    assert (book.free_lamports(), book.awaits(MINT)) == (round(0.9 * SOL), True)
    assert book.settle(a_rejection(intent)).free_lamports() == SOL


def test_a_buy_is_held_at_its_whole_cost() -> None:
    book = bought(sol_delta_lamports=-107_000_000, token_delta_units=3_000)

    assert book.holdings() == {MINT: Holding(3_000, 107_000_000)}
    assert book.free_lamports() == SOL - 107_000_000


def test_selling_a_part_keeps_the_cost_of_the_rest() -> None:
    book = bought(sol_delta_lamports=-100, token_delta_units=3_000)
    sale = a_sale(size_units=1_000)

    book = book.reserve(sale).settle(a_fill(sale))

    assert book.holdings() == {MINT: Holding(2_000, 66)}


@pytest.mark.parametrize("units", [3_000, 3_001])
def test_selling_all_or_more_leaves_no_position(units: int) -> None:
    book = bought(token_delta_units=3_000)

    assert book.settle(a_fill(an_exit(size_units=units))).holdings() == {}


def test_a_protective_exit_takes_from_what_the_strategy_holds() -> None:
    book = bought(token_delta_units=3_000, sol_delta_lamports=-300)

    assert book.settle(a_fill(an_exit(size_units=1_000))).holdings() == {MINT: Holding(2_000, 200)}


def test_a_failed_attempt_leaves_the_order_in_flight() -> None:
    intent = an_intent()
    book = funded().reserve(intent).settle(a_fill(intent, status=FillStatus.FAILED, token_delta_units=0))

    assert book.awaits(MINT)


def test_the_same_outcome_twice_counts_once() -> None:
    intent = an_intent()
    fill = a_fill(intent)
    book = funded().reserve(intent).settle(fill)

    assert book.settle(fill) is book


def test_a_sell_that_risk_guardian_knows_nothing_of_drops_the_phantom() -> None:
    book, sale = bought(), a_sale()

    book = book.reserve(sale).settle(a_rejection(sale, ReasonCode.NO_POSITION))

    assert (book.holdings(), dict(book.in_flight)) == ({}, {})


def test_any_other_refusal_of_a_sell_keeps_the_position() -> None:
    book, sale = bought(), a_sale()

    assert MINT in book.reserve(sale).settle(a_rejection(sale, ReasonCode.HALTED)).holdings()


def test_positions_of_the_other_mode_are_out_of_view_but_not_forgotten() -> None:
    live = an_intent(mint=OTHER_MINT)
    book = bought().reserve(live).settle(a_fill(live, mode=Mode.LIVE))

    assert list(book.holdings()) == [OTHER_MINT]
    assert list(book.held[Mode.PAPER]) == [MINT]


def test_an_exit_in_the_other_mode_does_not_change_the_view() -> None:
    book = bought().settle(a_fill(an_exit(), mode=Mode.LIVE))

    assert (book.mode, list(book.holdings())) == (Mode.PAPER, [MINT])


def test_free_capital_is_never_negative() -> None:
    assert bought().allot(1).free_lamports() == 0


def test_a_strategy_cannot_write_into_its_book() -> None:
    view = BookView(bought())

    with pytest.raises(TypeError):
        view.holdings()["x"] = Holding(1, 1)  # type: ignore[index]


def test_the_memory_of_outcomes_and_events_is_bounded() -> None:
    book = funded()
    for _ in range(400):
        intent = an_intent()
        book = book.reserve(intent).settle(a_rejection(intent))

    assert (len(book.settled), len(book.acted), len(book.in_flight), book.sequence) == (128, 128, 0, 400)


def test_a_snapshot_that_cannot_be_had_keeps_the_last_good_one_and_the_book() -> None:
    rehearsal = Rehearsal(Momentum)
    _, good, _ = pack(rehearsal.seat, b"")
    rehearsal.seat.strategy.snapshot = lambda: {"bad": object()}  # type: ignore[method-assign]
    rehearsal.seat.view.book = bought()

    data, snapshot, failure = pack(rehearsal.seat, good)

    saved = unpack(data)
    assert saved is not None
    assert (snapshot, saved.snapshot, list(saved.book.holdings())) == (good, good, [MINT])
    assert failure is not None
    assert failure.kind == "snapshot"


def test_a_snapshot_beyond_its_bound_is_a_fault() -> None:
    rehearsal = Rehearsal(Momentum)
    rehearsal.seat.strategy.snapshot = lambda: {"leak": b"x" * (1 << 20)}  # type: ignore[method-assign]

    *_, failure = pack(rehearsal.seat, b"")

    assert failure is not None


def never(state: Mapping[str, Any]) -> None:
    raise AssertionError("must not be restored")


def test_a_snapshot_of_other_code_is_not_restored_but_the_book_is() -> None:
    rehearsal, other = Rehearsal(Momentum), Rehearsal(Momentum)
    rehearsal.seat.view.book = bought()
    data, *_ = pack(rehearsal.seat, b"")
    other.seat.strategy.version = "2.0.0"  # type: ignore[misc]
    other.seat.strategy.restore = never  # type: ignore[method-assign]

    saved = unpack(data)

    assert saved is not None
    assert restore(other.seat, saved) is None
    assert list(other.book.holdings()) == [MINT]


def test_a_snapshot_that_does_not_fit_is_a_fault_and_not_a_crash() -> None:
    rehearsal = Rehearsal(Momentum)
    rehearsal.seat.strategy.snapshot = lambda: {"tracks": 7}  # type: ignore[method-assign]
    data, *_ = pack(rehearsal.seat, b"")

    saved = unpack(data)

    assert saved is not None
    failure = restore(Rehearsal(Momentum).seat, saved)
    assert failure is not None
    assert failure.kind == "restore"


def test_stored_state_that_is_not_ours_stops_the_service() -> None:
    with pytest.raises(Bug):
        unpack(b"\x01\x02")


def series(registry: CollectorRegistry) -> int:
    return sum(1 for family in registry.collect() for sample in family.samples if not sample.name.endswith("_created"))


def test_a_strategys_metrics_are_its_own_by_label() -> None:
    registry = CollectorRegistry()

    meter = BoundedMeter("mine", registry)
    meter.count("entries", 2, cause="dip")
    meter.gauge("heat", -1.5)

    assert registry.get_sample_value("memesnipe_strategy_entries_total", {"strategy": "mine", "cause": "dip"}) == 2
    assert registry.get_sample_value("memesnipe_strategy_heat", {"strategy": "mine"}) == -1.5


def test_label_values_and_names_beyond_their_bounds_are_dropped() -> None:
    registry = CollectorRegistry()
    meter = BoundedMeter("mine", registry)

    for number in range(1_000):
        meter.count("entries", mint=str(number))
        meter.gauge(f"name{number}", 1)

    assert series(registry) == SERIES_PER_NAME_MAX + NAMES_MAX - 1


BAD_NAMES: list[Any] = ["a b", "", "A", "1a", "x" * 49, 7]
BAD_VALUES: list[Any] = [math.nan, math.inf, -1.0, "x", None]
BAD_LABELS = [{"strategy": "other"}, {"__x": "y"}, {"a b": "y"}]


@pytest.mark.parametrize(
    ("name", "value", "labels"),
    [
        *((name, 1.0, {}) for name in BAD_NAMES),
        *(("ok", value, {}) for value in BAD_VALUES),
        *(("ok", 1.0, labels) for labels in BAD_LABELS),
    ],
)
def test_a_bad_metric_is_dropped_and_raises_nothing(name: Any, value: Any, labels: dict[str, str]) -> None:
    registry = CollectorRegistry()

    BoundedMeter("mine", registry).count(name, value, **labels)

    assert not any(sample.value for family in registry.collect() for sample in family.samples if not sample.name.endswith("_created"))


def test_a_name_of_the_executors_own_is_dropped() -> None:
    before = ERRORS.labels("mine", "x")._value.get()

    BoundedMeter("mine").count("errors", kind="x")

    assert ERRORS.labels("mine", "x")._value.get() == before


def test_other_labels_than_at_first_are_dropped() -> None:
    registry = CollectorRegistry()
    meter = BoundedMeter("mine", registry)
    meter.count("entries", cause="dip")

    meter.count("entries", other="dip")
    meter.count("entries")

    assert series(registry) == 1


def test_kinds_of_faults_are_bounded_and_each_is_logged_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[str] = []
    monkeypatch.setattr("memesnipe.executor.faults._log", lambda strategy, kind, failure: logged.append(kind))
    faults = FaultLog("bounded")

    for number in range(100):
        faults.note(Failure(f"Made{number}", ""), now_ns=number)
        faults.note(Failure(f"Made{number}", ""), now_ns=number)
    faults.note(Failure("Made0", ""), now_ns=61 * 10**9)

    assert len(set(logged)) == KINDS_MAX + 1
    assert logged.count("Made0") == 2
