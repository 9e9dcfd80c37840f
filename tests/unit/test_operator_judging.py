"""The mode of what RUNS: live only if a person took just that live."""

import msgspec
import pytest

from memesnipe.messages.bounds import Mode
from memesnipe.testing.builders import START_NS
from memesnipe_operator.judging import Around, Judged, judged
from memesnipe_operator.stability import Choice, choose, runnable
from memesnipe_operator.views import StrategyView, allocation_view, risk_policy_view, strategy_view

LOCALNET = "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG"
META = {"name": "default", "namespace": "test", "uid": "uid", "generation": 1}
POLICY = risk_policy_view({"metadata": META, "spec": {}})
ALLOCATION = allocation_view({"metadata": META, "spec": {"capitalSol": 20}})
OLDER = {"strategy": "momentum", "parameters": {"fast_s": 5}}


def a_view(mode: str | None = "live") -> StrategyView:
    meta = {"name": "momentum", "namespace": "test", "uid": "uid", "generation": 1}
    return strategy_view({"metadata": meta, "spec": {"strategy": "momentum", **({"mode": mode} if mode else {})}})


def verdict(view: StrategyView, choice: Choice) -> Judged:
    around = Around(paper_switch=False, genesis=LOCALNET, now_ns=START_NS, policy=POLICY, allocation=ALLOCATION)
    return judged(view, choice.running, (), around)


def as_asked(view: StrategyView) -> Choice:
    return choose(runnable(view.spec), {}, None, 0, 30.0)


@pytest.mark.parametrize(("mode", "judged_as"), [("live", Mode.LIVE), ("paper", Mode.PAPER), (None, Mode.PAPER)])
def test_in_a_cluster_live_is_always_written_down(mode: str | None, judged_as: Mode) -> None:
    view = a_view(mode)

    assert verdict(view, as_asked(view))[0] is judged_as


def test_an_older_spec_that_runs_in_place_of_one_that_was_taken_live_is_on_paper() -> None:
    view = a_view()

    mode, conditions = verdict(view, msgspec.structs.replace(as_asked(view), spec=OLDER, stable=OLDER))

    asked = next(one for one in conditions if one.type == "LiveRequested")
    assert (mode, asked.status, asked.reason) == (Mode.PAPER, "False", "RolledBack")
