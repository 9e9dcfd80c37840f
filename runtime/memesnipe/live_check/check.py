"""The whole of it: settings, looks, judgements."""

from collections.abc import Mapping

from memesnipe.kernel.clock import Clock
from memesnipe.kernel.errors import ConfigError
from memesnipe.live_check.finding import Reported, Status
from memesnipe.live_check.installation import Running, read
from memesnipe.live_check.judge.table import judged
from memesnipe.live_check.look import Done, look


async def check(env: Mapping[str, str], running: Running, clock: Clock, done: Done = lambda _: None) -> list[Reported]:
    """Return every finding. Settings that no service could start with are the only one: nothing else can be told before."""
    try:
        place = read(env, running)
    except ConfigError as error:
        return [Reported("settings", "environment", Status.FAIL, str(error), "correct what is named; the rest is looked at after that")]
    return judged(await look(place, clock, done))
