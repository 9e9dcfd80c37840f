"""A strategy's code is its module and what it computes with: neither may change unseen, and nothing else may make evidence void."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from memesnipe.executor.service import hash_of
from memesnipe.factory.decide import Material, registration
from memesnipe.scaffold.strategy import create
from memesnipe.strategy import code, loading
from memesnipe.strategy.code import code_of
from memesnipe.strategy.contract import Strategy
from memesnipe.strategy.loading import Plugin
from memesnipe.testing.builders import START_NS

Packaged = Callable[..., Plugin]


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Packaged]:
    """Return a plugin in a package of its own, made of these files."""
    folder = tmp_path / "its_own_package"
    (folder / "deep").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(tmp_path))

    def made(**files: str) -> Plugin:
        for name, text in {"__init__": "", "deep/__init__": "", "idea": "", **files}.items():
            (folder / f"{name}.py").write_text(text)
        kind = type("Idea", (Strategy,), {"__module__": "its_own_package.idea"})
        return Plugin("idea", kind, folder / "idea.py")

    yield made
    for name in [name for name in sys.modules if name.startswith("its_own_package")]:
        del sys.modules[name]


def test_a_file_of_its_own_is_all_of_its_code_but_for_indicators(tmp_path: Path) -> None:
    create("my-idea", tmp_path)

    plugin = loading.load("my-idea", [tmp_path])

    assert code_of(plugin).startswith(plugin.source.read_bytes())
    (tmp_path / "bare.py").write_text("import json\n")
    bare = Plugin("bare", type("Bare", (Strategy,), {"__module__": "memesnipe_user_strategies.bare"}), tmp_path / "bare.py")
    assert code_of(bare) == b"import json\n"


@pytest.mark.parametrize(
    ("idea", "helper"),
    [
        ("from its_own_package.helper import limit", "helper"),
        ("from its_own_package import helper", "helper"),
        ("from .helper import limit", "helper"),
        ("from . import helper", "helper"),
        ("import its_own_package.helper as h", "helper"),
        ("def f():\n    from .deep.helper import limit", "deep/helper"),
        ("from .between import limit", "helper"),
        ("", "__init__"),
    ],
)
def test_a_change_in_a_module_beside_it_is_other_code(packaged: Packaged, idea: str, helper: str) -> None:
    between = "from .helper import limit"
    before = code_of(packaged(idea=idea, between=between, **{helper: "limit = 1"}))

    after = code_of(packaged(idea=idea, between=between, **{helper: "limit = 2"}))

    assert before != after


def test_a_module_that_it_does_not_use_is_not_its_code(packaged: Packaged) -> None:
    before = code_of(packaged(idea="import json", other="limit = 1"))

    assert code_of(packaged(idea="import json", other="limit = 2")) == before


def test_modules_that_import_each_other_are_read_once(packaged: Packaged) -> None:
    plugin = packaged(idea="from . import one", one="from . import two, idea", two="from . import one")

    assert code_of(plugin).count(b"its_own_package.one\0") == 1


def test_what_is_moved_from_one_module_to_another_is_other_code(packaged: Packaged) -> None:
    before = code_of(packaged(idea="from . import one, two", one="a = 1", two=""))

    assert code_of(packaged(idea="from . import one, two", one="", two="a = 1")) != before


def test_the_strategies_that_ship_hold_their_indicators_and_token_checks() -> None:
    found = {name: code_of(loading.load(name)) for name in ("momentum", "launch-sniper")}

    assert all(b"\0memesnipe.strategy.indicators\0" in one for one in found.values())
    assert b"\0memesnipe_strategies.token_checks\0" in found["launch-sniper"]
    assert b"token_checks" not in found["momentum"]
    assert b"\0memesnipe.strategy.contract\0" not in found["momentum"]


def test_a_file_that_became_no_python_is_refused(packaged: Packaged) -> None:
    with pytest.raises(ValueError, match="no Python"):
        code_of(packaged(idea="def"))


def test_a_strategy_of_too_many_modules_is_refused(packaged: Packaged, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "MODULES_MAX", 1)

    with pytest.raises(ValueError, match="more than 1 modules"):
        code_of(packaged(idea="from . import one, two", one="", two=""))


@pytest.mark.parametrize("name", ["momentum", "launch-sniper"])
def test_an_executor_says_the_hash_that_the_factory_registers(name: str) -> None:
    plugin = loading.load(name)

    registered = registration(Material(plugin, code_of(plugin), plugin.document.read_bytes()), START_NS)

    assert hash_of(plugin) == registered.code_hash


@pytest.mark.parametrize("left", ["def", None], ids=["no Python any more", "gone"])
def test_an_executor_that_cannot_read_its_code_names_none(packaged: Packaged, left: str | None) -> None:
    plugin = packaged()
    plugin.source.unlink() if left is None else plugin.source.write_text(left)

    assert hash_of(plugin) == ""
