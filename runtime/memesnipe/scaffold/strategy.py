"""`memesnipe new strategy NAME`: module, manifest, document and test, which load and pass as they are written."""

import keyword
from importlib.resources import files
from pathlib import Path
from string import Template

from memesnipe.kernel.errors import ConfigError
from memesnipe.strategy import loading
from memesnipe.strategy.checks import is_strategy_id

TITLE = "# NAME\n"
RESERVED_PREFIXES = ("test-", "conftest")
"""Files of these names are tests to whoever looks for strategies."""


def create(name: str, folder: Path) -> list[Path]:
    """Write a new strategy into `folder`; return the files. Raises ConfigError for a name that cannot be one, or a file that exists."""
    _check_name(name)
    module = name.replace("-", "_")
    words = {"name": name, "module": module, "class_name": "".join(word.capitalize() for word in name.split("-"))}
    texts = {
        folder / f"{module}.py": _filled("strategy.py.txt", words),
        folder / f"{module}.yaml": _filled("manifest.yaml.txt", words),
        folder / f"{module}.md": _template("document.md").replace(TITLE, f"# {name}\n", 1),
        folder / f"test_{module}.py": _filled("test.py.txt", words),
    }
    _refuse_overwriting(list(texts))
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return list(texts)


def _check_name(name: str) -> None:
    if not is_strategy_id(name):
        raise ConfigError(f"strategy {name!r}: a name is lower-case letters, digits and dashes, at most 63, such as dip-buyer")
    module = name.replace("-", "_")
    if keyword.iskeyword(module) or keyword.issoftkeyword(module) or not module.isidentifier():
        raise ConfigError(f"strategy {name!r}: cannot be the name of a Python module; begin with a letter and avoid Python's own words")
    if name.startswith(RESERVED_PREFIXES):
        raise ConfigError(f"strategy {name!r}: a file of this name would be taken for a test")
    if name in loading.names():
        raise ConfigError(f"strategy {name!r}: is installed already; a second one of this name would be refused")


def _refuse_overwriting(paths: list[Path]) -> None:
    if existing := [str(path) for path in paths if path.exists()]:
        raise ConfigError(f"{', '.join(existing)}: exists already; nothing was written")


def _filled(template: str, words: dict[str, str]) -> str:
    return Template(_template(template)).substitute(words)


def _template(name: str) -> str:
    return (files("memesnipe.scaffold") / "templates" / name).read_text(encoding="utf-8")
