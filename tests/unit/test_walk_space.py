"""What is searched is what was written down: every point once, a sample that repeats, and a clear word for what makes no grid."""

from pathlib import Path

import pytest

from memesnipe.kernel.errors import ConfigError
from memesnipe.research.walk.space import space_of

GRID = ["slow_s=30,45.5", "fast_s=5,10,20"]


def test_a_grid_is_every_combination_once() -> None:
    points = space_of(GRID).points()

    assert len(points) == 6
    assert points[0] == {"fast_s": 5, "slow_s": 30}
    assert {tuple(point.values()) for point in points} == {(fast, slow) for fast in (5, 10, 20) for slow in (30, 45.5)}


def test_values_are_what_a_manifest_would_read() -> None:
    (point,) = space_of(["whole=5", "real=5.0", "on=true", "list=[a, b]", "text=abc"]).points()

    assert {name: (type(value), value) for name, value in point.items()} == {
        "whole": (int, 5), "real": (float, 5.0), "on": (bool, True), "list": (list, ["a", "b"]), "text": (str, "abc"),
    }  # fmt: skip


def test_a_file_and_options_make_one_grid(tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text("slow_s: [30, 45.5]\n")
    (tmp_path / "space.json").write_text('{"slow_s": [30, 45.5]}')

    for name in ("space.yaml", "space.json"):
        assert space_of(["fast_s=5,10,20"], tmp_path / name) == space_of(GRID)


def test_a_sample_repeats_by_its_seed_and_never_tries_a_point_twice() -> None:
    space = space_of(["a=" + ",".join(map(str, range(1_000))), "b=" + ",".join(map(str, range(1_000)))])

    drawn = space.points(50, seed=3)

    assert drawn == space.points(50, seed=3)
    assert drawn != space.points(50, seed=4)
    assert len({tuple(point.items()) for point in drawn}) == 50


def test_a_sample_larger_than_the_grid_is_the_grid() -> None:
    assert space_of(GRID).points(100) == space_of(GRID).points()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "grid: nothing to search"),
        (["fast_s"], "grid: 'fast_s': want name=value"),
        (["=5"], "want name=value"),
        (["fast_s="], "grid: fast_s: want a list of 1"),
        (["fast_s=5,5"], "grid: fast_s: a value is missing or there twice"),
        (["fast_s=5,,6"], "grid: fast_s: "),
        (["fast_s=[5"], "grid: fast_s: not valid YAML"),
        (["fast_s=5", "fast_s=6"], "grid: fast_s: given more than once"),
        (["a=" + ",".join(map(str, range(1_000))), "b=" + ",".join(map(str, range(1_000)))], "sample: want 1 to 100000"),
    ],
)
def test_what_makes_no_grid_is_named(options: list[str], complaint: str) -> None:
    with pytest.raises(ConfigError) as error:
        space_of(options).points()

    assert complaint in str(error.value)


@pytest.mark.parametrize("text", ["", "- 5\n", "a: [1]\n---\na: [2]\n", "a: 5\n", "a: [1]\na: [2]\n"])
def test_a_file_that_makes_no_grid_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "space.yaml").write_text(text)

    with pytest.raises(ConfigError):
        space_of([], tmp_path / "space.yaml")
