"""The allocation decision: applied config -> shares. Pure; the same inputs give the same shares and the same hash."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from memesnipe.kernel.errors import BadInput
from memesnipe.kernel.ids import derive
from memesnipe.messages.control import AllocationDecision, ConfigApplied, StrategyAllocation

WHOLE_BPS = 10_000
EQUAL, FIXED = "equal_weight", "fixed_weight"


class Inputs(msgspec.Struct, frozen=True):
    """Everything a decision depends on: nothing else may change one."""

    method: str
    capital_lamports: int
    weights_bps: dict[str, int]
    caps_bps: dict[str, int] = {}
    """What part of its share a live strategy gets where promotion decides; absent: all of it."""
    specs: dict[str, str] = {}
    """The spec of each of these: what one spec has earned is not another's."""
    codes: dict[str, str] = {}
    """The hash of the code of each of these, where it is known: nor is what one code has earned."""

    def digest(self) -> str:
        """Return the hash that tells two sets of inputs apart."""
        parts = [part for strategy, weight in sorted(self.weights_bps.items()) for part in (strategy, weight)]
        caps = [part for strategy, cap in sorted(self.caps_bps.items()) for part in (strategy, cap, self.specs.get(strategy, ""))]
        codes = [part for pair in sorted(self.codes.items()) for part in pair]
        named = (*(("caps", *caps) if caps else ()), *(("codes", *codes) if codes else ()))
        return derive("allocation", self.method, self.capital_lamports, *parts, *named)


def inputs_of(config: ConfigApplied, caps_bps: Mapping[str, int] = MappingProxyType({})) -> Inputs:
    """Return what the applied config gives to decide on, under these caps. Raises BadInput when its weights do not fit its strategies."""
    specs, codes = specs_of(config, caps_bps), codes_of(config, caps_bps)
    if not config.weights_bps:
        return Inputs(EQUAL, config.capital_lamports, equal_weights(config), dict(caps_bps), specs, codes)
    if len(config.weights_bps) != len(config.strategies):
        raise BadInput("weights_bps", f"{len(config.weights_bps)} weights for {len(config.strategies)} strategies")
    if not (sum(config.weights_bps) <= WHOLE_BPS):
        raise BadInput("weights_bps", f"{sum(config.weights_bps)} bps in all, more than the whole")
    pairs = zip(config.strategies, config.weights_bps, strict=True)
    weights = {s.id: 0 if s.paused else weight for s, weight in pairs}
    return Inputs(FIXED, config.capital_lamports, weights, dict(caps_bps), specs, codes)


def specs_of(config: ConfigApplied, caps_bps: Mapping[str, int]) -> dict[str, str]:
    """Return the applied spec of each strategy that has a cap."""
    return {strategy.id: strategy.spec_hash for strategy in config.strategies if strategy.id in caps_bps}


def codes_of(config: ConfigApplied, caps_bps: Mapping[str, int]) -> dict[str, str]:
    """Return the hash of the code of each strategy that has a cap and whose code is known."""
    return {strategy.id: strategy.code_hash for strategy in config.strategies if strategy.id in caps_bps and strategy.code_hash}


def equal_weights(config: ConfigApplied) -> dict[str, int]:
    """Return the same weight for each strategy that is not paused; bps that cannot be split go to the first by name."""
    active = sorted(strategy.id for strategy in config.strategies if not strategy.paused)
    weights = {strategy.id: 0 for strategy in config.strategies}
    for place, name in enumerate(active):
        weights[name] = WHOLE_BPS // len(active) + (1 if place < WHOLE_BPS % len(active) else 0)
    return weights


def decide(
    last: AllocationDecision | None, config: ConfigApplied, now_ns: int, caps_bps: Mapping[str, int] = MappingProxyType({})
) -> AllocationDecision | None:
    """Return the next decision, None while its inputs are those of the last. Raises BadInput on weights that do not fit."""
    inputs = inputs_of(config, caps_bps)
    if last is not None and last.inputs_hash == inputs.digest():
        return None
    return split(inputs, config.version, (last.version if last else 0) + 1, max(now_ns, config.time_ns))


def split(inputs: Inputs, config_version: int, version: int, time_ns: int) -> AllocationDecision:
    """Return the decision that these inputs make."""
    caps = inputs.caps_bps
    capped = {strategy: weight * caps.get(strategy, WHOLE_BPS) // WHOLE_BPS for strategy, weight in inputs.weights_bps.items()}
    shares = shares_of(capped, inputs.capital_lamports, version, time_ns, inputs.specs, inputs.codes)
    return AllocationDecision(version, time_ns, inputs.digest(), inputs.method, reason_of(inputs, config_version), shares)


def shares_of(
    weights_bps: Mapping[str, int], capital_lamports: int, version: int, time_ns: int, specs: Mapping[str, str], codes: Mapping[str, str]
) -> tuple[StrategyAllocation, ...]:
    """Return every strategy's share, by name, rounded down to the lamport; `specs` and `codes` name what each that has it for live runs."""
    return tuple(
        StrategyAllocation(
            strategy,
            version,
            weight,
            capital_lamports * weight // WHOLE_BPS,
            time_ns,
            live_spec=specs.get(strategy, ""),
            live_code=codes.get(strategy, ""),
        )
        for strategy, weight in sorted(weights_bps.items())
    )


def reason_of(inputs: Inputs, config_version: int) -> str:
    """Return the sentence a person reads."""
    funded = sum(1 for weight in inputs.weights_bps.values() if weight)
    how = "equally" if inputs.method == EQUAL else "by the applied weights"
    split_how = f"{inputs.capital_lamports} lamports split {how} over {funded} of {len(inputs.weights_bps)} strategies"
    parts = sum(1 for cap in inputs.caps_bps.values() if cap != WHOLE_BPS)
    capped = f", {parts} of them on a part of their share" if parts else ""
    return f"{split_how}{capped} (config {config_version})"
