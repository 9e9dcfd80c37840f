"""Reconciles a Strategy, level-based: from whatever is there to what its spec asks for, be it after an edit, drift or a restart."""

from collections.abc import Callable

import msgspec

from memesnipe.control.applied import digest
from memesnipe.kernel.clock import NS_PER_S, Clock
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.failpoints import failpoint
from memesnipe_operator.api import Api
from memesnipe_operator.children import Children
from memesnipe_operator.conditions import condition_in, time_text
from memesnipe_operator.events import WARNING, Recorder
from memesnipe_operator.farewell import Farewell
from memesnipe_operator.installation import Installation
from memesnipe_operator.kinds import DEPLOYMENT, FINALIZER, POD_MONITOR, STRATEGY
from memesnipe_operator.metrics import CONFIG_REFUSED, ROLLBACKS
from memesnipe_operator.resources.owned import owned
from memesnipe_operator.resources.plan import NAME_PREFIX, Plan
from memesnipe_operator.settings import ExecutorTemplate, OperatorSettings
from memesnipe_operator.stability import Choice, choose, learned, runnable
from memesnipe_operator.users import Users
from memesnipe_operator.views import Body, StrategyView, strategy_view, view_of
from memesnipe_operator.world import World


class Hands(msgspec.Struct, frozen=True):
    """What a reconcile works with."""

    settings: OperatorSettings
    template: ExecutorTemplate
    api: Api
    clock: Clock
    world: World
    children: Children
    users: Users
    recorder: Recorder
    installation: Installation
    farewell: Farewell


