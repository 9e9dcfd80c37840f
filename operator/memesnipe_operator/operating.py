"""The operator put together: events mark, queues reconcile, a loop keeps the installation, a resync finds what no event told."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import kopf
import msgspec

from memesnipe.bus.session import Session
from memesnipe.bus.trim import trim_forever
from memesnipe.control.proofs import Track
from memesnipe.control.tracker import Tracker
from memesnipe.kernel.errors import MemeSnipeError
from memesnipe.kernel.logs import logger
from memesnipe.manifests.promotion import Promotion
from memesnipe.messages.bounds import Mode
from memesnipe_operator.api import Api
from memesnipe_operator.children import Children
from memesnipe_operator.installation import Installation
from memesnipe_operator.kinds import ALLOCATION, CONFIG_MAP, EVIDENCE_LABEL, OURS, OWNED, POD_MONITOR, STRATEGY, Kind
from memesnipe_operator.looking import look
from memesnipe_operator.metrics import TURN_FAILURES
from memesnipe_operator.performance import Standing
from memesnipe_operator.settings import OperatorSettings
from memesnipe_operator.singletons import Singletons
from memesnipe_operator.strategies import Strategies
from memesnipe_operator.telling import Teller
from memesnipe_operator.users import Users
from memesnipe_operator.work_queue import WorkQueue
from memesnipe_operator.world import World, asked_of

log = logger()
TELLERS = 8
"""Statuses written at once; each gives way to objects that are to be written."""
TRIM_S = 30.0
"""A pass looks at each stream of each Strategy: at a thousand of them it is seconds of work."""
Event = dict[str, Any]


class Parts(msgspec.Struct, frozen=True):
    """What the operator is made of."""

    settings: OperatorSettings
    api: Api
    redis: Session
    world: World
    children: Children
    users: Users
    installation: Installation
    tracker: Tracker
    strategies: Strategies
    teller: Teller
    singletons: Singletons


class Operator:
    """Everything but the watch streams."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.queue = WorkQueue(STRATEGY.kind, parts.strategies.reconcile, parts.settings.seed, told=self._trouble)
        self.telling = WorkQueue("StrategyStatus", parts.teller.reconcile, parts.settings.seed, after=self.queue)
        self._evidence_from = ""
        """The resource version of the last list of evidence."""
        self.everyones = WorkQueue("Singleton", parts.singletons.reconcile, parts.settings.seed)
        parts.strategies.tell = self.telling.mark

    def login(self) -> kopf.ConnectionInfo:
        """Return how the watches reach the API server: as everything else does."""
        return self._parts.api.login()

    def on_ours(self, kind: Kind, event: Event) -> None:
        """Take in an event of one of our kinds."""
        body, name = event["object"], event["object"]["metadata"]["name"]
        before, deleted = self._parts.world.body(kind, name), event["type"] == "DELETED"
        news = self._parts.world.drop(kind, body) if deleted else self._parts.world.put(kind, body)
        if not news or (not deleted and before is not None and asked_of(before) == asked_of(body)):
            return  # a status: most likely the one we wrote
        self._mark(kind, name)

    def _mark(self, kind: Kind, name: str) -> None:
        if kind == STRATEGY:
            installation = self._parts.installation
            (installation.wake if installation.lives(name) else installation.mark)()
            self.queue.mark(name)
        else:
            self._parts.installation.wake()
            self.everyones.mark("")
        if kind == ALLOCATION:  # its demands may be others now, of which every status speaks
            self._tell(set(self._parts.world.names(STRATEGY)))

    def on_evidence(self, event: Event) -> None:
        """Take in an event of a ConfigMap that is labelled as evidence."""
        self._judge_anew(self._parts.world.records.observe(event["object"], deleted=event["type"] == "DELETED"))

    async def relist_evidence(self) -> None:
        """Look at all records of evidence. Raises Unavailable, ApiError."""
        bodies, version = await self._parts.api.snapshot(CONFIG_MAP, self._parts.settings.strategies_namespace, EVIDENCE_LABEL)
        self._judge_anew(self._parts.world.records.replace(bodies, version))
        self._evidence_from = version

    def evidence_events(self, version: str) -> AsyncIterator[Event]:
        """Yield what happens to records of evidence after `version`, or after the last list. Raises Unavailable, ApiError."""
        settings = self._parts.settings
        after = version or self._evidence_from
        return self._parts.api.events(CONFIG_MAP, settings.strategies_namespace, EVIDENCE_LABEL, after, settings.watch_idle_s)

    def _judge_anew(self, names: set[str]) -> None:
        """What these Strategies may do, and what is told of them, is not what it was; one that is live may not be from now on."""
        installation = self._parts.installation
        if any(map(installation.lives, names)):
            installation.wake()
        elif names:
            installation.mark()
        self._tell(names)

    def on_owned(self, kind: Kind, event: Event) -> None:
        """Take in an event of an object that belongs to a Strategy: somebody changed it, or its pod came or went."""
        if strategy := self._parts.children.observe(kind, event["object"], deleted=event["type"] == "DELETED"):
            self.queue.mark(strategy)

    async def relist(self, kind: Kind) -> None:
        """Look at all objects of a kind that we own: what no event told shows now. Raises Unavailable, ApiError."""
        await self._parts.children.relist(kind, self._parts.settings.strategies_namespace)
        self._mark_all()

    def owned_events(self, kind: Kind, version: str) -> AsyncIterator[Event]:
        """Yield the events of a kind that we own after `version`, or after the last list. Raises Unavailable, ApiError."""
        settings = self._parts.settings
        return self._parts.children.events(kind, settings.strategies_namespace, version, settings.watch_idle_s)

    async def prepare(self) -> None:
        """Know everything before anything is decided: half of the Strategies must not look like all. Raises Unavailable, ApiError."""
        await self._parts.users.follow()
        await self.resync()
        await self._follow()
        self._parts.strategies.foresee()
        await self._parts.users.remove_strangers(frozenset(self._parts.world.names(STRATEGY)))

    async def resync(self) -> None:
        """List everything and reconcile all: what an event did not tell is found here. Raises Unavailable, ApiError."""
        parts = self._parts
        namespace = parts.settings.strategies_namespace
        parts.strategies.monitored = await parts.api.serves(POD_MONITOR)
        for kind in OURS:
            for name in parts.world.replace(kind, *await parts.api.snapshot(kind, namespace)):
                self._mark(kind, name)
        for kind in (*OWNED, *((POD_MONITOR,) if parts.strategies.monitored else ())):
            await parts.children.relist(kind, namespace)
        await self.relist_evidence()
        parts.installation.wake()
        self._mark_all()

    async def run(self) -> None:
        """Run until cancelled."""
        settings = self._parts.settings
        async with asyncio.TaskGroup() as group:
            group.create_task(self.queue.run(settings.workers))
            group.create_task(self.telling.run(TELLERS))
            group.create_task(self.everyones.run(1))
            group.create_task(self._parts.installation.run(self._tell))
            group.create_task(self._every(settings.resync_s, "resync", self.resync))
            group.create_task(self._every(settings.status_s, "status", self._look))
            group.create_task(trim_forever(settings, lambda: self._parts.world.names(STRATEGY), every_s=TRIM_S))

    def _trouble(self, name: str, why: str) -> None:
        """A reconcile that keeps failing is a condition of its Strategy, not only a line in a log."""
        if why:
            self._parts.world.trouble[name] = why
        else:
            self._parts.world.trouble.pop(name, None)
        self.telling.mark(name)

    def _mark_all(self) -> None:
        for name in self._parts.world.names(STRATEGY):
            self.queue.mark(name)
        self.everyones.mark("")

    def _tell(self, names: set[str]) -> None:
        """Statuses say something else now; no object does."""
        for name in names:
            (self.telling if name else self.everyones).mark(name)

    async def _every(self, pause_s: float, part: str, step: Any) -> None:
        while True:
            await asyncio.sleep(pause_s)
            try:
                await step()
            except MemeSnipeError as error:
                TURN_FAILURES.labels(part).inc()
                log.warning("step_failed", part=part, detail=str(error))

    async def _look(self) -> None:
        """Look up what the status shows, and whether Redis is the one whose users we made."""
        parts = self._parts
        names = parts.world.names(STRATEGY)
        if await parts.users.follow():
            self._mark_all()
        await parts.users.save()
        await self._follow()
        before = parts.world.standing
        try:
            parts.world.standing = await look(parts.redis, names, parts.settings.key_prefix)
        except MemeSnipeError:
            parts.world.standing = None  # nobody can tell what is held now, and that must not be taken for what was
            raise
        self._tell({"", *changed(before, parts.world.standing, names)})

    async def _follow(self) -> None:
        """Ask what the services say of code, paper trades and gaps, where that decides anything. Raises Unavailable.

        Before it is known nothing is judged, or every restart would send what is live to paper and back.
        """
        world, installation = self._parts.world, self._parts.installation
        if not installation.asks_for_proof:
            return
        views = world.strategies()
        asking = [view.name for view in views if view.mode_asked is Mode.LIVE]
        before, world.track = world.track, await self._parts.tracker.look(asking)
        allocation = world.allocation()
        trades_min = (allocation.spec.promotion if allocation else Promotion()).paper_trades_min
        proposable = {view.name for view in views if proves_otherwise(view.name, before, world.track, trades_min)}
        self._judge_anew({name for name in asking if differs(name, before, world.track)} | proposable)


def differs(strategy: str, before: Track, now: Track) -> bool:
    """Return whether something else is said of a strategy; other code is news to everyone."""
    if before.code != now.code:
        return True
    said, said_before = ((track.closed_on_paper(strategy), track.gaps.get(strategy)) for track in (now, before))
    return said != said_before


def proves_otherwise(strategy: str, before: Track, now: Track, trades_min: int) -> bool:
    """Return whether its code or its paper trades count for something else in a proposal; each single trade more does not.

    That nobody said how many there are is not the same as none: the gate is shut by it even where none are asked for.
    """
    counts = [track.closed_on_paper(strategy) for track in (before, now)]
    enough = [None if count is None else count >= trades_min for count in counts]
    return before.code != now.code or enough[0] != enough[1]


def changed(before: Standing | None, now: Standing | None, names: list[str]) -> list[str]:
    """Return the strategies whose status would say something else."""
    if before is None or now is None:
        return names if before is not now else []
    moved = {strategy for key in before.by.keys() | now.by.keys() for strategy in [key[0]] if before.by.get(key) != now.by.get(key)}
    return [name for name in names if name in moved or before.signal_ms.get(name) != now.signal_ms.get(name)]
