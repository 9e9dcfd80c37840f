"""The installation as a whole: which configuration is in force, who is halted, who holds a lease. One loop, a few turns a second.

It is the host's control with other sources: `control.desk` does the work, the custom resources say what is wanted, and the API server
keeps what must outlive Redis. A changed kill switch wakes it at once, so a halt is said within milliseconds of its watch event.
"""

import asyncio
import time
from collections.abc import Callable

import msgspec

from memesnipe.bus.folds import Halts
from memesnipe.control.applied import assembled, digest, judged_config
from memesnipe.control.desk import Desk
from memesnipe.control.evidence import Answer
from memesnipe.control.gates import Condition, asks_for_proof
from memesnipe.control.promotions import Words
from memesnipe.control.service import genesis_of
from memesnipe.kernel.clock import Clock
from memesnipe.kernel.errors import Bug, MemeSnipeError
from memesnipe.kernel.logs import logger
from memesnipe.manifests.fields import STRATEGIES_MAX
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import PORTFOLIO, ConfigApplied, StrategyConfig
from memesnipe_operator.judging import Around, Judged, evidenced, judged, promoted
from memesnipe_operator.kinds import FINALIZER
from memesnipe_operator.memory import Memory
from memesnipe_operator.metrics import STRATEGIES, TURN_FAILURES
from memesnipe_operator.resources.plan import Running
from memesnipe_operator.settings import OperatorSettings
from memesnipe_operator.views import StrategyView
from memesnipe_operator.world import World

log = logger()
REST, REST_S_MAX = 10, 1.0
"""Times as long as judging took, in seconds at most: live -> paper must not wait for more."""