class Strategies:
    """The reconciler of one namespace's Strategies."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self.tell: Callable[[str], None] = lambda _name: None
        """Called with the name of each Strategy whose objects were looked at: what it does may have changed."""
        self._met_ns: dict[str, tuple[str, int]] = {}
        """By Strategy: the digest of the spec that is asked for, and when we first met it."""
        self.monitored = False
        """Whether PodMonitor is a kind of this cluster; looked up by the resync."""

    async def reconcile(self, name: str) -> float | None:
        """Bring one Strategy's objects and status to where its spec wants them. Raises Unavailable, ApiError: then it comes again."""
        hands = self._hands
        body = hands.world.body(STRATEGY, name)
        if body is None:
            await self._forget(name)
            return None
        if (leaving := view_of(body)).deleting_since:
            return await hands.farewell.reconcile(leaving)
        try:
            view = strategy_view(body)
        except ConfigError as error:
            await self._refuse(body, str(error))
            return None
        return await self._bring_about(view)

    def foresee(self) -> None:
        """Choose what every Strategy runs before any is reconciled: a configuration of some of them would send the others to paper."""
        for view in self._hands.world.strategies():
            self._run(view, self._choose(view))

    def _choose(self, view: StrategyView) -> Choice:
        """What was learned of a spec counts from then on, whether the status says so already or not."""
        hands, asked = self._hands, runnable(view.spec)
        uid, _, known = hands.world.chosen.get(view.name, ("", 0, None))
        status = {**view.status, **learned(known)} if known and uid == view.uid else view.status
        deployment = hands.children.seen(DEPLOYMENT.kind, f"{NAME_PREFIX}{view.name}")
        return choose(asked, status, deployment, hands.clock.now_ns(), hands.settings.stable_s, self._deadline_ns(view, digest(asked)))

    def _deadline_ns(self, view: StrategyView, mark: str) -> int | None:
        """Return until when this spec must have come up, counted from when we first met it; None while it is not to come up at all."""
        if view.spec.paused:
            self._met_ns.pop(view.name, None)
            return None
        mark = f"{view.uid} {mark}"
        if self._met_ns.get(view.name, ("", 0))[0] != mark:
            self._met_ns[view.name] = (mark, self._hands.clock.now_ns())
        return self._met_ns[view.name][1] + self._hands.settings.progress_s * NS_PER_S

    async def _remember(self, view: StrategyView, choice: Choice) -> None:
        """What was learned of a spec is written down before it is acted on: killed in between, the next operator must not try it anew."""
        news = {name: value for name, value in learned(choice).items() if value != view.status.get(name)}
        if not news:
            return
        status = {name: value for name, value in {**view.status, **news}.items() if value is not None}
        hands = self._hands
        hands.world.answered(STRATEGY, await hands.api.set_status(STRATEGY, view.namespace, view.name, status, view.uid))
        if news.get("failedSpecHash"):
            ROLLBACKS.labels(view.name).inc()

    async def _bring_about(self, view: StrategyView) -> float | None:
        """The Redis user before the pod that needs it; the finalizer before the configuration that lets it trade."""
        hands = self._hands
        held = await self._hold(view)
        choice = self._choose(view)
        self._run(view, choice)
        await self._remember(view, choice)
        failpoint("operator.before_user")
        await hands.users.grant(view.name)
        plan = Plan(view, choice.running, hands.template, hands.users.password(view.name))
        monitored = self.monitored and hands.template.pod_monitor
        moved = await hands.children.ensure(owned(plan, progress_s=hands.settings.progress_s, monitored=monitored))
        if self.monitored and not monitored and hands.children.seen(POD_MONITOR.kind, plan.name):
            await hands.children.remove(POD_MONITOR.kind, view.namespace, plan.name)
        self.tell(view.name)
        return 0.0 if moved or not held else choice.again_s

    async def _hold(self, view: StrategyView) -> bool:
        """Put our finalizer on, once its pod is written: of a thousand new ones every pod comes first. Return whether it is on.

        Before it is on, no configuration names the Strategy (see `Installation`), so not one of its orders is approved, on paper or
        live: one that is deleted before holds nothing, and the garbage collector takes its objects.
        """
        hands = self._hands
        if FINALIZER in view.finalizers:
            return True
        if hands.children.seen(DEPLOYMENT.kind, f"{NAME_PREFIX}{view.name}") is None:
            return False
        failpoint("operator.before_finalizer")
        hands.world.held(await hands.api.apply(_with_finalizer(view)))
        hands.installation.mark()
        return True

    def _run(self, view: StrategyView, choice: Choice) -> None:
        """What runs is what is judged and what intents are named by, so the configuration follows it."""
        hands = self._hands
        hands.world.chosen[view.name] = (view.uid, view.generation, choice)
        if hands.world.running.get(view.name) != choice.running:
            hands.world.running[view.name] = choice.running
            hands.installation.mark()

    async def _refuse(self, body: Body, problem: str) -> None:
        """A spec that does not validate changes nothing that runs; the status says which field is wrong."""
        CONFIG_REFUSED.labels(STRATEGY.kind).inc()
        meta, now_ns = body["metadata"], self._hands.clock.now_ns()
        status = dict(body.get("status") or {})
        known = condition_in(status, "Ready")
        since = known["lastTransitionTime"] if known.get("status") == "False" else time_text(now_ns)
        ready = {"type": "Ready", "status": "False", "reason": "Invalid", "message": problem, "lastTransitionTime": since}
        others = [one for one in status.get("conditions") or () if one["type"] != "Ready"]
        wanted = status | {"trading": "No", "why": problem[:256], "conditions": [ready, *others]}
        if wanted != status:
            self._hands.world.answered(STRATEGY, await self._hands.api.set_status(STRATEGY, meta["namespace"], meta["name"], wanted))
            await self._hands.recorder.tell(STRATEGY, meta["name"], meta["uid"], WARNING, "Invalid", problem)

    async def _forget(self, name: str) -> None:
        """It is gone, with all it owned: its user goes, too, and the streams of one that was never in force.

        One that was in force and went without our finalizer keeps them and its exit lease for good: it may hold something.
        """
        hands = self._hands
        hands.children.forget(name=f"{NAME_PREFIX}{name}")
        hands.world.chosen.pop(name, None)
        hands.world.trouble.pop(name, None)
        self._met_ns.pop(name, None)
        if hands.world.running.pop(name, None) is not None:
            hands.installation.mark()
        await hands.users.withdraw(name)
        if not hands.installation.looks_after(name):
            await hands.farewell.clear(name)


def _with_finalizer(view: StrategyView) -> dict[str, object]:
    """Its uid goes with it: a Strategy that was deleted meanwhile must not be made again by this."""
    meta = {"name": view.name, "namespace": view.namespace, "uid": view.uid, "finalizers": [FINALIZER]}
    return {"apiVersion": STRATEGY.api_version, "kind": STRATEGY.kind, "metadata": meta}
