"""The configuration and the halts in force, folded from their streams at every turn, and the subscriptions that follow from them."""

from collections.abc import Collection, Sequence

import msgspec

from memesnipe.bus.api import Bus, Subscription
from memesnipe.bus.folds import Halts, fold_halts, latest_config
from memesnipe.bus.topology import CLOSE_REQUESTS, CONFIG, DECISIONS, FILLS, KILL_SWITCH, PAIRS, PRICE, REJECTED, Stream
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import ConfigApplied
from memesnipe.positions.causes import Rules

GROUP = "position_manager"


class Following(msgspec.Struct, frozen=True):
    """What was folded so far. `config` is None until the first configuration was applied: nothing is decided before."""

    config: ConfigApplied | None = None
    config_after: str = "0"
    halts: Halts = Halts()
    subscribed: frozenset[str] = frozenset()

    @property
    def modes(self) -> dict[str, Mode]:
        """Effective mode of each applied strategy."""
        return {one.id: one.mode for one in self.config.strategies} if self.config else {}

    def rules(self, now_ns: int) -> Rules:
        """Return the rules of this moment. Raises ValueError before the first configuration."""
        if self.config is None:
            raise ValueError("no configuration was applied yet")
        return Rules(self.config.limits, self.halts.effective, now_ns)


async def follow(bus: Bus, known: Following, holders: Collection[str]) -> Following:
    """Return what is in force now; subscribe to the fills of strategies that are new, applied or still holding something."""
    halts = fold_halts(known.halts, await bus.fold(KILL_SWITCH.name, known.halts.after))
    entries = await bus.fold(CONFIG.name, known.config_after)
    after = entries[-1].id if entries else known.config_after
    now = Following(latest_config(known.config, entries), after, halts, known.subscribed)
    wanted = known.subscribed.union(now.modes, holders)
    if now.config is None or (wanted == known.subscribed and known.config is not None):
        return now
    await bus.subscribe(subscriptions(sorted(wanted)))
    return msgspec.structs.replace(now, subscribed=wanted)


def subscriptions(strategies: Sequence[str]) -> list[Subscription]:
    """Return what position_manager reads."""
    return [_subscription(stream, ()) for stream in (PRICE, REJECTED, PAIRS, DECISIONS, CLOSE_REQUESTS)] + [
        _subscription(FILLS, tuple(strategies))
    ]


def _subscription(stream: Stream, strategies: tuple[str, ...]) -> Subscription:
    return Subscription(stream, next(reader for reader in stream.readers if reader.group == GROUP), strategies)
