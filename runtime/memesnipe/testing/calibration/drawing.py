"""What chance decides of a study: the rule and its parameters, and the four settings that a search tries of it."""

from collections.abc import Sequence
from itertools import product

import numpy as np

from memesnipe.testing.calibration.rules import ENTRIES, EXITS, Entry, Exit, RandomParameters


def a_worthless(draw: np.random.Generator) -> RandomParameters:
    """Return any strategy at all."""
    return _drawn(draw, ENTRIES[draw.integers(len(ENTRIES))], EXITS[draw.integers(len(EXITS))])


def a_reader(draw: np.random.Generator) -> RandomParameters:
    """Return a strategy that reads who buys, as one that has understood the planted edge would."""
    return _drawn(draw, "crowd", EXITS[draw.integers(len(EXITS))]).model_copy(update={"level": 0.4})


def settings_of(first: RandomParameters) -> Sequence[RandomParameters]:
    """Return what a search tries: the drawn setting, and its neighbours in two parameters."""
    return [first.model_copy(update={"look": first.look + look, "hold": first.hold + hold}) for look, hold in product((0, 4), (0, 4))]


def _drawn(draw: np.random.Generator, entry: Entry, leave: Exit) -> RandomParameters:
    return RandomParameters(
        entry=entry,
        exit=leave,
        look=int(draw.integers(6, 13)),
        level=float(draw.uniform(0.2, 0.8)),
        hold=int(draw.integers(3, 6) if leave == "turn" else draw.integers(7, 12)),
        goal=float(draw.uniform(0.1, 0.3)),
        seed=int(draw.integers(2**31)),
    )
