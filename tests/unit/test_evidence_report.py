"""From a study to its record and report: the same study gives the same bytes, the page explains the verdict, and nothing in it is markup
that a stranger wrote."""

import json
import re
import sqlite3
from pathlib import Path

import msgspec
import numpy as np
import pytest

from memesnipe.evidence.gap import Gap
from memesnipe.evidence.record import open_record
from memesnipe.evidence.verdict import Metrics, Thresholds, judge
from memesnipe.kernel.clock import EventClock
from memesnipe.kernel.errors import ConfigError
from memesnipe.ledger.engine import FILE_NAME
from memesnipe.research.evidence.checking import Wanted, against, differences, read
from memesnipe.research.evidence.demands import rows_of
from memesnipe.research.evidence.judging import Judged, judged, searched_of
from memesnipe.research.evidence.live import gap_in
from memesnipe.research.evidence.numbers import Numbers, numbers_of
from memesnipe.research.evidence.page import page_of
from memesnipe.research.evidence.plots import gauges
from memesnipe.research.evidence.writing import prepare, write
from memesnipe.research.gate.measure import measure
from memesnipe.research.walk.values import Incumbent, Walked
from memesnipe.testing.builders import START_NS
from memesnipe.testing.evidence import some_metrics
from memesnipe.testing.walked import a_walked


def of(walked: Walked, thresholds: Thresholds | None = None) -> Judged:
    return judged(walked, thresholds or Thresholds(), EventClock(START_NS), replications=200)


def beside_an_incumbent(walked: Walked) -> Walked:
    weak = 0.5 * walked.returns[:, 0]
    outside = msgspec.structs.replace(walked.outside, incumbent=weak[walked.outside.positions])
    return msgspec.structs.replace(walked, incumbent=Incumbent(name="old", spec_hash="f" * 32, returns=weak), outside=outside)


@pytest.fixture(scope="module")
def good() -> Judged:
    return of(a_walked())


@pytest.fixture(scope="module")
def bad() -> Judged:
    return of(a_walked(edge=0.0))


def test_the_record_is_about_the_judged_trial_and_its_numbers_are_the_gates(good: Judged) -> None:
    evidence, walked = good.record.evidence, good.walked

    assert evidence.metrics == measure(searched_of(walked), seed=walked.seed, replications=200)
    assert evidence.subject.spec_hash == walked.trials[walked.chosen].spec_hash
    assert (evidence.subject.data_hash, evidence.subject.seed) == (walked.study.data_hash, walked.seed)
    assert evidence.verdict.passed


def test_the_same_study_gives_the_same_bytes(good: Judged, tmp_path: Path) -> None:
    once, again = (write(of(a_walked()), tmp_path / name) for name in ("a", "b"))

    for name in ("record", "numbers", "page"):
        assert getattr(once, name).read_bytes() == getattr(again, name).read_bytes()


def test_noise_fails_and_the_page_says_why_first(bad: Judged) -> None:
    page, verdict = page_of(bad), bad.record.evidence.verdict

    assert not verdict.passed
    assert page.index(verdict.sentence()) < page.index("<table")
    for failure in verdict.failures:
        assert failure.reason in page.replace("&#x27;", "'")


def test_the_page_loads_nothing_and_its_own_policy_forbids_it(good: Judged) -> None:
    page = page_of(good)

    assert "content=\"default-src 'none'; style-src 'unsafe-inline'\"" in page
    assert not re.search(r"<script|<link|<img|src=|href=|url\(|@import|https?:", page)


def test_the_page_shows_everything_that_a_doubter_asks_for(good: Judged) -> None:
    captions = re.findall(r"<figcaption>([^<]*)", page_of(good))

    for wanted in (
        "Out of sample, % of the capital", "Fall from the highest point", "Rolling Sharpe ratio", "Probabilities", "Sharpe ratios",
        "Where the trial that was best in one half", "Sharpe ratio of 12 trials", "Equity", "Drawdown", "by how long it was held",
        "What was paid",
    ):  # fmt: skip
        assert any(caption.startswith(wanted) or wanted in caption for caption in captions), wanted


def test_a_name_or_a_parameter_cannot_become_markup() -> None:
    walked = a_walked()
    trials = tuple(msgspec.structs.replace(trial, parameters={"<b>": f"<script>{at}"}) for at, trial in enumerate(walked.trials))

    page = page_of(of(msgspec.structs.replace(walked, trials=trials, market="<img src=x>", failed={"{}": "<i>no</i>"})))

    assert not re.search(r"<script|<img|<b>|<i>", page)


def test_what_runs_now_is_drawn_beside_it_and_asked_about() -> None:
    found = of(beside_an_incumbent(a_walked()))

    page = page_of(found)
    assert "what runs now" in page
    assert "incumbent_sharpe" in page
    assert "old, spec ffff" in page


def test_live_orders_are_told_of_where_there_are_any_and_are_no_part_of_the_record(good: Judged) -> None:
    gap = Gap(
        pairs=40, filled=39, in_band=38, failed=1, failed_max=3, median_bps=-12, worst_bps=-220, there_median_bps=-3, newest_ns=START_NS
    )
    with_live = judged(good.walked, Thresholds(), EventClock(START_NS), replications=200, live=gap)

    assert "38 of 40 live orders ended where the paper model says they can; median gap -12 bps" in page_of(with_live)
    assert numbers_of(with_live).live == gap
    assert "Live beside paper" not in page_of(good)
    assert with_live.record == good.record


