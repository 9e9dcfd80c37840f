"""Pure: a plugin, its source and its document become a registration, or the reasons why not."""

import hashlib
import json
from collections.abc import Mapping, Set

import msgspec

from memesnipe.evidence.code import code_hash
from memesnipe.kernel.errors import BadInput
from memesnipe.messages import codec
from memesnipe.messages.control import StrategyRegistered
from memesnipe.strategy.document import shortcomings
from memesnipe.strategy.loading import Broken, Plugin


class Material(msgspec.Struct, frozen=True):
    """A plugin with the bytes it is made of, as they were read."""

    plugin: Plugin
    code: bytes
    """As `strategy.code.code_of` has it."""
    document: bytes | None
    """None: there is no such file."""


class Survey(msgspec.Struct, frozen=True):
    """What one look at the installed strategies came to."""

    registered: tuple[StrategyRegistered, ...]
    broken: tuple[Broken, ...]


def survey(materials: list[Material], broken: list[Broken], time_ns: int) -> Survey:
    """Return the registrations, and every plugin that may not be registered with its reason."""
    registered: list[StrategyRegistered] = []
    refused = list(broken)
    for material in materials:
        try:
            registered.append(registration(material, time_ns))
        except BadInput as error:
            refused.append(Broken(material.plugin.name, str(error)))
    return Survey(tuple(registered), tuple(refused))


def news(survey: Survey, known: Mapping[str, StrategyRegistered], gone: Set[str], time_ns: int) -> list[StrategyRegistered]:
    """Return what differs from the newest that is `known` of each plugin: registrations, and those of the `gone` that are withdrawn."""
    told = {name: content_hash(one) for name, one in known.items()}
    return [one for one in (*survey.registered, *withdrawn(known, gone, time_ns)) if told.get(one.plugin) != content_hash(one)]


def missing(survey: Survey, known: Mapping[str, StrategyRegistered]) -> frozenset[str]:
    """Return the plugins that were registered and may not be any more."""
    return frozenset(known.keys() - {one.plugin for one in survey.registered})


def withdrawn(known: Mapping[str, StrategyRegistered], gone: Set[str], time_ns: int) -> list[StrategyRegistered]:
    """Return a registration without a code's hash for each that is gone.

    An executor runs what it can load, documented or not: the hash of the code before would pass for that of the code which trades now.
    """
    return [msgspec.structs.replace(known[name], code_hash="", time_ns=time_ns) for name in sorted(gone)]


def registration(material: Material, time_ns: int) -> StrategyRegistered:
    """Return what is published of a plugin. Raises BadInput when its document is missing or not filled in, or it breaks a bound."""
    _require_document(material)
    kind = material.plugin.kind
    draft = StrategyRegistered(
        plugin=material.plugin.name,
        version=kind.version,
        code_hash=code_hash(material.code),
        subscriptions=tuple(sorted(event.value for event in kind.subscriptions)),
        parameters_schema=_parameters_schema(material.plugin),
        risk_profile=_risk_profile(material),
        time_ns=time_ns,
    )
    return codec.decode(StrategyRegistered, codec.encode(draft))


def content_hash(registered: StrategyRegistered) -> str:
    """Return the hash of everything but the time: the same content is announced once."""
    return hashlib.sha256(codec.encode(msgspec.structs.replace(registered, time_ns=0))).hexdigest()


def _require_document(material: Material) -> None:
    if material.document is None:
        raise BadInput("document", f"{material.plugin.document} is missing: copy docs/STRATEGY_TEMPLATE.md and fill it in")
    if faults := shortcomings(material.document.decode(errors="replace")):
        raise BadInput("document", f"{material.plugin.document}: {'; '.join(faults)}")


def _parameters_schema(plugin: Plugin) -> bytes:
    try:
        return json.dumps(plugin.kind.parameters.model_json_schema(), sort_keys=True, separators=(",", ":")).encode()
    except Exception as error:
        raise BadInput("parameters", f"have no JSON schema: {type(error).__name__}: {error}") from error


def _risk_profile(material: Material) -> bytes:
    """Return the risk profile as JSON, with the hash of the document that explains it."""
    profile = msgspec.structs.asdict(material.plugin.kind.risk_profile)
    profile["document_sha256"] = hashlib.sha256(material.document or b"").hexdigest()
    return json.dumps(profile, sort_keys=True, separators=(",", ":")).encode()
