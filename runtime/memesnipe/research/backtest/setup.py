"""What a backtest trades: strategies, limits and capital, made from the same manifests by the same functions as on paper and live."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from memesnipe.allocator.decide import decide as allocate
from memesnipe.control.applied import applied, spec_hash
from memesnipe.kernel.clock import BEFORE_ANY_EVENT_NS
from memesnipe.kernel.errors import ConfigError
from memesnipe.manifests.models import Allocation, AllocationSpec, Metadata, RiskPolicy, RiskPolicySpec, Strategy
from memesnipe.manifests.reading import Manifests, assemble, parse
from memesnipe.messages.control import ConfigApplied
from memesnipe.strategy.loading import Plugin, load
from memesnipe.strategy.spec import StrategySpec

CAPITAL_SOL = Decimal(20)
"""As the manifests that ship have it."""
Documents = Sequence[Strategy | Allocation | RiskPolicy]


class Setup(msgspec.Struct, frozen=True):
    """Everything of a run that is not the market, the seed or the stress."""

    config: ConfigApplied
    specs: tuple[StrategySpec, ...]
    plugins: dict[str, Plugin]
    """By plugin name."""
    capital: dict[str, int]
    """Lamports by strategy, as the allocator's first decision gives them."""


def setup_of(manifests: Manifests, folders: Sequence[Path] = ()) -> Setup:
    """Return what these manifests run, on paper whatever they ask for. `folders`: of a person's own strategies. Raises ConfigError."""
    config = applied(manifests, version=1, time_ns=BEFORE_ANY_EVENT_NS, paper_switch=True, genesis="")
    running = [one for one in manifests.strategies if not one.spec.paused]
    if not running:
        raise ConfigError("no Strategy to run: there is none, or all are paused")
    specs = tuple(StrategySpec(one.metadata.name, one.spec.strategy, spec_hash(one), one.spec.parameters) for one in running)
    decision = allocate(None, config, BEFORE_ANY_EVENT_NS)
    capital = {share.strategy: share.capital_lamports for share in decision.shares} if decision else {}
    return Setup(config, specs, {spec.plugin: load(spec.plugin, folders) for spec in specs}, capital)


def manifests_of(documents: Documents, capital_sol: Decimal | None = None) -> Manifests:
    """Return one configuration: what is missing beside the strategies is as it ships. Raises ConfigError.

    `capital_sol` is in place of the Allocation's own.
    """
    found: list[Strategy | Allocation | RiskPolicy] = list(documents)
    if not any(isinstance(one, RiskPolicy) for one in found):
        found.append(RiskPolicy(api_version="memesnipe.io/v1alpha1", kind="RiskPolicy", metadata=_metadata(), spec=RiskPolicySpec()))
    if not any(isinstance(one, Allocation) for one in found):
        found.append(_allocation(AllocationSpec(capital_sol=CAPITAL_SOL)))
    manifests = assemble(found)
    if capital_sol is None:
        return manifests
    spec = AllocationSpec.model_validate({**manifests.allocation.spec.model_dump(), "capital_sol": capital_sol})
    return msgspec.structs.replace(manifests, allocation=_allocation(spec))


def documents_in(paths: Sequence[Path]) -> Documents:
    """Return the manifests in some files, and in the YAML files of folders. Raises ConfigError naming file and field."""
    return [document for path in paths for file in _files_of(path) for document in parse(file.read_bytes(), str(file))]


def _files_of(path: Path) -> Sequence[Path]:
    if not path.exists():
        raise ConfigError(f"{path} does not exist")
    return sorted(path.glob("*.y*ml")) if path.is_dir() else (path,)


def _allocation(spec: AllocationSpec) -> Allocation:
    return Allocation(api_version="memesnipe.io/v1alpha1", kind="Allocation", metadata=_metadata(), spec=spec)


def _metadata() -> Metadata:
    return Metadata(name="default")
