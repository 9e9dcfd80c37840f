"""Which parameters are tried: every point of a grid, or a seeded sample of it. A grid is named values, nothing cleverer.

Values are read as YAML reads them in a manifest (`5` is a whole number, `5.0` is not), so that a point has the spec hash that the same
manifest would have.
"""

import random
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import msgspec

from memesnipe.kernel.errors import ConfigError
from memesnipe.manifests.reading import documents
from memesnipe.research.trials.registry import TRIALS_MAX

VALUES_MAX = 1_024
"""Of one parameter."""


class Space(msgspec.Struct, frozen=True):
    """A grid: (name, values) in the order of the names, so that a sample does not depend on how it was written down."""

    axes: tuple[tuple[str, tuple[Any, ...]], ...]

    def __len__(self) -> int:
        return prod(len(values) for _, values in self.axes)

    def points(self, sample: int | None = None, seed: int = 0) -> list[dict[str, Any]]:
        """Return every point, or `sample` of them drawn by `seed` without repetition, in the grid's order.

        Raises ConfigError where that is none, or more than 100,000.
        """
        count = len(self) if sample is None else min(sample, len(self))
        if not 0 < count <= TRIALS_MAX:
            raise ConfigError(f"sample: want 1 to {TRIALS_MAX} of the grid's {len(self)} points, got {count}")
        drawn = random.Random(seed).sample(range(len(self)), count)  # noqa: S311 - a search, not a secret
        return [self._point(number) for number in sorted(drawn)]

    def _point(self, number: int) -> dict[str, Any]:
        point: dict[str, Any] = {}
        for name, values in reversed(self.axes):
            number, at = divmod(number, len(values))
            point[name] = values[at]
        return dict(reversed(point.items()))


def space_of(options: Sequence[str], file: Path | None = None) -> Space:
    """Return the grid of options such as `fast_s=5,10,20` and of a YAML or JSON file such as `fast_s: [5, 10, 20]`.

    Raises ConfigError naming the parameter: without a value, with one that is there twice, or given twice.
    """
    named = [_option(text) for text in options]
    named += _file(file).items() if file is not None else ()
    if not named:
        raise ConfigError("grid: nothing to search; give --grid name=value,value or --space FILE")
    if twice := sorted({name for name, _ in named if [one for one, _ in named].count(name) > 1}):
        raise ConfigError(f"grid: {', '.join(twice)}: given more than once")
    return Space(tuple(sorted((name, _checked(name, values)) for name, values in named)))


def _option(text: str) -> tuple[str, Any]:
    name, equals, values = text.partition("=")
    if not (name.strip() and equals):
        raise ConfigError(f"grid: {text!r}: want name=value,value")
    (read,) = documents(f"[{values}]".encode(), f"grid: {name.strip()}")
    return name.strip(), read


def _file(file: Path) -> Mapping[str, Any]:
    try:
        found = documents(file.read_bytes(), str(file))
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    if len(found) != 1 or not isinstance(found[0], dict):
        raise ConfigError(f"{file}: want one mapping from parameter to a list of values")
    return found[0]


def _checked(name: str, values: object) -> tuple[Any, ...]:
    if not isinstance(values, list) or not 0 < len(values) <= VALUES_MAX:
        raise ConfigError(f"grid: {name}: want a list of 1 to {VALUES_MAX} values")
    if any(value is None or value in values[:at] for at, value in enumerate(values)):
        raise ConfigError(f"grid: {name}: a value is missing or there twice")
    return tuple(values)
