"""`memesnipe up --replay`: the same recording and seed give the same summary, byte for byte, and both shipped strategies trade on it."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from memesnipe.market import recording
from memesnipe.market.curves import Pool, buy_exact_in, pool_of, sell_exact_in
from memesnipe.messages.bounds import Side
from memesnipe.messages.market import MarketEvent, PriceTick
from memesnipe.testing.builders import MINT, OTHER_MINT, SOL, START_NS, a_launch, a_tick
from memesnipe.testing.stacks import ROOT, RunningStack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.xdist_group("replay")]

MINTS = (MINT, OTHER_MINT, "So11111111111111111111111111111111111111112")
NS_PER_S = 1_000_000_000
PHASES = ((60, 0.65, 0.4), (50, 0.95, 1.5), (70, 0.2, 1.2))
"""The market's moods as (trades, share of buys, most SOL a trade): quiet, bought, left."""
SILENCE_EVERY, SILENCE_S = 47, 75


def a_tape(seed: int) -> Iterator[MarketEvent]:
    """Yield a market of three curves: each token's launch, then trades; several in a second, and now and then a long silence."""
    draw = random.Random(seed)
    pools: dict[str, Pool] = {}
    second = number = 0
    for trades, buys, sol_max in PHASES:
        for _ in range(trades):
            number += 1
            second += SILENCE_S if number % SILENCE_EVERY == 0 else draw.choice((0, 1, 1, 2))
            mint, when = draw.choice(MINTS), {"time_ns": START_NS + second * NS_PER_S, "slot": 1_000 + 2 * second}
            if mint not in pools:
                launch = a_launch(event_id=f"launch-{mint}", mint=mint, **when)
                pools[mint] = pool_of(launch)
                yield launch
            side = Side.BUY if draw.random() < buys else Side.SELL
            pools[mint], tick = a_trade(
                pools[mint], side, int(draw.uniform(0.1, sol_max) * SOL), event_id=f"trade-{number}", mint=mint, **when
            )
            yield tick


def a_trade(pool: Pool, side: Side, lamports: int, **named: object) -> tuple[Pool, PriceTick]:
    """Move a curve by a trade of about this size; return it with the tick that tells of it."""
    units = lamports * pool.base_units // pool.quote_lamports
    after = buy_exact_in(pool, lamports).after if side is Side.BUY else sell_exact_in(pool, units).after
    moved = {"trade_lamports": abs(after.quote_lamports - pool.quote_lamports), "trade_units": abs(after.base_units - pool.base_units)}
    state = {"quote_lamports": after.quote_lamports, "base_units": after.base_units, "fee_bps": 125, "trade_side": side}
    return after, a_tick(**state, **moved, **named)


def summary_of(folder: Path, tape: Path, *more: str) -> str:
    """Replay a tape in a data folder of its own; return what it printed as its summary."""
    with RunningStack(folder, "--replay", str(tape), *more) as stack:
        assert stack.wait(150) == 0, stack.log()
        log = stack.log()
    return log[log.index("replay of ") :]


def test_the_same_recording_gives_the_same_summary_on_which_both_strategies_trade(tmp_path: Path) -> None:
    tape = tmp_path / "tape.parquet"
    recording.write(tape, a_tape(seed=11))

    first, second = summary_of(tmp_path / "one", tape), summary_of(tmp_path / "two", tape)

    assert first == second
    assert "180 trades, 3 launches, 3 tokens" in first
    for line in ("launch-sniper: 3 buy filled", "momentum: 3 buy filled", "refused: ", "open at the end: ", "digest of all fills: "):
        assert line in first, first


def test_a_halt_that_silenced_the_strategies_is_in_the_summary(tmp_path: Path) -> None:
    tape, manifests = tmp_path / "tape.parquet", tmp_path / "manifests"
    recording.write(tape, a_tape(seed=11))
    manifests.mkdir()
    for path in (ROOT / "manifests" / "replay").glob("*.yaml"):
        (manifests / path.name).write_text(path.read_text().replace("drawdownBpsMax: 2000", "drawdownBpsMax: 20"))

    summary = summary_of(tmp_path / "shared", tape, "--manifests", str(manifests))

    assert "the portfolio ended halted: paper drawdown of " in summary
