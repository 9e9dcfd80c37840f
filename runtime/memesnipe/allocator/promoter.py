"""The edge of the promotion machine: when to look, what to write down first, what to say.

Order, so that a kill between any two loses nothing: the record for the ledger, the state, the word. A word that a kill swallowed is made
again from the state, which holds it whole.
"""

from collections.abc import Mapping

from memesnipe.allocator import metrics
from memesnipe.allocator.promoting import Moved, Standings, is_settled, moved, recorded, words_of
from memesnipe.allocator.seen import Seen
from memesnipe.bus.api import Bus
from memesnipe.bus.topology import DECISIONS, PROMOTIONS
from memesnipe.kernel.clock import NS_PER_S, Clock
from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.logs import logger
from memesnipe.messages.control import ConfigApplied, StrategyAllocation
from memesnipe.messages.promotion import HELD, PromotionStep, PromotionTerms
from memesnipe.promotion.values import Facts, Standing

LOOK_NS = NS_PER_S
"""How often facts are looked at while the configuration stays: an alarm must not wait for longer."""


class Promoter:
    """Looks at the strategies and says what changed. One instance's memory: a restart looks at once and says the newest words again."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus, self._clock = bus, clock
        self.seen = Seen(bus, clock)
        self._config: ConfigApplied | None = None
        self._next_ns = 0
        self._told: Mapping[str, tuple[Facts, Standing]] = {}
        """Facts that were told, and where that left a strategy: orders' ends are counted into the second alone."""

    def is_due(self, config: ConfigApplied) -> bool:
        """Return whether it is time to look."""
        return config is not self._config or self._clock.now_ns() >= self._next_ns

    async def look(
        self, standings: Standings, config: ConfigApplied, terms: PromotionTerms, shares: tuple[StrategyAllocation, ...]
    ) -> tuple[dict[str, Standing], list[Moved]]:
        """Return where the strategies stand now, and each word that is new. Raises Unavailable."""
        capital = {share.strategy: share.capital_lamports for share in shares}
        facts = await self.seen.facts(config.strategies, standings, capital)
        told = self._told if config is self._config else {}
        now = {one.strategy: (one, standings.get(one.strategy)) for one in facts}
        news = [one for one, standing in now.values() if not is_settled(standing) or told.get(one.strategy) != (one, standing)]
        now_ns = self._clock.now_ns()
        after, words = moved(standings, news, now_ns, terms)
        self._config, self._next_ns, self._told = config, now_ns + LOOK_NS, {one.strategy: (one, after[one.strategy]) for one in facts}
        return after, words

    def forget(self) -> None:
        """Facts that were told came to nothing: another instance wrote. Look at once."""
        self._next_ns, self._told = 0, {}

    async def record(self, words: list[Moved]) -> None:
        """Write the records of words down. Raises Unavailable."""
        for one in words:
            await self._bus.publish(DECISIONS.name, recorded(one), one.word.id)

    async def say(self, words: list[PromotionStep]) -> None:
        """Say words that are kept. Raises Unavailable."""
        for word in words:
            failpoint("allocator.before_promotion")
            if await self._bus.publish(PROMOTIONS.name, word, word.id):
                _tell(word)

    async def say_again(self, standings: Standings, terms: PromotionTerms) -> None:
        """Say what a kill or a lost Redis may have swallowed: what is there already is not written twice. Raises Unavailable."""
        there = {entry.message.id for entry in await self._bus.fold(PROMOTIONS.name)}
        await self.say([word for word in words_of(standings, terms) if word.id not in there])


def _tell(word: PromotionStep) -> None:
    metrics.TRANSITIONS.labels(word.strategy, word.after.value).inc()
    say = logger().warning if word.after in HELD else logger().info
    say("promotion", strategy=word.strategy, before=word.before.value, after=word.after.value, step=word.step, reason=word.reason)
