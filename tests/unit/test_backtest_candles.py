"""Candles as a market: the order inside one is the worst for a holder, strategies see finished candles only, and a bad file is refused."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import feather

from memesnipe.kernel.errors import BadInput, ConfigError
from memesnipe.messages.bounds import Side
from memesnipe.research.backtest import candles
from memesnipe.research.backtest.market import open_market
from memesnipe.testing.builders import SOL

START = datetime(2024, 1, 1, tzinfo=UTC)
ROWS = [(1.0, 1.2, 0.9, 1.1, 10.0), (1.1, 1.15, 1.0, 1.05, 5.0)]


def a_file(folder: Path, rows: list[tuple[Any, ...]] = ROWS, name: str = "WIF_USDT-5m.feather", **columns: Any) -> Path:
    """Write candles five minutes apart: (open, high, low, close, volume)."""
    dates = [START + timedelta(minutes=5 * number) for number in range(len(rows))]
    table = {"date": pa.array(dates, pa.timestamp("ns", tz="UTC"))}
    table |= {field: pa.array([row[at] for row in rows], pa.float64()) for at, field in enumerate(candles.COLUMNS[1:])}
    feather.write_feather(pa.table({**table, **columns}), folder / name)
    return folder / name


def prices(path: Path) -> list[float]:
    return [round(moment.tick.price_sol(), 6) for moment in candles.moments(candles.read(path), "WIF", 1_000 * SOL)]


def test_a_candle_goes_through_its_low_and_never_to_its_high(tmp_path: Path) -> None:
    assert prices(a_file(tmp_path)) == [1.0, 0.9, 1.1, 1.1, 1.0, 1.05]


def test_a_strategy_hears_a_candle_when_it_is_closed(tmp_path: Path) -> None:
    heard = [event for event, by_strategies in open_market(a_file(tmp_path)).events() if by_strategies]

    assert [round(tick.price_sol(), 6) for tick in heard] == [1.1, 1.05]  # type: ignore[union-attr]  # candles are prices
    assert [tick.trade_side for tick in heard] == [Side.BUY, Side.SELL]  # type: ignore[union-attr]  # as above


def test_time_goes_forward_inside_a_candle_and_ends_before_the_next(tmp_path: Path) -> None:
    times = [event.time_ns for event, _ in open_market(a_file(tmp_path)).events()]

    assert times == sorted(set(times))


def test_the_pool_holds_what_was_asked_for_whatever_the_price(tmp_path: Path) -> None:
    events = [event for event, _ in open_market(a_file(tmp_path), depth_lamports=7 * SOL).events()]

    assert {tick.quote_lamports for tick in events} == {7 * SOL}  # type: ignore[union-attr]  # as above


def test_prices_in_sol_are_the_token_over_sol_at_the_same_time(tmp_path: Path) -> None:
    token = a_file(tmp_path)
    sol = a_file(tmp_path, [(100.0, 100.0, 100.0, 100.0, 1.0), (50.0, 50.0, 50.0, 50.0, 1.0)], "SOL.feather")

    both = candles.quoted_in(candles.read(token), candles.read(sol))

    assert [candle.close for candle in both] == [1.1 / 100, 1.05 / 50]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ((1.0, 1.2, 0.9, float("nan"), 1.0), "row 1: a price is not a positive number"),
        ((1.0, 1.2, 0.9, None, 1.0), "row 1: a price is not a positive number"),
        ((1.0, 1.2, 0.0, 1.1, 1.0), "row 1: a price is not a positive number"),
        ((1.0, 1.05, 0.9, 1.1, 1.0), "row 1: low, high and volume do not fit"),
        ((1.0, 1.2, 1.01, 1.1, 1.0), "row 1: low, high and volume do not fit"),
        ((1.0, 1.2, 0.9, 1.1, -1.0), "row 1: low, high and volume do not fit"),
        ((1.0, 1.2, 0.9, 1.1, float("nan")), "row 1: low, high and volume do not fit"),
    ],
)
def test_a_row_that_cannot_be_is_refused_by_its_number(tmp_path: Path, row: tuple[Any, ...], complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        candles.read(a_file(tmp_path, [ROWS[0], row]))


def test_candles_out_of_order_are_refused(tmp_path: Path) -> None:
    backwards = pa.array([START, START - timedelta(minutes=5)], pa.timestamp("ns", tz="UTC"))

    with pytest.raises(BadInput, match="row 1: date is not after the one before it"):
        candles.read(a_file(tmp_path, date=backwards))


def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.feather").write_bytes(b"nothing")

    with pytest.raises(BadInput, match="candles"):
        open_market(tmp_path / "x.feather")


def test_a_csv_is_sent_to_the_import(tmp_path: Path) -> None:
    (tmp_path / "trades.csv").write_text("a,b\n")

    with pytest.raises(ConfigError, match="memesnipe import pumpfun-csv"):
        open_market(tmp_path / "trades.csv")
