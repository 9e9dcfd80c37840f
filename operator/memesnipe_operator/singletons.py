"""Reconciles what is for everyone: the status of the Allocation and the RiskPolicy says what is in force and who is halted."""

from typing import Any

from memesnipe.bus import topology
from memesnipe.bus.api import Bus
from memesnipe.bus.folds import SEVERITY, Halts
from memesnipe.control.applied import policy_hash
from memesnipe.control.gates import Condition
from memesnipe.kernel.clock import Clock
from memesnipe.kernel.errors import ConfigError
from memesnipe.manifests.models import HaltName, lamports
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import PORTFOLIO, AllocationDecision, ConfigApplied
from memesnipe_operator.api import Api
from memesnipe_operator.conditions import stated, verdict
from memesnipe_operator.events import NORMAL, WARNING, Recorder
from memesnipe_operator.installation import Installation
from memesnipe_operator.kinds import ALLOCATION, RISK_POLICY
from memesnipe_operator.strategy_status import sol_text
from memesnipe_operator.views import AllocationView, Body, RiskPolicyView, allocation_view, risk_policy_view
from memesnipe_operator.world import SINGLETON, World

Status = dict[str, Any]


class Singletons:
    """The reconciler of the Allocation and the RiskPolicy."""

    def __init__(self, api: Api, bus: Bus, clock: Clock, world: World, installation: Installation, recorder: Recorder) -> None:
        self._api, self._bus, self._clock, self._world = api, bus, clock, world
        self._installation, self._recorder = installation, recorder
        self._decided = "0"
        self._decision: AllocationDecision | None = None

    async def reconcile(self, _key: str) -> float | None:
        """Write both statuses where they say something new. Raises Unavailable, ApiError."""
        if not self._installation.judges:
            return None
        await self._follow_allocator()
        policy, allocation = self._world.body(RISK_POLICY, SINGLETON), self._world.body(ALLOCATION, SINGLETON)
        if policy is not None:
            await self._tell_policy(policy)
        if allocation is not None:
            await self._tell_allocation(allocation)
        return None

    async def _follow_allocator(self) -> None:
        for entry in await self._bus.fold(topology.ALLOCATIONS.name, self._decided):
            self._decided, self._decision = entry.id, entry.message

    async def _tell_policy(self, body: Body) -> None:
        try:
            view = risk_policy_view(body)
        except ConfigError as error:
            await self._refuse(RISK_POLICY, body, str(error))
            return
        status = policy_status(view, self._installation.halts, self._installation.config, self._clock.now_ns())
        if status != dict(view.status):
            self._world.answered(RISK_POLICY, await self._api.set_status(RISK_POLICY, view.namespace, view.name, status))
            if view.status.get("halt") not in (None, status["halt"]):
                type_ = NORMAL if status["halt"] == HaltName.ACTIVE.value else WARNING
                message = f"{view.status.get('halt')} -> {status['halt']}: {status['haltReason'] or 'no reason was given'}"
                await self._recorder.tell(RISK_POLICY, view.name, view.uid, type_, f"Halt{status['halt']}", message)

    async def _tell_allocation(self, body: Body) -> None:
        try:
            view = allocation_view(body)
        except ConfigError as error:
            await self._refuse(ALLOCATION, body, str(error))
            return
        status = allocation_status(view, self._decision, self._installation.config, self._clock.now_ns())
        if status != dict(view.status):
            self._world.answered(ALLOCATION, await self._api.set_status(ALLOCATION, view.namespace, view.name, status))

    async def _refuse(self, kind: Any, body: Body, problem: str) -> None:
        meta, before = body["metadata"], dict(body.get("status") or {})
        condition = Condition("InForce", verdict(False), "Invalid", f"the last good one stays in force: {problem}")
        wanted = before | {"inForce": "No", "conditions": stated([condition], before, meta.get("generation", 0), self._clock.now_ns())}
        if wanted != before:
            self._world.answered(kind, await self._api.set_status(kind, meta["namespace"], meta["name"], wanted))


def policy_status(view: RiskPolicyView, halts: Halts, config: ConfigApplied | None, now_ns: int) -> Status:
    """Return a RiskPolicy's status."""
    mine = policy_hash(view.spec)
    in_force = config is not None and config.policy_hash == mine
    open_now = halts.portfolio in (HaltState.ACTIVE, HaltState.REDUCE_ONLY)
    word, why = HaltName.of(halts.portfolio).value, halts.reasons.get(PORTFOLIO, "")
    conditions = [
        _in_force(in_force),
        Condition("TradingAllowed", verdict(open_now), word, why or ("nobody halted anything" if open_now else "no reason was given")),
    ]
    own = {scope: HaltName.of(state).value for scope, state in sorted(halts.states.items()) if scope != PORTFOLIO and SEVERITY[state]}
    return {
        "observedGeneration": view.generation,
        "inForce": "Yes" if in_force else "No",
        "policyHash": mine,
        "halt": word,
        "haltReason": why,
        "haltEpoch": halts.epoch,
        "strategyHalts": own,
        "conditions": stated(conditions, view.status, view.generation, now_ns),
        **({"configVersion": config.version} if config else {}),
    }


def allocation_status(view: AllocationView, decision: AllocationDecision | None, config: ConfigApplied | None, now_ns: int) -> Status:
    """Return an Allocation's status: the live weights are the allocator's newest decision."""
    in_force = config is not None and config.capital_lamports == lamports(view.spec.capital_sol)
    status: Status = {
        "observedGeneration": view.generation,
        "inForce": "Yes" if in_force else "No",
        "conditions": stated([_in_force(in_force)], view.status, view.generation, now_ns),
        **({"configVersion": config.version} if config else {}),
    }
    return status | (_decided(decision) if decision else {})


def _decided(decision: AllocationDecision) -> Status:
    shares = [
        {"strategy": one.strategy, "weightBps": one.weight_bps, "capitalSol": sol_text(one.capital_lamports)} for one in decision.shares
    ]
    return {
        "decisionVersion": decision.version,
        "method": decision.method,
        "reason": decision.reason,
        "capitalSol": sol_text(sum(one.capital_lamports for one in decision.shares)),
        "weights": shares,
    }


def _in_force(in_force: bool) -> Condition:
    if in_force:
        return Condition("InForce", verdict(True), "Applied", "the configuration that services read holds it")
    return Condition("InForce", verdict(False), "NotApplied", "not in the configuration yet: it takes one Allocation and one RiskPolicy")
