"""Decisions in the ledger: written once with their inputs, listed without them, read whole by version."""

import msgspec
from sqlalchemy import Engine

from memesnipe.ledger import read
from memesnipe.ledger.write import LedgerWriter
from memesnipe.messages.decisions import DecisionKind
from memesnipe.testing.builders import START_NS, STRATEGY, a_decision

FIRST, SECOND = a_decision(), a_decision(version=2, id="2:ab", time_ns=START_NS + 1)
OTHER = a_decision(kind=DecisionKind.PROMOTION, id="canary", subject=STRATEGY, label="paper->canary")


def test_a_decision_comes_back_whole_by_its_version_and_the_newest_without_one(engine: Engine) -> None:
    LedgerWriter(engine).decided([SECOND, OTHER, FIRST])

    with engine.connect() as connection:
        assert read.decision_with_inputs(connection, DecisionKind.ALLOCATION, 1) == FIRST
        assert read.decision_with_inputs(connection, DecisionKind.ALLOCATION) == SECOND
        assert read.decision_with_inputs(connection, DecisionKind.ALLOCATION, 3) is None


def test_a_list_is_newest_first_of_one_kind_and_without_inputs(engine: Engine) -> None:
    LedgerWriter(engine).decided([FIRST, OTHER, SECOND])

    with engine.connect() as connection:
        listed = read.last_decisions(connection, DecisionKind.ALLOCATION)
        others = read.last_decisions(connection, DecisionKind.PROMOTION)
    assert listed == [msgspec.structs.replace(one, inputs=b"") for one in (SECOND, FIRST)]
    assert [one.id for one in others] == ["canary"]


def test_a_decision_that_is_delivered_again_changes_nothing(engine: Engine) -> None:
    writer = LedgerWriter(engine)
    writer.decided([FIRST])

    writer.decided([msgspec.structs.replace(FIRST, reason="another"), SECOND])

    with engine.connect() as connection:
        assert [one.reason for one in read.last_decisions(connection, DecisionKind.ALLOCATION)] == [SECOND.reason, FIRST.reason]
