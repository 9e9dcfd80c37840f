"""A backtest puts prices off where nobody can tell: with stops that follow the price, ladders and drained pools too, to the last fill."""

import random
from collections import Counter

import msgspec
import pytest

from memesnipe.guard.paper import Terms
from memesnipe.messages.control import ExitLimits, ExitRung
from memesnipe.messages.market import MarketEvent, PriceTick
from memesnipe.messages.orders import ExitCause
from memesnipe.research.backtest import curve, stage_positions
from memesnipe.research.backtest.bands import EMPTY
from memesnipe.research.backtest.engine import Costs, Engine
from memesnipe.research.backtest.market import of_events
from memesnipe.research.backtest.quiet import Quiet
from memesnipe.research.backtest.setup import Setup
from memesnipe.research.backtest.stage_risk import RiskStage
from memesnipe.testing.builders import SOL
from memesnipe.testing.crosses import crossing
from memesnipe.testing.tapes import a_tape

TERMS = Terms(seed=7, slots_max=2, failure_bps=1_000, timeout_ns=10 * 10**9, fee_lamports=25_000, tip_lamports=10_000)
SEEDS = range(24)


def exits_of(draw: random.Random) -> ExitLimits:
    """Return what may sell a position of a few seconds."""
    rungs = (ExitRung(100, 2_500), ExitRung(300, 5_000))
    return ExitLimits(
        ladder=draw.choice(((), rungs, rungs)), trailing_bps=draw.choice((0, 150, 400)), trailing_from_bps=draw.choice((0, 200)),
        atr_multiple_bps=draw.choice((0, 0, 5_000)), atr_bars=2, break_even_from_bps=draw.choice((0, 50)),
        drain_bps=draw.choice((0, 3_000)), stale_exit_s=draw.choice((0, 40)), dust_lamports=draw.choice((0, SOL // 25)),
    )  # fmt: skip


def emptied(events: list[MarketEvent], draw: random.Random) -> list[MarketEvent]:
    """Return a market in which some prices tell of a pool that somebody took liquidity out of, or of another venue."""
    made = list[MarketEvent]()
    for event in events:
        if isinstance(event, PriceTick):
            share, venue = draw.choice((1, 1, 1, 1, 1, 0.9, 0.6)), draw.choice(("pumpfun",) * 9 + ("pumpswap",))
            reserves = {"quote_lamports": int(event.quote_lamports * share), "base_units": int(event.base_units * share)}
            made.append(msgspec.structs.replace(event, venue=venue, **reserves))
        else:
            made.append(event)
    return made


def a_setup(exits: ExitLimits) -> Setup:
    """Return short positions, and where ranges count some that last for minutes."""
    setup = crossing(10, 60) if exits.atr_multiple_bps else crossing(2, 4)
    age_s, goal_bps = (900, 5_000) if exits.atr_multiple_bps else (70, 900)
    limits = msgspec.structs.replace(setup.config.limits, exits=exits, stop_loss_bps=600, take_profit_bps=goal_bps, time_stop_s=age_s)
    return msgspec.structs.replace(setup, config=msgspec.structs.replace(setup.config, limits=limits))


def test_every_exit_comes_out_the_same_whether_prices_are_put_off_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curve, "POINTS_MAX", 2)
    seen, kept = set[ExitCause | None](), Counter[bool]()

    for seed in SEEDS:
        draw = random.Random(seed)
        setup, market = a_setup(exits_of(draw)), of_events(emptied(list(a_tape(seed)), draw))
        with monkeypatch.context() as patched:
            counting(patched, kept)
            late = Engine(setup, Costs(TERMS, SOL)).run(market)
        with monkeypatch.context() as patched:
            patched.setattr(Quiet, "keeps", lambda *_: False)
            patched.setattr(RiskStage, "_is_quiet", lambda *_: False)
            patched.setattr(stage_positions, "band_of", lambda *_: EMPTY)
            patched.setattr(stage_positions, "due_ns", lambda *_: 0)
            at_once = Engine(setup, Costs(TERMS, SOL)).run(market)
        assert late == at_once
        seen |= {fill.exit_cause for fill in late.fills}

    assert seen >= set(ExitCause) - {ExitCause.PERSON, ExitCause.TOKEN}
    assert kept[True] > 300


def counting(patched: pytest.MonkeyPatch, kept: Counter[bool]) -> None:
    keeps = Quiet.keeps

    def counted(quiet: Quiet, tick: PriceTick, number: int) -> bool:
        answer = keeps(quiet, tick, number)
        kept[answer] += 1
        return answer

    patched.setattr(Quiet, "keeps", counted)
