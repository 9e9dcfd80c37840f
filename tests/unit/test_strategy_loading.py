"""A plugin is found by name, refused with a reason a person can act on, and never half loaded."""

import os
from pathlib import Path

import pytest

from memesnipe.kernel.errors import ConfigError
from memesnipe.strategy.document import SECTIONS, shortcomings
from memesnipe.strategy.loading import discover, folders_of, load, names
from memesnipe_strategies.launch_sniper import LaunchSniper
from memesnipe_strategies.momentum import Momentum

GOOD = """
from memesnipe.strategy.contract import EventType, Parameters, RiskProfile, Strategy, strategy


@strategy(
    id="my-idea", version="1", subscriptions={EventType.PRICE}, parameters=Parameters,
    risk_profile=RiskProfile(thesis="t", exposures=("e",), failure_modes=("f",), holding_time_s=1, loss_per_trade_bps_max=1),
)
class MyIdea(Strategy[Parameters]):
    async def on_event(self, event):
        return None
"""


def write(folder: Path, text: str, name: str = "my_idea.py") -> Path:
    (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(("name", "kind"), [("momentum", Momentum), ("launch-sniper", LaunchSniper)])
def test_what_ships_is_found_by_its_entry_point(name: str, kind: type) -> None:
    assert load(name).kind is kind


def test_a_file_in_a_persons_folder_is_found_by_its_name(tmp_path: Path) -> None:
    plugin = load("my-idea", [write(tmp_path, GOOD)])

    assert (plugin.name, plugin.kind.id, plugin.source, plugin.document) == (
        "my-idea", "my-idea", tmp_path / "my_idea.py", tmp_path / "my_idea.md",
    )  # fmt: skip


def test_a_name_that_is_nowhere_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"nothing.*memesnipe.strategies.*{tmp_path}"):
        load("nothing", [tmp_path])


def test_a_name_that_is_found_twice_is_refused(tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace("my-idea", "momentum"), "momentum.py")

    with pytest.raises(ConfigError, match="more than once"):
        load("momentum", [tmp_path])


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("async def", "def", "async def"),
        ('id="my-idea"', 'id="other"', "'other'"),
        ('version="1"', 'version="v 1"', "version"),
        ("{EventType.PRICE}", "set()", "subscriptions"),
        ("{EventType.PRICE}", "{'price'}", "subscriptions"),
        ("{EventType.PRICE}", "7", "cannot be looked at|does not load"),
        ("parameters=Parameters", "parameters=dict", "parameters"),
        ('thesis="t"', 'thesis=" "', "thesis"),
        ('exposures=("e",)', "exposures=()", "exposures"),
        ('failure_modes=("f",)', 'failure_modes=("",)', "failure_modes"),
        ("holding_time_s=1", "holding_time_s=0", "holding_time_s"),
        ("loss_per_trade_bps_max=1", "loss_per_trade_bps_max=10_001", "loss_per_trade_bps_max"),
        ("class MyIdea(Strategy[Parameters])", "class MyIdea", "exactly one class"),
        ("from memesnipe", "from nowhere", "ModuleNotFoundError"),
        ("class MyIdea", "class 1MyIdea", "SyntaxError"),
        ("async def on_event", "async def on_other", "async def"),
    ],
)
def test_a_plugin_that_breaks_the_contract_is_refused_with_the_reason(tmp_path: Path, old: str, new: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        load("my-idea", [write(tmp_path, GOOD.replace(old, new))])


@pytest.mark.parametrize("code", ["raise SystemExit(1)", "1 / 0", "import sys; sys.exit()", "x ="])
def test_a_module_that_fails_while_it_loads_breaks_only_itself(tmp_path: Path, code: str) -> None:
    write(write(tmp_path, GOOD), code, "broken_one.py")

    found, broken = discover([tmp_path])

    assert "my-idea" in [plugin.name for plugin in found]
    assert [one.name for one in broken] == ["broken-one"]


def test_tests_and_private_files_beside_a_strategy_are_not_strategies(tmp_path: Path) -> None:
    for name in ("test_my_idea.py", "_shared.py", "conftest.py"):
        write(tmp_path, "", name)

    assert set(names([tmp_path])) == set(names())


def test_a_folder_that_is_not_there_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"MEMESNIPE_STRATEGIES_PATH.*gone"):
        folders_of(os.pathsep.join([str(tmp_path), str(tmp_path / "gone")]))


FULL = "\n".join(f"## {section}\n\nEight words are what every section needs here.\n" for section in SECTIONS)


def test_a_document_with_every_section_filled_in_lacks_nothing() -> None:
    assert shortcomings(FULL) == []


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_that_is_missing_empty_or_still_a_placeholder_is_named(section: str) -> None:
    missing = FULL.replace(f"## {section}\n", "")
    empty = FULL.replace(f"## {section}\n\nEight words are what every section needs here.", f"## {section}\n\n")
    placeholder = FULL.replace(f"## {section}\n\n", f"## {section}\n\n- TODO say it in eight words or more please\n")

    assert [section in " ".join(shortcomings(text)) for text in (missing, empty, placeholder)] == [True] * 3


def test_the_template_itself_passes_for_nothing() -> None:
    template = Path(__file__).parents[2] / "docs" / "STRATEGY_TEMPLATE.md"

    assert len(shortcomings(template.read_text())) == len(SECTIONS)


@pytest.mark.parametrize("name", ["momentum", "launch-sniper"])
def test_what_ships_has_its_document_filled_in_and_names_every_parameter(name: str) -> None:
    plugin = load(name)
    text = plugin.document.read_text()

    assert shortcomings(text) == []
    assert [field for field in plugin.kind.parameters.model_fields if f"`{field}`" not in text] == []
