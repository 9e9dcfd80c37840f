"""The research database as a schema of a real PostgreSQL, beside a ledger."""

from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import inspect

from memesnipe.kernel.clock import EventClock
from memesnipe.kernel.errors import Bug
from memesnipe.ledger.engine import ledger_url
from memesnipe.ledger.migrate import migrate
from memesnipe.research.stats.series import Floats
from memesnipe.research.trials.registry import Registry
from memesnipe.research.trials.search import search
from memesnipe.research.trials.tables import open_research, research_url
from memesnipe.research.trials.values import Study, Trial
from memesnipe.testing.postgres import a_postgres, missing

STUDY = Study(strategy="momentum", study="grid-1", data_hash="d" * 32, code_version="18.0.0", period_s=60)
TRIALS = [Trial(study=STUDY, parameters={"window": window}, seed=2**40) for window in range(4)]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    if why := missing():
        pytest.skip(why)
    with a_postgres() as url:
        yield url


def earn(trial: Trial) -> Floats:
    return np.random.default_rng(trial.parameters["window"]).standard_normal(40)


def test_a_search_is_kept_and_resumed_in_its_own_schema_beside_the_ledger(server: str) -> None:
    migrate(ledger_url("", server))
    engine = open_research(research_url("", server))
    Registry(engine, EventClock()).register(STUDY, TRIALS)

    outcomes = search(Registry(open_research(research_url("", server)), EventClock()), STUDY, TRIALS, earn)

    assert all(np.array_equal(outcome.returns, earn(outcome.trial)) for outcome in outcomes)
    assert Registry(engine, EventClock()).census("momentum", 60).finished == 4
    assert set(inspect(engine).get_table_names("research")) == {"meta", "trials"}
    assert "trials" not in inspect(engine).get_table_names("public")
    with pytest.raises(Bug):
        Registry(engine, EventClock()).finish(TRIALS[0], earn(TRIALS[1]))
