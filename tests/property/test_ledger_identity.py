"""Accounting identities over any fills: money neither appears nor vanishes, and delivery order makes no difference."""

import tempfile
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from memesnipe.ledger.accounting import Position, Trade, apply, position_of
from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.ledger.migrate import migrate
from memesnipe.ledger.write import LedgerWriter
from memesnipe.messages.bounds import HaltState, Mode, Side
from memesnipe.messages.orders import Fill, FillStatus
from memesnipe.positions.book import Mark, Open, Watch
from memesnipe.positions.causes import Rules
from memesnipe.positions.exits import consider, slippage_bps
from memesnipe.reconcile.movements import Movement
from memesnipe.reconcile.rebuild import Rebuilt
from memesnipe.testing.builders import START_NS, a_fill, limits

AMOUNT = st.integers(1, 10**15)
SMALL = st.integers(0, 10**9)


@st.composite
def fills(draw: st.DrawFn, strategies: tuple[str, ...] = ("momentum",)) -> list[Fill]:
    """Buys, sells of part or all of what is held, and failures, one slot after another."""
    made: list[Fill] = []
    held: dict[str, int] = {}
    for slot in range(draw(st.integers(1, 12))):
        strategy = draw(st.sampled_from(strategies))
        kinds = ["buy", "failed"] + (["sell", "sell all"] if held.get(strategy) else [])
        made.append(_fill(draw, draw(st.sampled_from(kinds)), strategy, held, slot + 1))
    return made


def _fill(draw: st.DrawFn, kind: str, strategy: str, held: dict[str, int], slot: int) -> Fill:
    fee, tip, rent = draw(SMALL), draw(SMALL), draw(SMALL)
    common: dict[str, Any] = {
        "strategy": strategy,
        "slot": slot,
        "time_ns": START_NS + slot,
        "signature": f"paper:{slot}:0",
        "intent_id": f"i{slot}",
    }
    costs: dict[str, Any] = {"fee_lamports": fee, "tip_lamports": tip}
    if kind == "failed":
        return a_fill(**common, status=FillStatus.FAILED, sol_delta_lamports=-fee, token_delta_units=0, fee_lamports=fee)
    if kind == "buy":
        units = draw(AMOUNT)
        held[strategy] = held.get(strategy, 0) + units
        outlay = draw(AMOUNT) + fee + tip + rent
        return a_fill(**common, **costs, side=Side.BUY, sol_delta_lamports=-outlay, token_delta_units=units, rent_lamports=rent)
    units = held[strategy] if kind == "sell all" else draw(st.integers(1, held[strategy]))
    held[strategy] -= units
    proceeds = draw(AMOUNT) - fee - tip + rent
    return a_fill(**common, **costs, side=Side.SELL, sol_delta_lamports=proceeds, token_delta_units=-units, rent_lamports=-rent)


def folded(made: list[Fill]) -> tuple[Position, list[Trade]]:
    position, trades = position_of(made[0]), []
    for fill in made:
        position, trade = apply(position, fill)
        trades += [trade] if trade else []
    return position, trades


@given(fills())
def test_realized_less_open_cost_is_the_sum_of_what_moved_in_the_wallet(made: list[Fill]) -> None:
    position, _ = folded(made)

    assert position.realized_lamports - position.cost_lamports == sum(fill.sol_delta_lamports for fill in made)
    assert position.units == sum(fill.token_delta_units for fill in made)
    assert position.rent_lamports == sum(fill.rent_lamports for fill in made)
    assert position.cost_lamports >= 0


@given(fills())
def test_a_position_without_units_has_no_cost_left(made: list[Fill]) -> None:
    position, _ = folded(made)

    assert position.units > 0 or (position.cost_lamports, position.entry_lamports) == (0, 0)


@given(fills())
def test_trades_add_up_to_what_was_realized_until_the_last_of_them_closed(made: list[Fill]) -> None:
    position, trades = folded(made)

    assert sum(trade.net_lamports for trade in trades) == position.trade_base_lamports


@given(fills())
def test_the_checkers_own_arithmetic_agrees_with_the_ledgers(made: list[Fill]) -> None:
    position, _ = folded(made)
    rebuilt = Rebuilt()

    for fill in made:
        rebuilt.add(_movement(fill), fill.mint)

    assert {name: getattr(rebuilt, name) for name in Rebuilt.__struct_fields__} == {
        name: getattr(position, name) for name in Rebuilt.__struct_fields__
    }


def _movement(fill: Fill) -> Movement:
    return Movement(
        signature=fill.signature,
        slot=fill.slot,
        failed=fill.status is FillStatus.FAILED,
        sol_delta=fill.sol_delta_lamports,
        fee=fill.fee_lamports,
        tip=fill.tip_lamports,
        rent=fill.rent_lamports,
        tokens={fill.mint: fill.token_delta_units} if fill.token_delta_units else {},
    )


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_order_of_delivery_and_redelivery_makes_the_same_ledger(data: st.DataObject) -> None:
    made = data.draw(fills(("momentum", "launch-sniper")))
    delivered = data.draw(st.permutations(made + data.draw(st.lists(st.sampled_from(made), max_size=5))))

    assert ledger_of(delivered) == ledger_of(made)


def ledger_of(delivered: list[Fill]) -> list[tuple[object, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        url = ledger_url(folder)
        migrate(url)
        engine = open_engine(url)
        for fill in delivered:
            LedgerWriter(engine).record([fill])
        with engine.connect() as connection:
            tables = [connection.execute(text(f"SELECT * FROM {name} ORDER BY 1, 2, 3")) for name in ("fills", "positions", "trades")]
            rows = [tuple(row) for table in tables for row in table]
        engine.dispose()
        return rows


@given(fills(), st.integers(1, 10**15), st.integers(1, 10**15), st.integers(0, 10**6))
def test_no_exit_is_larger_than_what_is_held(made: list[Fill], quote: int, base: int, later_s: int) -> None:
    position, _ = folded(made)
    if not position.units:
        return
    watched = Open(position, Watch(position.opened_intent_id, Mark(quote, base, 1, START_NS, "tick")))
    rules = Rules(limits(), lambda _: HaltState.HALTED, START_NS + later_s * 10**9)

    _, intent = consider(watched, rules)

    assert intent is None or (intent.size_units, intent.mode) == (position.units, Mode.PAPER)


@given(st.integers(0, 100), st.integers(0, 10_000))
def test_slippage_rises_with_attempts_and_never_passes_the_limit(attempt: int, limit_bps: int) -> None:
    assert slippage_bps(attempt, limit_bps) <= slippage_bps(attempt + 1, limit_bps) <= limit_bps
