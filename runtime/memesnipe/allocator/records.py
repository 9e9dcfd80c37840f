"""A decision and all that it depended on as one record, and the same decision made again from it. Pure.

A record is honest if its inputs have the hash that it names, and if the code of today makes of them the very decision that it tells of.
"""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType

import msgspec

from memesnipe.allocator.adaptive import Question, decided
from memesnipe.allocator.decide import Inputs, inputs_of, split
from memesnipe.kernel.errors import BadInput
from memesnipe.messages.control import PORTFOLIO, AllocationDecision, ConfigApplied
from memesnipe.messages.decisions import INPUTS_BYTES_MAX, Decision, DecisionKind, packed, unpacked

SOLVERS = ("numpy", "scikit-learn", "skfolio", "cvxpy", "clarabel")


class Split(msgspec.Struct, frozen=True, tag="split"):
    """What a decision without any results depends on, and the number of the config it quotes."""

    inputs: Inputs
    config_version: int

    def digest(self) -> str:
        """Return the hash of what it depends on."""
        return self.inputs.digest()


Asked = Split | Question
_decoder: "msgspec.json.Decoder[Asked]" = msgspec.json.Decoder(Asked)


class Share(msgspec.Struct, frozen=True):
    """One strategy's part of an outcome."""

    weight_bps: int
    capital_lamports: int


def split_of(config: ConfigApplied, caps_bps: Mapping[str, int] = MappingProxyType({})) -> Split:
    """Return what a config gives to decide on, under these caps. Raises BadInput when its weights do not fit its strategies."""
    return Split(inputs_of(config, caps_bps), config.version)


def recorded(decision: AllocationDecision, asked: Asked) -> Decision:
    """Return the record of a decision. Raises BadInput where its inputs fit no entry of a stream: what cannot be kept is not decided."""
    inputs = packed(asked)
    if not (len(inputs) <= INPUTS_BYTES_MAX):
        raise BadInput("inputs", f"{len(inputs)} bytes, more than {INPUTS_BYTES_MAX}: run fewer strategies in one Allocation")
    return Decision(
        kind=DecisionKind.ALLOCATION,
        id=f"{decision.version}:{decision.inputs_hash}",
        subject=PORTFOLIO,
        version=decision.version,
        time_ns=decision.time_ns,
        label=decision.method,
        reason=decision.reason,
        outcome=outcome_of(decision),
        inputs_hash=decision.inputs_hash,
        inputs=inputs,
        made_with=made_with(asked),
    )


def outcome_of(decision: AllocationDecision) -> str:
    """Return the shares as JSON, by strategy."""
    return msgspec.json.encode({one.strategy: Share(one.weight_bps, one.capital_lamports) for one in decision.shares}).decode()


def shares_in(record: Decision) -> dict[str, Share]:
    """Return the shares of a record. Raises BadInput where they cannot be read."""
    try:
        return msgspec.json.decode(record.outcome, type=dict[str, Share])
    except msgspec.MsgspecError as error:
        raise BadInput("outcome", str(error)) from None


def made_with(asked: Asked) -> str:
    """Return the versions of what decides on this, as they are installed here."""
    names = ("memesnipe",) if isinstance(asked, Split) else ("memesnipe", *SOLVERS)
    return ", ".join(f"{name} {_installed(name)}" for name in names)


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def again(record: Decision) -> AllocationDecision:
    """Decide again what a record tells of, with the code of today. Raises BadInput, ImportError without the libraries of numbers."""
    asked = unpacked(record, _decoder)
    if isinstance(asked, Split):
        return split(asked.inputs, asked.config_version, record.version, record.time_ns)
    return decided(asked, record.version)


def differences(record: Decision) -> list[str]:
    """Return in what a record and its decision made again differ, in sentences; none: they are equal. Raises as `again`."""
    asked, made = unpacked(record, _decoder), again(record)
    told = [
        ("inputs' hash", record.inputs_hash, asked.digest()),
        ("time", record.time_ns, made.time_ns),
        ("method", record.label, made.method),
        ("reason", record.reason, made.reason),
    ]
    found = [f"{what}: recorded {was!r}, now {now!r}" for what, was, now in told if was != now]
    before, after = shares_in(record), {one.strategy: Share(one.weight_bps, one.capital_lamports) for one in made.shares}
    other = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    found += [f"{name}: recorded {_said(before.get(name))}, now {_said(after.get(name))}" for name in other]
    if found and record.made_with != made_with(asked):
        found.append(f"recorded with {record.made_with}; here is {made_with(asked)}")
    return found


def _said(share: Share | None) -> str:
    return f"{share.weight_bps} bps, {share.capital_lamports} lamports" if share else "nothing"
