"""One strategy looked at closely: its curve stands on its capital, as the portfolio's does, and its gates are control's own words."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine

from memesnipe.dashboard.drill import NOT_JUDGED, Detail, detail
from memesnipe.dashboard.facts import StreamFacts
from memesnipe.kernel.clock import NS_PER_MS
from memesnipe.ledger.write import LedgerWriter, Snapshot
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import AllocationDecision
from memesnipe.testing.builders import SOL, START_NS, STRATEGY, a_config, an_allocation

SHARED = AllocationDecision(1, START_NS, "ab" * 32, "equal_weight", "by hand", (an_allocation(capital_sol=2.0),))
STREAMS = StreamFacts(config=a_config(), allocation=SHARED)


def looked_at(engine: Engine, folder: Path) -> Detail:
    found = detail(engine, STREAMS, folder, STRATEGY)
    assert found is not None
    return found


def made(engine: Engine, lamports: int) -> None:
    point = Snapshot(
        time_ns=START_NS, scope=STRATEGY, mode=Mode.PAPER, equity_lamports=lamports, realized_lamports=lamports, unrealized_lamports=0
    )
    LedgerWriter(engine).snapshot([point])


def test_a_strategy_that_made_a_little_is_above_its_capital_not_far_below_it(engine: Engine, tmp_path: Path) -> None:
    made(engine, SOL // 10)

    found = looked_at(engine, tmp_path)

    assert found.capital_lamports == 2 * SOL
    assert found.equity == ((START_NS // NS_PER_MS, 2 * SOL + SOL // 10),)


@pytest.mark.parametrize("written", [b"", b'{"strategies": 1}', json.dumps({"strategies": []}).encode()])
def test_a_status_file_without_a_word_on_it_is_no_word_at_all(engine: Engine, tmp_path: Path, written: bytes) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "status.json").write_bytes(written)

    found = looked_at(engine, tmp_path)

    assert (found.gates, found.gates_note, found.promotion) == ((), NOT_JUDGED, None)
