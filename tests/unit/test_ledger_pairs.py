"""Live orders beside their paper twins in the ledger: written once, read by strategy, oldest first."""

import msgspec
from sqlalchemy import Engine

from memesnipe.ledger import read
from memesnipe.ledger.write import LedgerWriter
from memesnipe.messages.pairs import PairEnd
from memesnipe.testing.builders import START_NS, STRATEGY, a_pair

FILLED = a_pair(live_lamports=-10, paper_lamports=-7, there_lamports=-9)
MISSED = msgspec.structs.replace(
    FILLED, intent_id="two", time_ns=START_NS + 1, end=PairEnd.MISSED, paper_lamports=None, there_lamports=None, low_lamports=None
)
OTHER = msgspec.structs.replace(FILLED, intent_id="three", strategy="launch-sniper")


def test_a_pair_comes_back_as_it_was_written(engine: Engine) -> None:
    LedgerWriter(engine).pair([MISSED, OTHER, FILLED])

    with engine.connect() as connection:
        assert read.last_pairs(connection, STRATEGY, 10) == [FILLED, MISSED]
        assert read.last_pairs(connection, STRATEGY, 1) == [MISSED]
        assert read.paired_strategies(connection) == ["launch-sniper", STRATEGY]


def test_a_pair_that_is_delivered_again_changes_nothing(engine: Engine) -> None:
    writer = LedgerWriter(engine)
    writer.pair([FILLED])

    writer.pair([msgspec.structs.replace(FILLED, live_lamports=99), MISSED])

    with engine.connect() as connection:
        assert read.last_pairs(connection, STRATEGY, 10) == [FILLED, MISSED]
