"""Looks at what is installed, compares it with what the registry holds, and publishes what is new."""

from collections.abc import Sequence
from pathlib import Path

from memesnipe.bus import topology
from memesnipe.bus.api import Bus
from memesnipe.bus.folds import just_before
from memesnipe.factory import metrics
from memesnipe.factory.decide import Material, Survey, content_hash, missing, news, survey
from memesnipe.kernel.clock import Clock
from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.logs import logger
from memesnipe.messages.control import StrategyRegistered
from memesnipe.strategy import loading
from memesnipe.strategy.code import code_of
from memesnipe.strategy.loading import Broken, Plugin


class Registrar:
    """Knows how far it read the registry and what it complained about already."""

    def __init__(self, bus: Bus, clock: Clock, folders: Sequence[Path]) -> None:
        self._bus, self._clock, self._folders = bus, clock, folders
        self._known: dict[str, StrategyRegistered] = {}
        self._read_to = "0"
        self._complained: set[Broken] = set()
        self._missing: frozenset[str] = frozenset()
        """What was missing at the last look. A file that is being written is missing at one look, and a live strategy would pay for it."""

    async def look(self) -> Survey:
        """Look once and publish what is new. Raises Unavailable; nothing else, whatever a plugin does."""
        await self._read()
        plugins, broken = loading.discover(self._folders)
        materials = [material for plugin in plugins if (material := _material(plugin, broken))]
        now_ns = self._clock.now_ns()
        found = survey(materials, broken, now_ns)
        was_missing, self._missing = self._missing, missing(found, self._known)
        for registered in news(found, self._known, was_missing & self._missing, now_ns):
            failpoint("factory.before_publish")
            # The position in the registry is in the key: going back to earlier code is news too, a repeated publish is not.
            await self._bus.publish(topology.REGISTRY.name, registered, f"{content_hash(registered)}:{self._read_to}")
            failpoint("factory.after_publish")
            metrics.PUBLISHED.inc()
            event = "strategy_registered" if registered.code_hash else "strategy_withdrawn"
            logger().info(event, plugin=registered.plugin, version=registered.version, code_hash=registered.code_hash)
        self._tell(found)
        return found

    async def _read(self) -> None:
        """Take in what is new. A registry that lost what we know of it, all or its end, is read, and filled, from its start."""
        entries = await self._bus.fold(topology.REGISTRY.name, just_before(self._read_to))
        if self._read_to != "0" and (not entries or entries[0].id != self._read_to):
            logger().warning("registry_lost", read_to=self._read_to)
            self._known, self._read_to = {}, "0"
            entries = await self._bus.fold(topology.REGISTRY.name)
        for entry in entries:
            self._known[entry.message.plugin], self._read_to = entry.message, entry.id

    def _tell(self, found: Survey) -> None:
        metrics.REGISTERED.set(len(found.registered))
        metrics.BROKEN.set(len(found.broken))
        for broken in set(found.broken) - self._complained:
            logger().error("strategy_broken", plugin=broken.name, reason=broken.reason)
        self._complained = set(found.broken)


def _material(plugin: Plugin, broken: list[Broken]) -> Material | None:
    """Return the plugin's bytes; None, and one more broken plugin, if a file vanished or cannot be read."""
    try:
        document = plugin.document.read_bytes() if plugin.document.is_file() else None
        return Material(plugin, code_of(plugin), document)
    except OSError as error:
        broken.append(Broken(plugin.name, f"{error.filename}: {error.strerror}"))
    except ValueError as error:  # the file changed since it was loaded
        broken.append(Broken(plugin.name, f"{plugin.source}: {error}"))
    return None
