"""Tells what a Strategy does: its status, and an event for each change. Apart from the reconcile, and after it.

A status costs as many calls as the objects themselves. When a thousand Strategies arrive, their pods come first and the telling
follows; and what only changes what is told (a halt, a price) needs no look at any object.
"""

from collections.abc import Mapping
from typing import Any

from memesnipe.control.applied import hash_of
from memesnipe.kernel.clock import Clock
from memesnipe.kernel.errors import ConfigError
from memesnipe.manifests.models import lamports
from memesnipe.manifests.promotion import Promotion
from memesnipe_operator.api import Api
from memesnipe_operator.children import Children
from memesnipe_operator.conditions import condition_in
from memesnipe_operator.events import NORMAL, WARNING, Recorder
from memesnipe_operator.installation import Installation
from memesnipe_operator.kinds import DEPLOYMENT, STRATEGY
from memesnipe_operator.resources.plan import NAME_PREFIX
from memesnipe_operator.stability import Choice
from memesnipe_operator.strategy_status import Seen, evidence_status, status_of
from memesnipe_operator.views import StrategyView, strategy_view
from memesnipe_operator.world import World

PASSING = ("Starting", "Proving", "PodNotReady", "NotInForce", "Paused")
"""Reasons that a Strategy goes through when it is new or restarted: no warning, and no event of their own while it is new."""


class Teller:
    """Writes the statuses of one namespace's Strategies."""

    def __init__(self, api: Api, clock: Clock, world: World, children: Children, installation: Installation, recorder: Recorder) -> None:
        self._api, self._clock, self._world, self._children = api, clock, world, children
        self._installation, self._recorder = installation, recorder

    async def reconcile(self, name: str) -> float | None:
        """Write one Strategy's status where it says something new. Raises Unavailable, ApiError: then it comes again."""
        body, (uid, generation, choice) = self._world.body(STRATEGY, name), self._world.chosen.get(name, ("", 0, None))
        if body is None or choice is None or not self._installation.judges:
            return None
        try:
            view = strategy_view(body)
        except ConfigError:
            return None  # its reconcile says which field is wrong
        if not view.deleting_since and (view.uid, view.generation) == (
            uid,
            generation,
        ):  # else its reconcile is due, and comes here afterwards
            await self._tell(view, choice)
        return None

    async def _tell(self, view: StrategyView, choice: Choice) -> None:
        """Write the status, and an event for each change that a person may want to know of."""
        asked_hash = hash_of(view.spec.strategy, view.spec.parameters)
        status = status_of(view, self._seen(view, choice), asked_hash, self._clock.now_ns())
        if status == dict(view.status):
            return
        self._world.answered(STRATEGY, await self._api.set_status(STRATEGY, view.namespace, view.name, status, view.uid))
        for type_, reason, message in _transitions(view.status, status):
            await self._recorder.tell(STRATEGY, view.name, view.uid, type_, reason, message)

    def _seen(self, view: StrategyView, choice: Choice) -> Seen:
        name, inst = view.name, self._installation
        allocation, standing = self._world.allocation(), self._world.standing
        judged = inst.judge(view, choice.running)
        promotion = allocation.spec.promotion if allocation else Promotion()
        return Seen(
            choice=choice,
            judged=judged,
            deployment=self._children.seen(DEPLOYMENT.kind, f"{NAME_PREFIX}{name}"),
            halt=inst.halts.effective(name),
            halt_reason=inst.halt_reason(name),
            config_version=inst.version,
            trouble=self._world.trouble.get(name, ""),
            missing=inst.missing(name, choice.running, judged[0]),
            capital_lamports=lamports(allocation.spec.capital_sol) if allocation else 0,
            evidence=evidence_status(inst.evidence(view, choice.running).record, promotion.thresholds()),
            performance=standing.of(name, judged[0]) if standing else None,
            positions=len(standing.held.get(name, ())) if standing else 0,
            signal_ms=standing.signal_ms.get(name, 0) if standing else 0,
            promotion=inst.promotion(view, choice.running),
            word=inst.words.get(name) if inst.promotes else None,
        )


def _transitions(old: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return (type, reason, message) of each thing that changed and matters to a person."""
    told = []
    if old.get("mode") != after["mode"]:
        live = after["mode"] == "live"
        message = f"{old.get('mode') or 'nothing'} -> {after['mode']}: {condition_in(after, 'Live')['message']}"
        told.append((NORMAL, "WentLive" if live else "OnPaper", message))
    for type_ in ("Trading", "Ready", "Stable", "Reconciled"):
        was, now = condition_in(old, type_), condition_in(after, type_)
        if (was.get("status"), was.get("reason")) != (now["status"], now["reason"]):
            if not old and (now["reason"] in PASSING or type_ == "Reconciled"):
                continue
            kind = NORMAL if now["status"] == "True" or now["reason"] in PASSING else WARNING
            told.append((kind, f"{type_}{now['reason']}" if now["reason"] != type_ else type_, str(now["message"])))
    was, now = condition_in(old, "Promotion"), condition_in(after, "Promotion")
    if now["status"] != "Unknown" and now["reason"] != "NotSaid" and was.get("reason") != now["reason"]:
        told.append((WARNING if now["reason"] == "Demoted" else NORMAL, f"Promotion{now['reason']}", str(now["message"])))
    return told
