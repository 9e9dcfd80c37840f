"""What is built for one Strategy: who it is, what it runs, and what is alike for all. The builders' one argument."""

from typing import Any

import msgspec

from memesnipe.bus.acl import user_of
from memesnipe_operator.kinds import STRATEGY, Kind
from memesnipe_operator.settings import ExecutorTemplate
from memesnipe_operator.views import StrategyView

Manifest = dict[str, Any]
MANAGED_BY = "memesnipe-operator"
STRATEGY_LABEL = "memesnipe.io/strategy"
NAME_PREFIX = "strategy-"
HEALTH_PORT = 8081
SELECTOR = f"app.kubernetes.io/managed-by={MANAGED_BY}"


class Running(msgspec.Struct, frozen=True):
    """The part of a spec that the pod runs; the last stable one where the newest does not work."""

    plugin: str
    parameters: dict[str, Any]
    resources: dict[str, Any]
    spec_hash: str
    """Of code name and parameters: what evidence, intents and leases name."""
    digest: str
    """Of all of it."""


class Plan(msgspec.Struct, frozen=True):
    """One Strategy's objects to be. `password` is in the Secret and nowhere else."""

    view: StrategyView
    running: Running
    template: ExecutorTemplate
    password: str

    def __repr__(self) -> str:
        return f"Plan({self.view.name})"

    @property
    def name(self) -> str:
        """Every object of a Strategy has this name."""
        return f"{NAME_PREFIX}{self.view.name}"

    @property
    def user(self) -> str:
        """Its Redis user."""
        return user_of(self.view.name)

    def labels(self) -> dict[str, str]:
        """Return the labels of everything that belongs to it."""
        return {
            "app.kubernetes.io/name": "memesnipe",
            "app.kubernetes.io/part-of": "memesnipe",
            "app.kubernetes.io/component": "executor",
            "app.kubernetes.io/managed-by": MANAGED_BY,
            STRATEGY_LABEL: self.view.name,
        }

    def selector(self) -> dict[str, str]:
        """Return the labels by which its pod is found; they never change."""
        return {"app.kubernetes.io/component": "executor", STRATEGY_LABEL: self.view.name}

    def manifest(self, kind: Kind, **content: Any) -> Manifest:
        """Return an object of this Strategy: when the Strategy goes, the garbage collector takes it."""
        owner = {
            "apiVersion": STRATEGY.api_version,
            "kind": STRATEGY.kind,
            "name": self.view.name,
            "uid": self.view.uid,
            "controller": True,
            "blockOwnerDeletion": False,
        }
        meta = {"name": self.name, "namespace": self.view.namespace, "labels": self.labels(), "ownerReferences": [owner]}
        return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": meta, **content}
