"""How properties are explored here: no test may fail because of when or how fast it ran, and `make fuzz` tries what nobody tried."""

import pytest
from hypothesis import settings

from memesnipe.testing.exploring import FACTOR, explored


def test_what_a_property_does_not_say_is_the_same_each_time_and_has_no_deadline() -> None:
    found = settings.default

    assert found is not None
    assert (found.derandomize, found.deadline, found.database) == (True, None, None)


def test_one_that_is_explored_further_has_new_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FACTOR, "20")

    found = explored(100)

    assert (found.max_examples, found.derandomize) == (2_000, False)
