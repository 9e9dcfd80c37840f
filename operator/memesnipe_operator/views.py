"""A custom resource as the operator reads it: what the API server sent, validated by the models that a host uses too.

The API server validated it against the CRD already; but the CRD may be older than this operator, or gone and come back.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from pydantic import BaseModel, ValidationError

from memesnipe.kernel.errors import ConfigError
from memesnipe.manifests.models import AS_STORED, AllocationSpec, RiskPolicySpec, StrategySpecModel
from memesnipe.messages.bounds import Mode

Body = Mapping[str, Any]
M = TypeVar("M", bound=BaseModel)


class View(msgspec.Struct, frozen=True):
    """What every kind has."""

    name: str
    namespace: str
    uid: str
    generation: int
    deleting_since: str
    """Text of the deletion timestamp; empty while nobody asked for its deletion."""
    finalizers: tuple[str, ...]
    status: Mapping[str, Any]


class StrategyView(View, frozen=True):
    """A Strategy."""

    spec: StrategySpecModel

    @property
    def mode_asked(self) -> Mode:
        """In a cluster an absent mode is paper: going live is always written down."""
        return self.spec.mode or Mode.PAPER


class AllocationView(View, frozen=True):
    """An Allocation."""

    spec: AllocationSpec


class RiskPolicyView(View, frozen=True):
    """A RiskPolicy."""

    spec: RiskPolicySpec


def view_of(body: Body) -> View:
    """Read what every kind has, whatever its spec says."""
    return View(*_common(body))


def strategy_view(body: Body) -> StrategyView:
    """Read a Strategy. Raises ConfigError naming the field."""
    return StrategyView(*_common(body), spec_of(body, StrategySpecModel))


def allocation_view(body: Body) -> AllocationView:
    """Read an Allocation. Raises ConfigError naming the field."""
    return AllocationView(*_common(body), spec_of(body, AllocationSpec))


def risk_policy_view(body: Body) -> RiskPolicyView:
    """Read a RiskPolicy. Raises ConfigError naming the field."""
    return RiskPolicyView(*_common(body), spec_of(body, RiskPolicySpec))


def spec_of(body: Body, model: type[M]) -> M:
    """Return the spec as the model has it. Raises ConfigError naming the field and the reason."""
    try:
        return model.model_validate(dict(body.get("spec") or {}), context=AS_STORED)
    except ValidationError as error:
        problems = "; ".join(f"spec.{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors())
        raise ConfigError(problems[:1_024]) from None


def _common(body: Body) -> tuple[str, str, str, int, str, tuple[str, ...], Mapping[str, Any]]:
    meta = body["metadata"]
    finalizers = tuple(meta.get("finalizers") or ())
    since = str(meta.get("deletionTimestamp") or "")
    return meta["name"], meta["namespace"], meta["uid"], int(meta.get("generation", 0)), since, finalizers, body.get("status") or {}
