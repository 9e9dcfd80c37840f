"""The files that pages speak of and leave to the reader: trades of pump.fun as a CSV, and candles."""

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
from pyarrow import feather

from memesnipe.market.curves import PUMPFUN, PUMPFUN_START_BASE_UNITS, PUMPFUN_START_QUOTE_LAMPORTS, Pool, buy_quote, fee, sell_exact_in
from memesnipe.testing.builders import CREATOR, MINT, OTHER_MINT, SOL

START_S = 1_757_812_456
FEE_BPS, CREATOR_FEE_BPS = 95, 30
EVERY_S = 240


def write_trades(path: Path, trades: int) -> None:
    """Write a CSV of trades of two tokens, one every four minutes, each by the curve's own arithmetic: none is a mismatch."""
    draw = random.Random(5)  # noqa: S311 - a market, not a secret
    pools = {
        mint: Pool(PUMPFUN, PUMPFUN_START_QUOTE_LAMPORTS, PUMPFUN_START_BASE_UNITS, FEE_BPS, CREATOR_FEE_BPS) for mint in (MINT, OTHER_MINT)
    }
    held = dict.fromkeys(pools, 0)
    with path.open("w", newline="") as file:
        rows = csv.DictWriter(file, _a_row(0, MINT, pools[MINT], is_buy=True, lamports=0, units=0))
        rows.writeheader()
        for number in range(trades):
            mint = draw.choice(list(pools))
            buys = not held[mint] or draw.random() < 0.55
            units = int(draw.uniform(0.2, 1.5) * 10**13) if buys else int(held[mint] * draw.uniform(0.1, 0.5))
            lamports = buy_quote(pools[mint], units) if buys else sell_exact_in(pools[mint], units).gross
            held[mint] += units if buys else -units
            moved = (lamports, -units) if buys else (-lamports, units)
            pools[mint] = Pool(PUMPFUN, pools[mint].quote_lamports + moved[0], pools[mint].base_units + moved[1], FEE_BPS, CREATOR_FEE_BPS)
            rows.writerow(_a_row(number, mint, pools[mint], is_buy=buys, lamports=lamports, units=units))


def _a_row(number: int, mint: str, after: Pool, *, is_buy: bool, lamports: int, units: int) -> dict[str, object]:
    return {
        "block_time": START_S + number * EVERY_S,
        "transaction_signature": f"{number:08}".replace("0", "z").rjust(70, "z"),
        "block_num": 366_663_132 + number * EVERY_S * 5 // 2,
        "token_address": mint,
        "is_buy": is_buy,
        "amount_in_sol": lamports,
        "amount_in_token": units,
        "virtual_sol_reserves": after.quote_lamports,
        "virtual_token_reserves": after.base_units,
        "fee_basis_points": FEE_BPS,
        "fee_amount": fee(lamports, FEE_BPS),
        "creator_address": CREATOR,
        "creator_fee_basis_points": CREATOR_FEE_BPS,
        "creator_fee_amount": fee(lamports, CREATOR_FEE_BPS),
    }


def write_candles(path: Path, candles: int, price: float) -> None:
    """Write candles that wander, an hour apart: as many days for fewer rows than those of five minutes."""
    draw = random.Random(path.name)  # noqa: S311 - a market, not a secret
    begins = datetime(2024, 1, 1, tzinfo=UTC)
    rows: dict[str, list[float]] = {name: [] for name in ("open", "high", "low", "close", "volume")}
    for _ in range(candles):
        close = price * draw.uniform(0.97, 1.03)
        for name, value in zip(rows, (price, max(price, close) * 1.01, min(price, close) * 0.99, close, float(SOL)), strict=True):
            rows[name].append(value)
        price = close
    dates = pa.array([begins + timedelta(hours=number) for number in range(candles)], pa.timestamp("ns", tz="UTC"))
    feather.write_feather(pa.table({"date": dates, **{name: pa.array(values, pa.float64()) for name, values in rows.items()}}), path)
