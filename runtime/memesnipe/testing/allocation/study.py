"""`python -m memesnipe.testing.allocation.study`: 200 portfolios, five ways to weigh them, and whether the difference is luck."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from memesnipe.allocator.weighing.values import Terms
from memesnipe.messages.control import RiskBase
from memesnipe.testing.allocation.markets import DAYS, portfolio
from memesnipe.testing.allocation.trading import Outcome, by_allocator, equally, equally_guarded, in_hindsight, traded

PORTFOLIOS = 200
WAYS = ("allocator", "allocator by risk parity", "equal", "equal, same drawdown control", "best in hindsight")
ALLOCATOR, PARITY, EQUAL, GUARDED = range(4)


class Row(msgspec.Struct, frozen=True):
    """One way over all portfolios: means, with 95% intervals of the bootstrap over portfolios."""

    way: str
    growth: tuple[float, float, float]
    drawdown: tuple[float, float, float]
    turnover: tuple[float, float, float]
    adjusted: tuple[float, float, float]


class Study(msgspec.Struct, frozen=True):
    """The whole study. `better`: by how much the allocator's drawdown-adjusted growth passes that of equal weights; `than_guarded` when
    those are under the same drawdown control; `than_parity` that of itself when its base is risk parity."""

    portfolios: int
    seed: int
    rows: tuple[Row, ...]
    better: tuple[float, float, float]
    than_guarded: tuple[float, float, float]
    than_parity: tuple[float, float, float]

    def sentence(self) -> str:
        """Say it to a person."""
        return " ".join(_said(f"Over {self.portfolios} portfolios", other, gap) for other, gap in self._others())

    def _others(self) -> tuple[tuple[str, tuple[float, float, float]], ...]:
        return (
            ("equal weights", self.better),
            ("equal weights under its own drawdown control", self.than_guarded),
            ("itself by risk parity", self.than_parity),
        )


def _said(over: str, other: str, gap: tuple[float, float, float]) -> str:
    mean, low, high = gap
    verdict = "beats" if low > 0.0 else "does NOT surely beat"
    return f"{over} the allocator {verdict} {other} in growth per drawdown: {mean:+.2f} ({low:+.2f} to {high:+.2f})."


def outcomes(seed: int, terms: Terms, days: int = DAYS) -> tuple[Outcome, ...]:
    """Return what one portfolio came to, by `WAYS`."""
    one = portfolio(seed, days)
    parity = msgspec.structs.replace(terms, base=RiskBase.RISK_PARITY)
    allocators = (by_allocator(one, terms, seed), by_allocator(one, parity, seed))
    ways = (*allocators, equally(one), equally_guarded(one, terms), in_hindsight(one))
    return tuple(traded(one, way, terms.turnover_bps) for way in ways)


def study(seed: int, found: Sequence[tuple[Outcome, ...]]) -> Study:
    """Return the figures of some portfolios' outcomes."""
    rows = tuple(_row(way, [one[place] for one in found], seed) for place, way in enumerate(WAYS))
    better, than_guarded, than_parity = (
        _interval([one[ALLOCATOR].adjusted - one[other].adjusted for one in found], seed) for other in (EQUAL, GUARDED, PARITY)
    )
    return Study(len(found), seed, rows, better, than_guarded, than_parity)


def _row(way: str, found: Sequence[Outcome], seed: int) -> Row:
    columns = [[getattr(one, name) for one in found] for name in ("growth", "drawdown", "turnover", "adjusted")]
    return Row(way, *(_interval(column, seed) for column in columns))


def _interval(values: Sequence[float], seed: int) -> tuple[float, float, float]:
    drawn = np.random.default_rng(seed).choice(np.asarray(values), size=(2_000, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(np.mean(values)), float(low), float(high)


def table(what: Study) -> str:
    """Return the study as a Markdown table with its sentence."""
    lines = ["| way | growth (log) | max drawdown | turnover | growth / drawdown |", "|---|---|---|---|---|"]
    lines += [
        f"| {row.way} | "
        + " | ".join(f"{m:.2f} ({lo:.2f} to {hi:.2f})" for m, lo, hi in (row.growth, row.drawdown, row.turnover, row.adjusted))
        + " |"
        for row in what.rows
    ]
    return "\n".join([*lines, "", what.sentence()])


def main() -> int:
    """Run it over the cores and print it."""
    from joblib import Parallel, delayed
    from rich.progress import track

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--portfolios", type=int, default=PORTFOLIOS)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--json", type=Path)
    asked = options.parse_args()
    seeds = range(asked.seed * 100_000, asked.seed * 100_000 + asked.portfolios)
    work: Any = Parallel(n_jobs=asked.jobs, return_as="generator")(delayed(outcomes)(seed, Terms()) for seed in seeds)
    what = study(asked.seed, list(track(work, "portfolios", total=asked.portfolios)))
    print(table(what))
    if asked.json:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(what), indent=2) + b"\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
