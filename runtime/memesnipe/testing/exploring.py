"""How far a property is explored: a fixed set of examples in CI, many times as many and always new ones when asked.

`MEMESNIPE_EXAMPLES=50` explores fifty times as much as CI does, anew each time (`make fuzz` does so for the rule machines); 0.2 a fifth.
"""

import os

from hypothesis import HealthCheck, Phase, settings

FACTOR = "MEMESNIPE_EXAMPLES"
EXAMPLES = 100
"""Of a property that names no number."""
PROFILE = "memesnipe"


def explored(examples: int, *, steps: int = 50) -> settings:
    """Return the settings of a rule machine: `examples` runs of at most `steps` rules each.

    In CI the runs are the same each time: a red build must be about the change. A run that fails elsewhere prints its own program,
    which becomes a test. Rules that open files are slow on a loaded machine, so no rule has a deadline.
    """
    factor = float(os.environ.get(FACTOR, "1"))
    return settings(
        max_examples=max(1, round(examples * factor)),
        stateful_step_count=steps,
        derandomize=factor <= 1,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much),
    )


def explore_everything_so() -> None:
    """Make this what a property has that says nothing else: the same examples in CI each time, and no deadline of a fifth of a second.

    For the conftest, before a test module is read: a test's own settings begin with those in force when they are made.
    """
    settings.register_profile(PROFILE, explored(EXAMPLES))
    settings.load_profile(PROFILE)
