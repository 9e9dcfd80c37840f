"""From a plugin's name to its class: installed entry points first, then files in folders of a person's own strategies.

A folder holds `<name>.py` files, one strategy each: plugin `my-idea` is `my_idea.py`. A name that is found twice is
refused: nobody should have to guess which code trades.
"""

import importlib.util
import inspect
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from memesnipe.kernel.errors import ConfigError
from memesnipe.strategy.checks import broken_promises
from memesnipe.strategy.contract import Strategy

GROUP = "memesnipe.strategies"
USER_PACKAGE = "memesnipe_user_strategies"
"""Prefix of the module names of files, so that a file `json.py` cannot replace the standard library's."""


class Plugin(msgspec.Struct, frozen=True):
    """A strategy's code, found and checked."""

    name: str
    kind: type[Strategy[Any]]
    source: Path
    """The module's file; its document lies beside it as `<module>.md`."""

    @property
    def document(self) -> Path:
        """Where the strategy's document must be."""
        return self.source.with_suffix(".md")


class Broken(msgspec.Struct, frozen=True):
    """A plugin that could not be loaded, and why."""

    name: str
    reason: str


def folders_of(path: str) -> tuple[Path, ...]:
    """Return the folders in `MEMESNIPE_STRATEGIES_PATH`, which is separated as PATH is. Raises ConfigError on a missing one."""
    folders = tuple(Path(part).expanduser() for part in path.split(os.pathsep) if part)
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError(f"MEMESNIPE_STRATEGIES_PATH: {folder} is not a folder")
    return folders


def load(name: str, folders: Sequence[Path] = ()) -> Plugin:
    """Return the plugin of this name. Raises ConfigError saying where it was looked for, or what is wrong with it."""
    installed = [point for point in entry_points(group=GROUP) if point.name == name]
    files = [file for folder in folders for file in _strategy_files(folder) if file.stem == name.replace("-", "_")]
    if len(installed) + len(files) > 1:
        raise ConfigError(f"strategy {name!r} is declared more than once: {[*map(str, installed), *map(str, files)]}")
    if installed:
        return _checked(name, _from_entry_point(installed[0]))
    if files:
        return _checked(name, _from_file(name, files[0]))
    raise ConfigError(f"strategy {name!r}: no entry point in {GROUP!r} and no file in {', '.join(map(str, folders)) or 'any folder'}")


def names(folders: Sequence[Path] = ()) -> list[str]:
    """Return the names of all plugins, sorted; nothing is imported."""
    installed = {point.name for point in entry_points(group=GROUP)}
    return sorted(installed | {file.stem.replace("_", "-") for folder in folders for file in _strategy_files(folder)})


def discover(folders: Sequence[Path] = ()) -> tuple[list[Plugin], list[Broken]]:
    """Return every plugin that loads, and every one that does not with its reason; raises nothing for either."""
    found: list[Plugin] = []
    broken: list[Broken] = []
    for name in names(folders):
        try:
            found.append(load(name, folders))
        except ConfigError as error:
            broken.append(Broken(name, str(error)))
    return found, broken


def _strategy_files(folder: Path) -> Iterator[Path]:
    return (file for file in sorted(folder.glob("*.py")) if not file.name.startswith(("_", "test_", "conftest")))


def _from_entry_point(point: EntryPoint) -> object:
    try:
        return point.load()
    except (Exception, SystemExit) as error:
        raise ConfigError(f"strategy {point.name!r}: {point.value} does not load: {type(error).__name__}: {error}") from error


def _from_file(name: str, file: Path) -> object:
    module = _module_of(name, file)
    kinds = [kind for _, kind in inspect.getmembers(module, _is_strategy) if kind.__module__ == module.__name__]
    if len(kinds) != 1:
        raise ConfigError(f"strategy {name!r}: {file} must hold exactly one class decorated with @strategy, not {len(kinds)}")
    return kinds[0]


def _module_of(name: str, file: Path) -> ModuleType:
    module_name = f"{USER_PACKAGE}.{file.stem}"
    spec = importlib.util.spec_from_file_location(module_name, file)
    if spec is None or spec.loader is None:
        raise ConfigError(f"strategy {name!r}: {file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # pydantic and typing look a class's module up by name
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[module_name]
        raise ConfigError(f"strategy {name!r}: {file} does not load: {type(error).__name__}: {error}") from error
    return module


def _is_strategy(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, Strategy) and "id" in vars(value)


def _checked(name: str, kind: object) -> Plugin:
    try:
        problems = broken_promises(name, kind)
    except Exception as error:
        raise ConfigError(f"strategy {name!r}: cannot be looked at: {type(error).__name__}: {error}") from error
    if problems:
        raise ConfigError(f"strategy {name!r}: {'; '.join(problems)}")
    assert isinstance(kind, type)  # noqa: S101 - for the type checkers; broken_promises looked
    return Plugin(name, kind, Path(inspect.getfile(kind)))
