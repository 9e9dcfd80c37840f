"""Recorded trades become a recording in the order they happened, and every row is accounted for."""

import csv
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from memesnipe.kernel.errors import BadInput
from memesnipe.market import recording
from memesnipe.market.curves import PUMPFUN, Pool, buy_exact_in, fee, sell_exact_in
from memesnipe.market.pumpfun_csv import ImportReport, convert, render
from memesnipe.market.pumpfun_rows import Row
from memesnipe.messages.market import Launch, PriceTick
from memesnipe.testing.recorded import recorded

CREATOR = "8n1vwEpQuNAUjqcUBe1F7uSbvRqPnAXhtQPG6VBcomWP"
TOKENS = ("8gQkv453h8zzwBNDvJdtVo74DYX5kqAAog1tdHNypump", "6yHorJkrtdKT1u2mwAFoLP9E3xoCUp2s5kqmgMSupump")


def a_session(trades: int = 40, seed: int = 1) -> list[dict[str, Any]]:
    """Return the rows of two curves traded in turn from their start state, in order."""
    draw, rows = random.Random(seed), []
    pools = {token: Pool(PUMPFUN, 30 * 10**9, 1_073 * 10**12, 95, 30) for token in TOKENS}
    held = dict.fromkeys(TOKENS, 0)
    for at in range(trades):
        token = TOKENS[at % 2]
        is_buy = held[token] == 0 or draw.random() < 0.6
        if is_buy:
            bought = buy_exact_in(pools[token], draw.randint(10**7, 10**9))
            pools[token], sol, units = bought.after, bought.quote_lamports, bought.units
        else:
            units = held[token] // 2 + 1
            sold = sell_exact_in(pools[token], units)
            pools[token], sol = sold.after, sold.gross
        held[token] += units if is_buy else -units
        rows.append(a_row(at, token, is_buy, sol, units, pools[token]))
    return rows


def a_row(at: int, token: str, is_buy: bool, sol: int, units: int, after: Pool) -> dict[str, Any]:
    return {
        "block_time": 1_757_812_456 + at,
        "transaction_signature": f"{'S' * 80}{at + 1111}".replace("0", "o"),
        "block_num": 366_663_132 + at,
        "token_address": token,
        "is_buy": "true" if is_buy else "false",
        "amount_in_sol": sol,
        "amount_in_token": units,
        "virtual_sol_reserves": after.quote_lamports,
        "virtual_token_reserves": after.base_units,
        "fee_basis_points": 95,
        "fee_amount": fee(sol, 95),
        "creator_address": CREATOR,
        "creator_fee_basis_points": 30,
        "creator_fee_amount": fee(sol, 30),
    }


def write(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=Row.__struct_fields__)
        writer.writeheader()
        writer.writerows(rows)
    return path


def imported(tmp_path: Path, rows: Sequence[dict[str, Any]]) -> tuple[ImportReport, Path]:
    out = tmp_path / "out.parquet"
    return convert(write(tmp_path / "in.csv", rows), out), out


def test_shuffled_rows_come_out_in_the_order_they_happened(tmp_path: Path) -> None:
    rows = a_session()
    shuffled = random.Random(2).sample(rows, len(rows))

    _, out = imported(tmp_path, shuffled)

    ticks = [event for event in recording.read(out) if isinstance(event, PriceTick)]
    assert [(t.mint, t.quote_lamports) for t in ticks] == [(r["token_address"], r["virtual_sol_reserves"]) for r in rows]


def test_every_quote_and_fee_is_checked_against_the_state_before_it(tmp_path: Path) -> None:
    report, _ = imported(tmp_path, a_session())

    assert (report.checked, report.exact, report.mismatches, report.breaks) == (40, 40, (), ())


def test_a_fee_that_is_one_lamport_off_is_listed(tmp_path: Path) -> None:
    rows = a_session()
    rows[5]["fee_amount"] += 1

    report, _ = imported(tmp_path, rows)

    assert [(m.field, m.found - m.expected) for m in report.mismatches] == [("fee_amount", 1)]
    assert report.exact == report.checked - 1


def test_a_missing_trade_is_listed_as_a_break_with_what_was_expected(tmp_path: Path) -> None:
    rows = a_session()
    removed = rows.pop(10)

    report, _ = imported(tmp_path, rows)

    (found,) = report.breaks
    assert found.found == (removed["virtual_sol_reserves"], removed["virtual_token_reserves"])
    assert found.signature == rows[11]["transaction_signature"]
    assert (report.trades, report.checked) == (39, 38)


def test_each_token_is_launched_before_its_first_trade(tmp_path: Path) -> None:
    _, out = imported(tmp_path, a_session())

    events = list(recording.read(out))
    for token in TOKENS:
        first, second = [event for event in events if getattr(event, "mint", "") == token][:2]
        assert isinstance(first, Launch)
        assert (first.quote_lamports, first.base_units) == (30 * 10**9, 1_073 * 10**12)
        assert isinstance(second, PriceTick)


def test_a_token_first_seen_in_mid_life_is_no_launch(tmp_path: Path) -> None:
    report, _ = imported(tmp_path, a_session()[2:])

    assert report.launches == 0
    assert len(report.breaks) == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount_in_sol", "NaN"),
        ("amount_in_sol", "-1"),
        ("amount_in_token", "1.5"),
        ("amount_in_token", str(2**64)),
        ("virtual_sol_reserves", "0"),
        ("block_time", "1757812456000"),
        ("block_time", "0"),
        ("token_address", "8gQkv453h8zzwBNDvJdtVo74DYX5kqAAog1tdHNyp\u0443mp"),
        ("is_buy", "maybe"),
        ("block_num", ""),
    ],
)
def test_a_bad_row_is_kept_with_its_line_and_field(tmp_path: Path, field: str, value: str) -> None:
    rows = a_session()
    rows[3][field] = value

    report, _ = imported(tmp_path, rows)

    assert [(reject.line, reject.field) for reject in report.rejects] == [(5, field)]
    assert (report.rows, report.trades) == (40, 39)


def test_a_row_that_came_twice_is_used_once_and_named(tmp_path: Path) -> None:
    rows = a_session()

    report, _ = imported(tmp_path, [*rows, rows[7]])

    assert [(reject.line, reject.reason) for reject in report.rejects] == [(42, "the same trade as line 9")]
    assert report.exact == 40


def test_a_file_without_the_columns_is_refused_by_their_names(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("a,b\n1,2\n")

    with pytest.raises(BadInput, match="no column amount_in_sol"):
        convert(path, tmp_path / "out.parquet")


def test_the_same_source_makes_the_same_bytes(tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", a_session())

    convert(source, tmp_path / "a.parquet")
    convert(source, tmp_path / "b.parquet")

    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_the_real_recording_keeps_all_trades_is_exact_and_lists_both_breaks(tmp_path: Path) -> None:
    report = convert(recorded(), tmp_path / "real.parquet")

    assert (report.trades, report.launches, report.rejects) == (1_502, 3, ())
    assert (report.checked, report.exact, report.mismatches) == (1_500, 1_500, ())
    assert {found.token for found in report.breaks} == {"6yHorJkrtdKT1u2mwAFoLP9E3xoCUp2s5kqmgMSupump"}
    assert len(report.breaks) == 2
    assert "checked 1500, exact 1500" in render(report)
