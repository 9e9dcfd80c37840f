"""What the operator knows of its namespace: the three kinds as the newest event showed them, and what each strategy runs.

Filled by watch events, replaced whole by a resync. Reading never asks the API server.
"""

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from memesnipe.control.proofs import Track
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.logs import logger
from memesnipe_operator.kinds import ALLOCATION, FINALIZER, RISK_POLICY, STRATEGY, Kind
from memesnipe_operator.metrics import CONFIG_REFUSED
from memesnipe_operator.newest import Newest
from memesnipe_operator.performance import Standing
from memesnipe_operator.records import Records
from memesnipe_operator.resources.plan import Running
from memesnipe_operator.stability import Choice
from memesnipe_operator.views import (
    AllocationView,
    Body,
    RiskPolicyView,
    StrategyView,
    allocation_view,
    risk_policy_view,
    strategy_view,
    view_of,
)

V = TypeVar("V")
SINGLETON = "default"
"""An Allocation and a RiskPolicy are for everyone, so there is one of each; the CRD refuses another name."""


class World:
    """The newest known state. Only the event loop's thread touches it."""

    def __init__(self) -> None:
        self._bodies = Newest()
        self._read: dict[str, tuple[Any, StrategyView]] = {}
        self._allocation = LastGood(ALLOCATION, allocation_view)
        self._policy = LastGood(RISK_POLICY, risk_policy_view)
        self.running: dict[str, Running] = {}
        """By Strategy: what its pod runs, as its reconcile chose it."""
        self.chosen: dict[str, tuple[str, int, Choice]] = {}
        """By Strategy: uid and generation that its reconcile looked at last, and what it chose. One made anew under a name is another."""
        self.trouble: dict[str, str] = {}
        """By Strategy: why its reconcile keeps failing."""
        self.records = Records()
        self.track = Track()
        """What the services say of code, paper trades and gaps."""
        self.standing: Standing | None = None
        """None: position_manager has not said what is held, so nothing can be called flat."""

    def put(self, kind: Kind, body: Body) -> bool:
        """Take in an object, from an event or an answer; return whether it was news."""
        return self._bodies.put((kind.kind, body["metadata"]["name"]), body)

    def answered(self, kind: Kind, body: Body) -> None:
        """Take in the answer to a status that we wrote. One that shows more than that is left to its event, which marks what is to do."""
        known = self.body(kind, body["metadata"]["name"])
        if known is not None and asked_of(known) == asked_of(body):
            self.put(kind, body)

    def held(self, body: Body) -> None:
        """Take in the answer to our finalizer, which is no news then; one that shows more than that is left to its event, too."""
        known = self.body(STRATEGY, body["metadata"]["name"])
        if known is not None:
            *asked, finalizers = asked_of(known)
            if (*asked, (*finalizers, FINALIZER)) == asked_of(body):
                self.put(STRATEGY, body)

    def drop(self, kind: Kind, body: Body) -> bool:
        """Take out an object that is gone; return whether it was news."""
        return self._bodies.drop((kind.kind, body["metadata"]["name"]), body)

    def replace(self, kind: Kind, bodies: Iterable[Body], version: str) -> set[str]:
        """Make what is known of a kind be what a list of this version shows; return the names that are gone."""
        return self._bodies.replace(kind.kind, bodies, version)

    def body(self, kind: Kind, name: str) -> Body | None:
        """Return an object."""
        return self._bodies.get((kind.kind, name))

    def names(self, kind: Kind) -> list[str]:
        """Return the names of a kind's objects, sorted."""
        return self._bodies.names(kind.kind)

    def kept(self) -> list[str]:
        """Return the names of the Strategies with our finalizer on, also of those on their way out: what they hold is looked after."""
        bodies = {name: self.body(STRATEGY, name) for name in self.names(STRATEGY)}
        return [name for name, body in bodies.items() if body is not None and FINALIZER in view_of(body).finalizers]

    def strategies(self) -> list[StrategyView]:
        """Return the Strategies that are not being deleted, by name. One that does not validate counts as the last good one."""
        bodies = {name: body for name in self.names(STRATEGY) if (body := self.body(STRATEGY, name)) is not None}
        self._read = {name: read for name, body in bodies.items() if (read := self._strategy(name, body)) is not None}
        return [view for name, (_, view) in self._read.items() if not view_of(bodies[name]).deleting_since]

    def _strategy(self, name: str, body: Body) -> tuple[Any, StrategyView] | None:
        """Return the view with what it was read from; read anew only where that changed: validation costs more than all the rest."""
        known, asked = self._read.get(name), asked_of(body)
        if known is not None and known[0] == asked:
            return known
        try:
            return asked, strategy_view(body)
        except ConfigError:
            return known  # its own reconcile says so in its status

    def allocation(self) -> AllocationView | None:
        """Return the Allocation; None without one. One that does not validate counts as the last good one."""
        return self._allocation.of(self.body(ALLOCATION, SINGLETON))

    def policy(self) -> RiskPolicyView | None:
        """Return the RiskPolicy; None without one. One that does not validate counts as the last good one."""
        return self._policy.of(self.body(RISK_POLICY, SINGLETON))


class LastGood(Generic[V]):
    """The newest view of a singleton that validated. It is asked for at each verdict, so it is read anew only where it changed."""

    def __init__(self, kind: Kind, read: Callable[[Body], V]) -> None:
        self._kind, self._read = kind, read
        self._body: Body | None = None
        self._view: V | None = None

    def of(self, body: Body | None) -> V | None:
        """Return the view of this object; of none: none."""
        if body is None:
            self._view = None
        elif body is not self._body:
            try:
                self._view = self._read(body)
            except ConfigError as error:
                CONFIG_REFUSED.labels(self._kind.kind).inc()
                logger().error("resource_refused", kind=self._kind.kind, detail=str(error))
        self._body = body
        return self._view


def asked_of(body: Body) -> tuple[Any, ...]:
    """Return what of an object is not its status."""
    meta = body["metadata"]
    return meta.get("uid"), meta.get("generation"), meta.get("deletionTimestamp"), tuple(meta.get("finalizers") or ())
