"""Manifests from files: strict YAML (no aliases, no duplicate keys, bounded size), clear errors naming file and field."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml
from pydantic import TypeAdapter, ValidationError
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError
from yaml.events import AliasEvent

from memesnipe.kernel.errors import ConfigError
from memesnipe.manifests.models import Allocation, Manifest, RiskPolicy, Strategy

FILE_BYTES_MAX = 262_144
DOCUMENTS_MAX = 1_024
T = TypeVar("T")
_manifest: TypeAdapter[Strategy | Allocation | RiskPolicy] = TypeAdapter(Manifest)


class Manifests(msgspec.Struct, frozen=True):
    """What one folder (or several) asks for: any number of strategies, exactly one Allocation and one RiskPolicy."""

    strategies: tuple[Strategy, ...]
    allocation: Allocation
    policy: RiskPolicy


class _Strict(yaml.SafeLoader):
    """A 289-byte file of aliases can expand to millions of nodes, and a repeated key silently drops the first: refuse both."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(AliasEvent):
            raise ComposerError(None, None, "aliases are not allowed", None)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str) or key in seen:
                # A key that is no text may be a mapping, which no set can be asked for.
                problem = f"key {key!r} is {'repeated' if isinstance(key, str) else 'not a string'}"
                raise ConstructorError(None, None, problem, key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def parse(text: bytes, origin: str) -> list[Strategy | Allocation | RiskPolicy]:
    """Return the manifests in one file's bytes. Raises ConfigError naming origin, document and field."""
    return [_validated(document, f"{origin}[{number}]") for number, document in enumerate(documents(text, origin))]


def documents(text: bytes, origin: str) -> list[Any]:
    """Return the YAML documents in some bytes, whatever they are. Raises ConfigError naming origin."""
    if len(text) > FILE_BYTES_MAX:
        raise ConfigError(f"{origin}: {len(text)} bytes, more than {FILE_BYTES_MAX}")
    try:
        found = [d for d in yaml.load_all(text, _Strict) if d is not None]
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigError(f"{origin}: not valid YAML: {' '.join(str(error).split())}") from None
    if len(found) > DOCUMENTS_MAX:
        raise ConfigError(f"{origin}: {len(found)} documents, more than {DOCUMENTS_MAX}")
    return found


def _validated(document: object, origin: str) -> Strategy | Allocation | RiskPolicy:
    try:
        return _manifest.validate_python(document)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(str(p) for p in e['loc'][1:]) or 'manifest'}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"{origin}: {problems}") from None


def read(folders: Sequence[Path]) -> Manifests:
    """Return what the YAML files in the folders (not below them) ask for. Raises ConfigError."""
    return understand(contents(folders))


def contents(folders: Sequence[Path]) -> dict[str, bytes]:
    """Return the YAML files in the folders (not below them), by path, as they are. Raises ConfigError for a missing folder."""
    missing = [str(folder) for folder in folders if not folder.is_dir()]
    if missing:
        raise ConfigError(f"manifests: no such folder: {', '.join(missing)}")
    return {str(file): file.read_bytes() for folder in folders for file in sorted(folder.glob("*.y*ml"))}


def understand(files: Mapping[str, bytes]) -> Manifests:
    """Return the configuration that some files make. Raises ConfigError naming file and field."""
    return assemble([manifest for origin, text in files.items() for manifest in parse(text, origin)])


def assemble(found: Sequence[Strategy | Allocation | RiskPolicy]) -> Manifests:
    """Return the one configuration that a list of manifests makes. Raises ConfigError when it is not exactly one."""
    strategies = tuple(m for m in found if isinstance(m, Strategy))
    names = [s.metadata.name for s in strategies]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"Strategy: name used more than once: {', '.join(repeated)}")
    allocation = _only([m for m in found if isinstance(m, Allocation)], "Allocation")
    policy = _only([m for m in found if isinstance(m, RiskPolicy)], "RiskPolicy")
    return _cross_checked(Manifests(strategies, allocation, policy))


def _only(found: Sequence[T], kind: str) -> T:
    if len(found) != 1:
        raise ConfigError(f"{kind}: exactly one is needed, {len(found)} found")
    return found[0]


def _cross_checked(manifests: Manifests) -> Manifests:
    spec = manifests.allocation.spec
    names = {s.metadata.name for s in manifests.strategies}
    if unknown := sorted(set(spec.weights_bps) - names):
        raise ConfigError(f"Allocation: spec.weightsBps names no applied Strategy: {', '.join(unknown)}")
    return manifests
