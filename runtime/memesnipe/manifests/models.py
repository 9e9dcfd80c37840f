"""The three kinds of `memesnipe.io/v1alpha1`, as pydantic models. Field names are the manifest's (camelCase by alias)."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from memesnipe.manifests.allocation import AllocationSpec
from memesnipe.manifests.fields import AS_STORED, LAMPORTS_PER_SOL, SOL_MAX, Model, Name, lamports
from memesnipe.manifests.kill_switch import HaltName, KillSwitch
from memesnipe.manifests.resources import Resources
from memesnipe.manifests.risk_policy import RiskPolicySpec
from memesnipe.manifests.strategy import StrategySpecModel

__all__ = [
    "API_VERSION",
    "AS_STORED",
    "GROUP",
    "LAMPORTS_PER_SOL",
    "SOL_MAX",
    "VERSION",
    "Allocation",
    "AllocationSpec",
    "HaltName",
    "KillSwitch",
    "Manifest",
    "Metadata",
    "Model",
    "Resources",
    "RiskPolicy",
    "RiskPolicySpec",
    "Strategy",
    "StrategySpecModel",
    "lamports",
]

GROUP = "memesnipe.io"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"


class Metadata(Model):
    """The part of Kubernetes' metadata that a host needs; the rest is accepted and left alone."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: Name


class Strategy(Model):
    """One running strategy."""

    api_version: Literal["memesnipe.io/v1alpha1"]
    kind: Literal["Strategy"]
    metadata: Metadata
    spec: StrategySpecModel


class Allocation(Model):
    """The portfolio's capital."""

    api_version: Literal["memesnipe.io/v1alpha1"]
    kind: Literal["Allocation"]
    metadata: Metadata
    spec: AllocationSpec


class RiskPolicy(Model):
    """The portfolio's limits."""

    api_version: Literal["memesnipe.io/v1alpha1"]
    kind: Literal["RiskPolicy"]
    metadata: Metadata
    spec: RiskPolicySpec


Manifest = Annotated[Strategy | Allocation | RiskPolicy, Field(discriminator="kind")]
