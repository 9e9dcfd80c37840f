"""Plots say what the numbers say: no fall is thinned away, what is unknown is a gap, and a search is shown by what was searched."""

import re

import numpy as np
import pytest

from memesnipe.research.report import curves, dots, rolling, rows, surface
from memesnipe.research.report.surface import Spot
from memesnipe.research.stats.series import sharpe

SPAN = ("then", "now")


def test_one_deep_fall_among_many_points_is_still_drawn() -> None:
    points = [(float(at), 1.0) for at in range(100_000)]
    points[54_321] = (54_321.0, -7.0)

    kept = curves.thinned(points)

    assert (54_321.0, -7.0) in kept
    assert len(kept) <= curves.POINTS_MAX + 2
    assert kept == sorted(kept)


def test_what_is_not_known_breaks_the_curve_and_is_not_drawn_as_zero() -> None:
    drawn = curves.line([(0, 1.0), (1, 2.0), (2, None), (3, float("nan")), (4, 2.0), (5, 1.0)], "ratio", SPAN)

    assert drawn.count("<polyline") == 2


def test_a_curve_begins_where_its_time_begins_although_its_first_values_are_not_known() -> None:
    drawn = curves.line([(0, None), (50, 1.0), (100, 2.0)], "ratio", SPAN)

    first = re.search(r'points="([\d.]+),', drawn)
    assert first is not None
    assert float(first[1]) > 400


@pytest.mark.parametrize("points", [[], [(0, 1.0)], [(0, None), (1, None)]])
def test_a_curve_of_nothing_says_so(points: list[curves.Point]) -> None:
    assert "nothing to show" in curves.line(points, "ratio", SPAN)


def test_the_best_and_the_worst_of_too_many_trades_are_drawn() -> None:
    marks = [dots.Mark(float(at), float(at % 7), "win", str(at)) for at in range(10 * dots.MARKS_MAX)]
    marks[11], marks[17] = dots.Mark(11.0, 900.0, "win", "best"), dots.Mark(17.0, -900.0, "loss", "worst")

    drawn = dots.scatter(marks, "trades", ())

    assert "<title>best</title>" in drawn
    assert "<title>worst</title>" in drawn
    assert "of 30,000, the best and the worst among them" in drawn
    assert drawn.count("<circle") <= dots.MARKS_MAX + 2


def test_the_rolling_sharpe_ratio_is_that_of_each_window() -> None:
    returns = np.random.default_rng(5).standard_normal(9_000) + 1_000.0

    found = rolling.rolling_sharpe(returns.tolist(), 300)

    assert found[:299] == [None] * 299
    for at in (299, 4_000, 4_096, 8_999):
        assert found[at] == pytest.approx(sharpe(returns[at - 299 : at + 1]), rel=1e-4)


def test_a_window_in_which_nothing_moves_has_no_sharpe_ratio() -> None:
    assert rolling.rolling_sharpe([0.1] * 30, 10) == [None] * 30
    assert rolling.rolling_sharpe([0.3, -0.1] * 10 + [0.0] * 20, 10)[-1] is None


def test_every_value_of_a_histogram_falls_into_a_bin() -> None:
    drawn = rows.histogram([-1.0, -1.0, 0.0, 3.0], "logits")

    heights = [float(height) for height in re.findall(r'<rect[^>]*height="([\d.]+)"', drawn)]
    assert len(heights) == 3
    assert max(heights) == pytest.approx(2 * min(heights), rel=0.01)


def test_what_could_not_be_measured_has_no_bar() -> None:
    drawn = rows.gauges([rows.Gauge("dsr", None, 0.95, False, "not measured")], "probabilities")

    assert 'class="loss" x="230" y="6" width="0.0"' in drawn


def spots(**values: list[object]) -> list[Spot]:
    names = list(values)
    table = [(left, right) for left in values[names[0]] for right in (values[names[1]] if len(names) > 1 else [0])]
    return [Spot(dict(zip(names, point, strict=False)) | {"fixed": 3}, 0.01 * at, at == 1) for at, point in enumerate(table)]


def test_two_parameters_make_a_map_with_the_chosen_one_framed() -> None:
    drawn = surface.surface(spots(fast=[5, 10], slow=[60, 120, 240]))

    assert drawn.count("<title>") == 6
    assert drawn.count('class="edge"') == 1
    assert "fast (across), slow (up)" in drawn


def test_numbers_are_in_the_order_of_their_size_and_not_of_their_spelling() -> None:
    assert surface.values_of(spots(fast=[5, 10, 100, "off", True]), "fast") == ["5", "10", "100", "True", "off"]


def test_one_parameter_makes_one_curve_and_what_never_changed_is_not_shown() -> None:
    drawn = surface.surface(spots(fast=[5, 10, 20]))

    assert drawn.count("<polyline") == 1
    assert ">fixed<" not in drawn


def test_more_parameters_make_a_small_plot_each() -> None:
    many = [Spot({"a": at % 2, "b": at % 3, "c": at % 5, "d": at % 7}, 0.1, at == 0) for at in range(210)]

    assert surface.surface(many).count("<polyline") == 4


def test_points_drawn_at_random_make_no_map_full_of_holes() -> None:
    scattered = [Spot({"a": at, "b": 31 * at % 97}, 0.1, at == 0) for at in range(20)]

    assert surface.surface(scattered).count("<polyline") == 2


def test_a_trial_that_never_moved_is_no_reason_to_fail() -> None:
    assert "it did not vary" in surface.surface([Spot({"a": at, "b": at % 2}, None, at == 0) for at in range(3)])
    assert "nothing was searched" in surface.surface([Spot({"a": 1}, None, True)])
