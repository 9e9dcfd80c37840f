"""The backtester against the running stack: the same recording and seed make the same fills, trades and refusals, field by field."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from memesnipe.guard.service import terms_of
from memesnipe.guard.settings import GuardSettings
from memesnipe.ledger import read
from memesnipe.ledger.accounting import Trade
from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.market import pumpfun_csv, recording
from memesnipe.messages.orders import ExitCause, Fill
from memesnipe.research.backtest.engine import Costs, Engine
from memesnipe.research.backtest.market import open_market
from memesnipe.research.backtest.result import Result
from memesnipe.research.backtest.setup import documents_in, manifests_of, setup_of
from memesnipe.testing.recorded import recorded
from memesnipe.testing.stacks import ROOT, RunningStack
from memesnipe.testing.tapes import a_tape

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_200)]

Refusals = dict[str, int]
Paper = tuple[list[Fill], list[Trade], Refusals]


def on_paper(folder: Path, tape: Path, manifests: Path) -> Paper:
    """Replay a tape on the whole stack; return what its ledger holds."""
    with RunningStack(folder, "--replay", str(tape), "--manifests", str(manifests)) as stack:
        assert stack.wait(1_000) == 0, stack.log()
    (data,) = (folder / "replays").iterdir()
    engine = open_engine(ledger_url(str(data)))
    with engine.connect() as connection:
        fills, refusals = read.all_fills(connection), read.rejections_by_reason(connection)
        owners = [(one.strategy, one.mode) for one in read.totals(connection)]
        trades = [trade for owner in owners for trade in read.last_trades(connection, *owner)]
    engine.dispose()
    return fills, trades, {f"{row.stage}/{row.reason}": row.count for row in refusals}


def in_a_backtest(tape: Path, manifests: Path) -> Result:
    settings = GuardSettings()
    setup = setup_of(manifests_of(documents_in([manifests])))
    return Engine(setup, Costs(terms_of(settings), settings.guard_trade_size_lamports_max)).run(open_market(tape))


def by_signature(fills: Sequence[Fill]) -> dict[str, Fill]:
    return {fill.signature: fill for fill in fills}


def by_close(trades: Sequence[Trade]) -> dict[str, Trade]:
    return {trade.closed_signature: trade for trade in trades}


def changed(folder: Path, **fields: str) -> Path:
    """Return a folder of the manifests of a replay with some lines of the RiskPolicy changed."""
    folder.mkdir()
    for path in (ROOT / "manifests" / "replay").glob("*.yaml"):
        text = path.read_text()
        for name, value in fields.items():
            text = re.sub(rf"(?m)^  {name}: .*$", f"  {name}: {value}", text)
        (folder / path.name).write_text(text)
    return folder


def assert_same(tape: Path, manifests: Path, folder: Path) -> Result:
    result = in_a_backtest(tape, manifests)
    fills, trades, refusals = on_paper(folder, tape, manifests)

    assert by_signature(result.fills) == by_signature(fills)
    assert by_close(result.trades) == by_close(trades)
    assert result.rejected == refusals
    return result


def test_the_shipped_strategies_fill_the_same_on_paper_and_in_a_backtest(tmp_path: Path) -> None:
    tape = tmp_path / "tape.parquet"
    recording.write(tape, a_tape(seed=16))

    result = assert_same(tape, ROOT / "manifests" / "replay", tmp_path / "shared")

    assert {"wallet_guard/chain_failed", "wallet_guard/paper_failed"} <= set(result.rejected)


def test_close_stops_failed_exits_and_a_halt_come_out_the_same(tmp_path: Path) -> None:
    tape = tmp_path / "tape.parquet"
    recording.write(tape, a_tape(seed=5))
    exits = "{ladder: [{gainBps: 200, shareBps: 5000}], trailingBps: 250, trailingFromBps: 100, staleExitS: 60}"
    also = {"timeStopS": f"20\n  exits: {exits}"}
    manifests = changed(tmp_path / "manifests", stopLossBps="300", takeProfitBps="700", drawdownBpsMax="40", **also)

    result = assert_same(tape, manifests, tmp_path / "shared")

    by_price = {ExitCause.STOP_LOSS, ExitCause.TAKE_PROFIT, ExitCause.LADDER, ExitCause.TRAILING_STOP}
    assert {fill.exit_cause for fill in result.fills} >= by_price | {ExitCause.TIME_STOP}
    assert result.rejected
    assert result.halts


def test_real_trades_come_out_the_same(tmp_path: Path) -> None:
    tape = tmp_path / "real.parquet"
    pumpfun_csv.convert(recorded(), tape)

    result = assert_same(tape, ROOT / "manifests" / "replay", tmp_path / "shared")

    assert len(result.fills) == 27
