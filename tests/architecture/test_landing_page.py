"""The page on landing names wallet_guard's settings and metrics: all of them, with their defaults, and none that is gone."""

import re
from pathlib import Path

import msgspec
from prometheus_client import Counter
from prometheus_client.metrics import MetricWrapperBase

from memesnipe.chain.clients import metrics as client_metrics
from memesnipe.guard import metrics
from memesnipe.guard.settings import GuardSettings
from memesnipe.kernel.settings import CommonSettings, variable

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "landing.md").read_text(encoding="utf-8")
FIRST_CELLS = set(re.findall(r"^\| `([A-Za-z_]+)` \|", PAGE, re.MULTILINE))
ELSEWHERE = ("MEMESNIPE_TOKEN_", "MEMESNIPE_DRIFT_", "memesnipe_guard_token_")
"""What has a page of its own."""
SHARED = {"memesnipe_external_calls_total", "memesnipe_external_latency_seconds"}
"""Every client's, made in the kernel."""


def test_every_setting_is_on_the_page_and_none_that_is_gone() -> None:
    everyones = {field.name for field in msgspec.structs.fields(CommonSettings)}
    own = {variable(field.name) for field in msgspec.structs.fields(GuardSettings) if field.name not in everyones}

    assert {cell for cell in FIRST_CELLS if cell.startswith("MEMESNIPE_")} == {name for name in own if not name.startswith(ELSEWHERE)}


def test_every_default_on_the_page_is_the_one_in_the_code() -> None:
    listed = dict(re.findall(r"^\| `(MEMESNIPE_\w+)` \| (?:`([^`]+)`)? *\|", PAGE, re.MULTILINE))
    real = {variable(field.name): field.default for field in msgspec.structs.fields(GuardSettings)}

    assert {name: text for name, text in listed.items() if text != _as_text(real[name])} == {}


def _as_text(default: object) -> str:
    return f"{default:g}" if isinstance(default, float) else str(default)


def test_every_metric_is_on_the_page_and_none_that_is_gone() -> None:
    made = [one for module in (metrics, client_metrics) for one in vars(module).values() if isinstance(one, MetricWrapperBase)]
    names = {sample.name + ("_total" if isinstance(one, Counter) else "") for one in made for sample in one.describe()}

    listed = {cell for cell in FIRST_CELLS if cell.startswith("memesnipe_")}

    assert listed - SHARED == {name for name in names if not name.startswith(ELSEWHERE)}