def test_a_machine_without_a_ledger_has_no_gap_and_gets_no_ledger(tmp_path: Path) -> None:
    assert gap_in(str(tmp_path), "", "momentum") is None
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_without_pairs_has_no_gap(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / FILE_NAME).close()

    assert gap_in(str(tmp_path), "", "momentum") is None


def test_a_file_that_is_no_ledger_has_no_gap_and_costs_nobody_a_study(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database at all. " * 400)

    assert gap_in(str(tmp_path), "", "momentum") is None


def test_every_demand_of_the_gate_has_its_row() -> None:
    nothing = Metrics(
        observations=0, trades=0, trials=2, sharpe=None, sharpe_low=None, psr=None, dsr=None, pbo=None, pbo_loss=None, spa_p=None,
        net_return=None, net_return_double_costs=None, net_return_two_slots_later=None, drawdown=None, best_trade_share=None,
        incumbent=True,
    )  # fmt: skip
    failing = {failure.demand for failure in judge(nothing, Thresholds()).failures}

    rows = rows_of(nothing, Thresholds())

    assert {row.demand for row in rows if row.failed} == failing
    assert [row for row in rows if not row.failed] == []


def test_a_trial_that_is_judged_alone_has_no_pbo_and_still_a_page() -> None:
    walked = a_walked()
    alone = msgspec.structs.replace(
        walked, trials=walked.trials[-1:], returns=walked.returns[:, -1:], chosen=0,
        census=msgspec.structs.replace(walked.census, trials=1, finished=1, sharpe_variance=0.0),
        folds=tuple(msgspec.structs.replace(fold, chosen=0) for fold in walked.folds),
    )  # fmt: skip

    assert "one trial: nothing was chosen" in page_of(of(alone))


def test_a_study_that_never_traded_is_told_and_not_crashed_on() -> None:
    walked = a_walked()
    flat, none = np.zeros_like(walked.outside.returns), np.zeros(0)
    outside = msgspec.structs.replace(walked.outside, returns=flat, double_costs=flat, two_slots_later=flat, trade_profits=none)
    result = msgspec.structs.replace(walked.result, trades=(), fills=(), points=(), closes={})
    still = msgspec.structs.replace(
        walked, returns=np.zeros_like(walked.returns), outside=outside, result=result, path_sharpes=(None, None),
        trials=tuple(msgspec.structs.replace(trial, sharpe=None) for trial in walked.trials),
    )  # fmt: skip

    page = page_of(of(still))

    assert "could not be measured" in page
    assert "it stays on paper" in page


def test_the_numbers_beside_the_page_are_all_there_and_finite(good: Judged) -> None:
    raw = msgspec.json.encode(numbers_of(good))

    assert "NaN" not in raw.decode()
    assert msgspec.json.decode(raw, type=Numbers).outside.returns == good.walked.outside.returns.tolist()


def test_what_is_written_is_a_whole_record_and_a_check_accepts_it(good: Judged, tmp_path: Path) -> None:
    files = write(good, tmp_path / "new" / "folder")

    assert open_record(files.record.read_bytes()) == good.record
    assert against(read(files.record), Thresholds()) == []
    assert sorted(path.name for path in files.record.parent.iterdir()) == [
        "momentum.evidence.html",
        "momentum.evidence.json",
        "momentum.report.json",
    ]


def test_a_folder_that_cannot_be_written_is_told_before_the_study(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match="--out: "):
        prepare(tmp_path / "file" / "below")


def test_an_edited_record_is_refused_by_the_check(good: Judged, tmp_path: Path) -> None:
    files = write(good, tmp_path)
    document = json.loads(files.record.read_bytes())
    document["evidence"]["metrics"]["dsr"] = 0.9999
    files.record.write_text(json.dumps(document))

    with pytest.raises(ConfigError, match="sha256: the record was changed"):
        read(files.record)


def test_a_check_objects_to_what_is_stricter_now_and_to_code_that_nobody_can_name(good: Judged) -> None:
    walked = a_walked()
    nameless = of(msgspec.structs.replace(walked, study=msgspec.structs.replace(walked.study, code_version="18.0.0")))

    stricter = against(good.record, Thresholds(trades_min=10_000))

    assert [one.partition(":")[0] for one in stricter] == ["trades"]
    assert [one.partition(":")[0] for one in against(nameless.record, Thresholds())] == ["code_version"]


def test_a_check_objects_to_another_strategy_other_parameters_and_changed_code(good: Judged) -> None:
    subject = good.record.evidence.subject
    fits = Wanted(subject.strategy, subject.spec_hash, "c" * 64)

    assert against(good.record, Thresholds(), fits) == []
    for change in ({"strategy": "launch-sniper"}, {"spec_hash": "e" * 32}, {"code_hash": "e" * 64}):
        assert len(against(good.record, Thresholds(), msgspec.structs.replace(fits, **change))) == 1


def test_a_record_that_its_study_does_not_give_again_is_told_number_by_number(good: Judged) -> None:
    other = of(a_walked(seed=4))

    assert differences(good.record, of(a_walked(), Thresholds(trades_min=1)).record) == []
    assert any(one.startswith("metrics.sharpe: recorded ") for one in differences(good.record, other.record))


def test_a_pbo_that_is_forgiven_is_drawn_as_kept() -> None:
    forgiven = gauges(some_metrics(pbo=0.5, pbo_loss=0.01), Thresholds())
    not_forgiven = gauges(some_metrics(pbo=0.5, pbo_loss=0.3), Thresholds())

    assert (forgiven[2].holds, not_forgiven[2].holds) == (True, False)
