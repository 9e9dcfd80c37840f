"""The gate refuses what it cannot measure, names every demand that is not met, and says what to do about it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from memesnipe.evidence.verdict import DEMANDS, Thresholds, judge
from memesnipe.testing.evidence import GOOD, some_metrics

WORSE: dict[str, dict[str, Any]] = {
    "observations": {"observations": 249},
    "trades": {"trades": 99},
    "psr": {"psr": 0.9499},
    "sharpe_low": {"sharpe_low": 0.0},
    "dsr": {"dsr": 0.9499},
    "pbo": {"pbo": 0.2001},
    "spa": {"spa_p": 0.0501},
    "incumbent_sharpe": {"incumbent_sharpe": 0.1201},
    "incumbent_drawdown": {"incumbent_drawdown": 0.0999},
    "drawdown": {"drawdown": 0.3001, "incumbent_drawdown": 0.5},
    "best_trade_share": {"best_trade_share": 0.5001},
    "net_return_double_costs": {"net_return_double_costs": 0.0},
    "net_return_two_slots_later": {"net_return_two_slots_later": -0.1},
    "lookahead_prefixes": {"lookahead_prefixes": 31},
    "lookahead": {"lookahead_clean": False},
}


def failed(**changes: Any) -> list[str]:
    return [failure.demand for failure in judge(some_metrics(**changes), Thresholds()).failures]


def test_what_meets_every_demand_passes() -> None:
    verdict = judge(GOOD, Thresholds())

    assert verdict.passed
    assert verdict.sentence() == "Passed: every demand of the gate is met."


@pytest.mark.parametrize("demand", WORSE)
def test_each_demand_alone_stops_what_is_just_short_of_it(demand: str) -> None:
    assert failed(**WORSE[demand]) == [demand]


@pytest.mark.parametrize("demand", WORSE)
def test_each_failure_says_in_a_sentence_what_to_do(demand: str) -> None:
    (failure,) = judge(some_metrics(**WORSE[demand]), Thresholds()).failures

    assert isinstance(failure.reason, str)
    assert len(failure.reason) > 20


def test_every_demand_of_the_gate_was_tried() -> None:
    assert len(WORSE) == len(DEMANDS)


@pytest.mark.parametrize(
    "name",
    [
        *("sharpe", "sharpe_low", "psr", "dsr", "pbo", "spa_p", "net_return_double_costs", "net_return_two_slots_later"),
        *("drawdown", "best_trade_share", "incumbent_sharpe", "incumbent_drawdown"),
    ],
)
@pytest.mark.parametrize("unknown", [None, float("nan")])
def test_what_could_not_be_measured_never_passes(name: str, unknown: float | None) -> None:
    assert not judge(some_metrics(**{name: unknown}), Thresholds()).passed


def test_every_failed_demand_is_named_at_once_with_something_to_do() -> None:
    verdict = judge(some_metrics(dsr=0.5, trades=3, spa_p=None), Thresholds())

    assert verdict.sentence() == "Failed 3: trades, dsr, spa; it stays on paper."
    assert [(failure.measured, failure.limit) for failure in verdict.failures] == [(3, 100), (0.5, 0.95), (None, 0.005)]
    assert all(len(failure.reason) > 40 for failure in verdict.failures)


def test_without_an_incumbent_nothing_is_compared_with_one() -> None:
    assert failed(incumbent=False, incumbent_sharpe=None, incumbent_drawdown=None) == []


def test_a_single_trial_was_not_chosen_so_it_cannot_be_overfit_by_choosing() -> None:
    assert failed(trials=1, pbo=None, pbo_loss=None) == []
    assert failed(trials=2, pbo=None, pbo_loss=None) == ["pbo"]


def test_variants_that_are_all_equally_good_are_not_called_overfit() -> None:
    assert failed(pbo=0.5, pbo_loss=0.05) == []
    assert failed(pbo=0.5, pbo_loss=0.0501) == ["pbo"]


def test_the_thresholds_are_data() -> None:
    strict = msgspec.json.decode(b'{"dsr_min": 0.99, "trades_min": 1000}', type=Thresholds)

    assert [failure.demand for failure in judge(GOOD, strict).failures] == ["trades", "dsr"]


@pytest.mark.parametrize(
    "raw", [b'{"dsr_min": 1.5}', b'{"dsr_min": "0.9"}', b'{"dsr_mim": 0.9}', b'{"dsr_min": null}', b'{"trades_min": -1}']
)
def test_thresholds_that_mean_nothing_are_refused(raw: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(raw, type=Thresholds)


def test_judging_and_checking_need_no_numpy() -> None:
    heavy = "('numpy', 'scipy', 'sqlalchemy')"
    program = f"import sys, json; import memesnipe.evidence.record; print(json.dumps([m for m in {heavy} if m in sys.modules]))"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)

    assert json.loads(done.stdout) == []


def test_the_page_names_every_demand_and_every_threshold_with_its_default() -> None:
    page = (Path(__file__).parents[2] / "docs" / "explanation" / "evidence.md").read_text(encoding="utf-8")

    defaults = {f"`{name}` | {value:g} |" for name, value in msgspec.structs.asdict(Thresholds()).items()}

    assert [text for text in defaults if text not in page] == []
    assert [demand for demand in WORSE if f"`{demand}`" not in page] == []