class Installation:
    """What is in force, and the loop that keeps it so."""

    def __init__(self, settings: OperatorSettings, clock: Clock, world: World, desk: Desk, memory: Memory) -> None:
        self._settings, self._clock, self._world, self._desk, self._memory = settings, clock, world, desk, memory
        self._wake = asyncio.Event()
        self._dirty = True
        self._genesis = ""
        self._asking: asyncio.Task[str] | None = None
        self._asked = False
        self.judges = False
        """Whether a whole turn was taken. Before, nobody knows what is in force, and a status would say that nothing is."""
        self._in_force: dict[str, StrategyConfig] = {}
        self._ever: tuple[str, ...] = ()
        """Every Strategy whose exits the configuration in force looks after."""
        self._apply_from_s = 0.0
        self._changed: set[str] = set()

    @property
    def halts(self) -> Halts:
        """Return the halts in force."""
        return self._desk.halts

    @property
    def version(self) -> int:
        """Return the version of the configuration in force; 0 without one."""
        return self._desk.config.version if self._desk.config else 0

    @property
    def config(self) -> ConfigApplied | None:
        """Return the configuration in force."""
        return self._desk.config

    def mark(self) -> None:
        """A Strategy changed: the next turn looks at the configuration."""
        self._dirty = True

    def wake(self) -> None:
        """The RiskPolicy or the Allocation changed: take a turn at once, for it may be the kill switch."""
        self._dirty, self._apply_from_s = True, 0.0
        self._wake.set()

    def lives(self, name: str) -> bool:
        """Return whether a Strategy is live in the configuration in force: then what is taken from it is taken at once."""
        found = self._in_force.get(name)
        return found is not None and found.mode is Mode.LIVE

    def looks_after(self, name: str) -> bool:
        """Return whether a Strategy was ever in force and may still hold something: its exits are possible, whether it is there or not."""
        return name in self._memory.kept.ever

    def halt_reason(self, strategy: str) -> str:
        """Return why a strategy is halted: the reason of the more severe of everyone's halt and its own."""
        scope = PORTFOLIO if self.halts.portfolio is self.halts.effective(strategy) else strategy
        return self.halts.reasons.get(scope, "")

    def judge(self, view: StrategyView, running: Running) -> Judged:
        """Return a Strategy's mode and gates."""
        return judged(view, running, self._world.records.of(view.name), self._around())

    def evidence(self, view: StrategyView, running: Running) -> Answer:
        """Return what the evidence for what a Strategy runs says."""
        return evidenced(view, running, self._world.records.of(view.name), self._around())

    def promotion(self, view: StrategyView, running: Running) -> Condition:
        """Return where a Strategy stands between paper and its whole share."""
        return promoted(view, running, self._around())

    @property
    def promotes(self) -> bool:
        """Return whether a Strategy is promoted and demoted on this chain."""
        return self._desk.config is not None and self._desk.config.promotion is not None

    @property
    def words(self) -> Words:
        """Return autonomous_allocator's newest on each Strategy."""
        return self._desk.words

    def _around(self) -> Around:
        world = self._world
        return Around(
            paper_switch=self._settings.paper_trading_mode,
            genesis=self._genesis,
            now_ns=self._clock.now_ns(),
            policy=world.policy(),
            allocation=world.allocation(),
            track=world.track,
            words=self._desk.words,
        )

    @property
    def asks_for_proof(self) -> bool:
        """Return whether evidence and a paper period decide anything on this chain."""
        return asks_for_proof(self._genesis)

    def missing(self, name: str, running: Running, mode: Mode) -> str:
        """Return why the configuration in force does not have this Strategy running this spec in this mode; empty: it has."""
        found = self._in_force.get(name)
        if found is not None and found.spec_hash == running.spec_hash and found.mode is mode:
            return ""
        if self._world.policy() is None or self._world.allocation() is None:
            return "not in the configuration in force: apply a RiskPolicy and an Allocation named default in its namespace"
        if found is None and len(self._in_force) >= STRATEGIES_MAX:
            return f"not in the configuration in force: it holds {STRATEGIES_MAX} Strategies at most, the first by name; delete some"
        return "on its way into the configuration in force; this takes a second"

    async def run(self, tell: Callable[[set[str]], None]) -> None:
        """Take turns until cancelled. A turn that fails is counted and taken again; leases run out meanwhile, as they should.

        `tell` gets the names of the Strategies whose verdict, halt or configuration changed; "" stands for the two singletons.
        """
        while True:
            await self._wait()
            try:
                await self.turn()
            except Bug:
                raise
            except MemeSnipeError as error:
                TURN_FAILURES.labels("installation").inc()
                logger().error("turn_failed", detail=str(error))
                self._dirty = True
            if self._changed:
                tell(self._changed)
                self._changed = set()

    async def _wait(self) -> None:
        """Wait until something is marked, a turn's time at most."""
        try:
            await asyncio.wait_for(self._wake.wait(), self._settings.turn_s)
        except TimeoutError:
            return
        finally:
            self._wake.clear()

    async def turn(self) -> None:
        """Halts, the kill switch, the configuration, leases: in this order, so that no lease is granted past a halt."""
        await self._desk.open()
        before = self.halts
        await self._desk.fold_halts()
        await self._pull_kill_switch()
        if before != self.halts:
            self._changed |= {"", *self._world.running}
        await self._fold_words()
        asked = self._asked_genesis()
        if asked and ((self._dirty and time.monotonic() >= self._apply_from_s) or self._desk.config is None):
            self._dirty = False
            await self._apply_in_time()
        await self._desk.renew_leases()
        if asked and not self.judges:
            self.judges = True
            self._changed |= {"", *self._world.running}

    async def _fold_words(self) -> None:
        """What is said of promotions changes what is judged, and a demotion must not wait."""
        before = self._desk.words
        if await self._desk.fold_words():
            self._dirty, self._apply_from_s = True, 0.0
            self._changed |= {name for name, word in self._desk.words.items() if before.get(name) != word}

    async def _apply_in_time(self) -> None:
        """While a thousand Strategies arrive, judging all at each turn would be all that we do: rest in between."""
        started_s = time.monotonic()
        await self._apply()
        self._apply_from_s = time.monotonic() + min(REST * (time.monotonic() - started_s), REST_S_MAX)

    async def forget(self, name: str) -> None:
        """A Strategy was closed and deleted: it holds nothing, so it needs no exit lease. Raises Unavailable, ApiError."""
        await self._memory.forget(name)
        self._world.running.pop(name, None)
        self.mark()

    async def _pull_kill_switch(self) -> None:
        policy = self._world.policy()
        switch, origin = (policy.spec.kill_switch, f"{policy.uid} {policy.generation}") if policy else (None, "")
        if await self._desk.say(switch, origin):
            await self._desk.fold_halts()

    def _asked_genesis(self) -> bool:
        """Return whether the chain was asked, at least once. It is asked beside the turns: one that hangs must not hold up a halt.

        Before its first answer nothing is judged, or every restart would send what is live to paper and back.
        """
        if self._asking is not None and self._asking.done():
            self._genesis, self._asking, self._asked = self._asking.result(), None, True
            self._dirty = self._dirty or bool(self._genesis)
        if self._settings.rpc_url and not self._genesis and self._asking is None:
            self._asking = asyncio.create_task(genesis_of(self._settings.rpc_url))
        return self._asked or not self._settings.rpc_url

    async def _apply(self) -> None:
        """Put the configuration in force that the resources ask for. Without limits there is none: what was in force stays, on paper."""
        allocation, policy = self._world.allocation(), self._world.policy()
        if allocation is not None and policy is not None:
            await self._memory.keep_limits(allocation.spec, policy.spec)
        limits = (allocation.spec, policy.spec) if allocation is not None and policy is not None else self._memory.limits()
        if limits is None:
            return
        draft = assembled(self._configs(), *limits, version=0, time_ns=self._clock.now_ns(), genesis=self._genesis)
        config = await self._numbered(draft)
        ever = tuple(sorted({*self._memory.kept.ever, *self._world.kept()}))  # may hold something, also on its way out
        if (config, ever) == (self._desk.config, self._ever):
            return
        await self._desk.put_in_force(config, ever)
        self._ever = ever
        before, self._in_force = self._in_force, {one.id: one for one in config.strategies}
        self._changed |= {"", *(name for name in self._world.running if before.get(name) != self._in_force.get(name))}
        _count(config)

    def _configs(self) -> tuple[StrategyConfig, ...]:
        """Return the Strategies whose reconcile has chosen what they run, with their modes.

        Without our finalizer a Strategy could be gone while it holds something: until it is on, nothing of it is approved.
        """
        held = [view for view in self._world.strategies() if FINALIZER in view.finalizers]
        chosen = [(view, self._world.running[view.name]) for view in held if view.name in self._world.running]
        if len(chosen) > STRATEGIES_MAX:
            log.error("too_many_strategies", count=len(chosen), count_max=STRATEGIES_MAX)
        around, records = self._around(), self._world.records
        return tuple(
            judged_config(
                view.name,
                running.plugin,
                running.spec_hash,
                around.track.code,
                judged(view, running, records.of(view.name), around),
                view.spec.paused,
                around.words,
            )
            for view, running in chosen[:STRATEGIES_MAX]
        )

    async def _numbered(self, draft: ConfigApplied) -> ConfigApplied:
        """Give the configuration its version: a new one only if it says something new, kept before it is published."""
        kept = self._memory.kept
        now = digest(msgspec.to_builtins(msgspec.structs.replace(draft, time_ns=0)))
        await self._memory.keep_config(kept.version + (now != kept.digest), now, (one.id for one in draft.strategies))
        version, known = self._memory.kept.version, self._desk.config
        same = known is not None and known.version == version
        return msgspec.structs.replace(draft, version=version, time_ns=known.time_ns if same and known else draft.time_ns)


def _count(config: ConfigApplied) -> None:
    for mode in Mode:
        STRATEGIES.labels(mode.value).set(sum(1 for one in config.strategies if one.mode is mode))
