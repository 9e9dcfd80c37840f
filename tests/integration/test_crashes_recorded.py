"""Recorded trades on which the market crashes under the position that was held the longest: it is sold for it at the trades that follow."""

from collections.abc import Callable

import msgspec
import pytest

from memesnipe.market import pumpfun_csv, recording_batches
from memesnipe.messages.market import MarketEvent
from memesnipe.research.backtest.setup import Setup, documents_in, manifests_of, setup_of
from memesnipe.testing.crashes.recorded import CRASHES, as_pools, crashed, held_longest, run, told
from memesnipe.testing.recorded import recorded
from memesnipe.testing.stacks import ROOT


@pytest.fixture(scope="module")
def setup() -> Setup:
    return setup_of(manifests_of(documents_in([ROOT / "manifests" / "replay"])))


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[MarketEvent]:
    tape = tmp_path_factory.mktemp("tape") / "real.parquet"
    pumpfun_csv.convert(recorded(), tape)
    return as_pools(recording_batches.events(tape))


@pytest.mark.parametrize("name", CRASHES)
def test_a_recorded_market_that_crashes_is_left_by_the_exit_that_is_for_it(
    name: str, setup: Setup, events: list[MarketEvent], record_property: Callable[[str, object], None]
) -> None:
    crash, bought = CRASHES[name], held_longest(run(setup, events))
    stop_s = setup.config.limits.time_stop_s

    fallen = crashed(events, crash, bought.mint, bought.time_ns)
    result = run(setup, fallen)

    row = told(name, crash, result, bought, bought.time_ns)
    record_property("crash", msgspec.json.encode(row).decode())
    asked = next(fill for fill in result.fills if fill.exit_cause is not None and fill.time_ns > bought.time_ns)
    assert row.cause == crash.cause
    assert row.loss_bps <= crash.loss_bps_max
    assert asked.intent_time_ns <= first_after(fallen, bought.time_ns + stop_s * 10**9)


def first_after(events: list[MarketEvent], time_ns: int) -> int:
    """When the recording goes on: on its clock nothing happens in between."""
    return next(event.time_ns for event in events if event.time_ns >= time_ns)
