"""The operator's page names its settings and metrics: all of them, and none that is gone."""

import re
from pathlib import Path

import msgspec
from prometheus_client import Counter
from prometheus_client.metrics import MetricWrapperBase

from memesnipe.kernel.settings import CommonSettings, variable
from memesnipe_operator import metrics
from memesnipe_operator.settings import OperatorSettings

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "operator.md").read_text(encoding="utf-8")
FIRST_CELLS = set(re.findall(r"^\| `([A-Za-z_]+)` \|", PAGE, re.MULTILINE))


def test_every_setting_of_its_own_is_on_the_page_and_none_that_is_gone() -> None:
    everyones = {variable(field.name) for field in msgspec.structs.fields(CommonSettings)}
    own = {variable(field.name) for field in msgspec.structs.fields(OperatorSettings)} - everyones

    listed = {cell for cell in FIRST_CELLS if cell.startswith(("MEMESNIPE_", "PAPER_"))}

    assert listed - everyones == own


def test_every_default_on_the_page_is_the_one_in_the_code() -> None:
    listed = dict(re.findall(r"^\| `(MEMESNIPE_\w+)` \| `([^`]+)` \|", PAGE, re.MULTILINE))
    real = {variable(field.name): field.default for field in msgspec.structs.fields(OperatorSettings)}

    assert {name: text for name, text in listed.items() if text != _as_text(real[name])} == {}


def _as_text(default: object) -> str:
    return f"{default:g}" if isinstance(default, float) else str(default)


def test_every_metric_of_its_own_is_on_the_page_and_none_that_is_gone() -> None:
    made = [one for one in vars(metrics).values() if isinstance(one, MetricWrapperBase)]
    names = {sample.name + ("_total" if isinstance(one, Counter) else "") for one in made for sample in one.describe()}

    assert {cell for cell in FIRST_CELLS if cell.startswith("memesnipe_")} == names
