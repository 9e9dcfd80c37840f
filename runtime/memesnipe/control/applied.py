"""Manifests -> the applied configuration that services read. Pure: same manifests and facts, same bytes."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import msgspec

from memesnipe.chain.programs import MAINNET_GENESIS
from memesnipe.control.gates import Condition, Facts, is_asked, judge, unmet
from memesnipe.control.promotions import Words, cooling_until_ns
from memesnipe.control.proofs import Damaged, Sighting, Track
from memesnipe.manifests.exits import Exits
from memesnipe.manifests.market import Market
from memesnipe.manifests.models import AllocationSpec, RiskPolicySpec, Strategy, lamports
from memesnipe.manifests.reading import Manifests
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.control import (
    BreakerLimits,
    ConfigApplied,
    ExitLimits,
    ExitRung,
    MarketLimits,
    RiskBase,
    RiskLimits,
    StrategyConfig,
    TokenGroup,
    Weighing,
)
from memesnipe.messages.promotion import PromotionStage

PROMOTED = (PromotionStage.PROPOSED, PromotionStage.CANARY, PromotionStage.FULL)
Judged = Mapping[str, tuple[Mode, tuple[Condition, ...]]]
"""By strategy: its effective mode and every gate's answer."""


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What strategies are judged by, beside their manifests."""

    paper_switch: bool
    genesis: str
    time_ns: int
    records: tuple[Sighting, ...] = ()
    track: Track = Track()
    words: Words = {}
    """autonomous_allocator's newest, by strategy."""
    promotes: bool = False
    """Whether a proposal stands for a person's approval where a manifest does not say which mode it wants."""


def digest(value: object) -> str:
    """Return 32 hex digits over canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def spec_hash(strategy: Strategy) -> str:
    """Return the hash of what a strategy runs: code name and parameters; mode and pause are not part of it."""
    return hash_of(strategy.spec.strategy, strategy.spec.parameters)


def hash_of(plugin: str, parameters: Mapping[str, Any]) -> str:
    """Return the spec hash of a strategy's code name and parameters."""
    return digest({"strategy": plugin, "parameters": parameters})


def policy_hash(spec: RiskPolicySpec) -> str:
    """Return the hash of all limits. A halt is not one: pulling the kill switch must not look like another policy to what is in flight."""
    return digest(spec.model_dump(mode="json", exclude={"kill_switch", "on_delete"}))


def limits(spec: RiskPolicySpec) -> RiskLimits:
    """Return the limits in base units."""
    return RiskLimits(
        trade_size_lamports_max=lamports(spec.trade_size_sol_max),
        strategy_exposure_lamports_max=lamports(spec.strategy_exposure_sol_max),
        token_exposure_lamports_max=lamports(spec.token_exposure_sol_max),
        portfolio_exposure_lamports_max=lamports(spec.portfolio_exposure_sol_max),
        open_positions_max=spec.open_positions_max,
        orders_per_minute_max=spec.orders_per_minute_max,
        slippage_bps_max=spec.slippage_bps_max,
        drawdown_bps_max=spec.drawdown_bps_max,
        event_age_ms_max=spec.event_age_ms_max,
        clock_skew_ms_max=spec.clock_skew_ms_max,
        stop_loss_bps=spec.stop_loss_bps,
        take_profit_bps=spec.take_profit_bps,
        time_stop_s=spec.time_stop_s,
        guard_trade_size_lamports_max=lamports(spec.guard_trade_size_sol_max),
        priority_fee_lamports_max=lamports(spec.priority_fee_sol_max),
        tip_lamports_max=lamports(spec.tip_sol_max),
        spend_lamports_per_hour_max=lamports(spec.spend_sol_per_hour_max),
        spend_lamports_per_day_max=lamports(spec.spend_sol_per_day_max),
        breakers=BreakerLimits(**spec.breakers.model_dump()),
        market=_market(spec.market),
        exits=_exits(spec.exits),
    )


def _exits(exits: Exits) -> ExitLimits:
    given = exits.model_dump(exclude={"ladder", "dust_sol"})
    rungs = tuple(ExitRung(one.gain_bps, one.share_bps) for one in exits.ladder)
    return ExitLimits(ladder=rungs, dust_lamports=lamports(exits.dust_sol), **given)


def _market(market: Market) -> MarketLimits:
    given = market.model_dump(exclude={"venue_exposure_sol_max", "group_exposure_sol_max", "token_groups"})
    return MarketLimits(
        venue_exposure_lamports_max=lamports(market.venue_exposure_sol_max),
        group_exposure_lamports_max=lamports(market.group_exposure_sol_max),
        token_groups=tuple(TokenGroup(name, mints) for name, mints in sorted(market.token_groups.items())),
        **given,
    )


def facts_of(strategy: Strategy, manifests: Manifests, around: Around) -> Facts:
    """Return what the gates look at for one strategy."""
    name, plugin, track = strategy.metadata.name, strategy.spec.strategy, around.track
    return Facts(
        paper_switch=around.paper_switch,
        asked=_asked(strategy, around),
        genesis=around.genesis,
        plugin=plugin,
        spec_hash=spec_hash(strategy),
        now_ns=around.time_ns,
        promotion=manifests.allocation.spec.promotion,
        evidence=tuple(one for one in around.records if isinstance(one, Damaged) or one.evidence.subject.strategy == plugin),
        code_hash=track.code.get(plugin, ""),
        paper_trades=track.closed_on_paper(name),
        paper_gap=track.gaps.get(name),
        policy_bound=True,
        capital_lamports=lamports(manifests.allocation.spec.capital_sol),
        halt=HaltState.ACTIVE,
        paused=strategy.spec.paused,
        word=around.words.get(name),
    )


def _asked(strategy: Strategy, around: Around) -> Mode | None:
    """An absent mode follows the switch, and where proposals are carried out, those. What is written is a person's word: it stands."""
    if strategy.spec.mode is not None or not around.promotes:
        return strategy.spec.mode
    word = around.words.get(strategy.metadata.name)
    return Mode.LIVE if word is not None and word.after in PROMOTED else Mode.PAPER


def judged(manifests: Manifests, around: Around) -> Judged:
    """Return what the gates say of each strategy, by name."""
    return {s.metadata.name: judge(facts_of(s, manifests, around)) for s in manifests.strategies}


def applied(manifests: Manifests, *, version: int, time_ns: int, paper_switch: bool, genesis: str) -> ConfigApplied:
    """Return the configuration that these manifests make where nothing is known of evidence."""
    around = Around(paper_switch=paper_switch, genesis=genesis, time_ns=time_ns)
    return in_force(manifests, judged(manifests, around), around, version)


def in_force(manifests: Manifests, verdicts: Judged, around: Around, version: int) -> ConfigApplied:
    """Return the configuration that the gates' verdicts make."""
    strategies = sorted(manifests.strategies, key=lambda s: s.metadata.name)
    configs = tuple(_config_of(s, verdicts[s.metadata.name], around) for s in strategies)
    spec, policy = manifests.allocation.spec, manifests.policy.spec
    return assembled(configs, spec, policy, version=version, time_ns=around.time_ns, genesis=around.genesis)


def assembled(
    configs: tuple[StrategyConfig, ...], allocation: AllocationSpec, policy: RiskPolicySpec, *, version: int, time_ns: int, genesis: str
) -> ConfigApplied:
    """Return the configuration that judged strategies, capital and limits make."""
    return ConfigApplied(
        version=version,
        time_ns=time_ns,
        policy_hash=policy_hash(policy),
        limits=limits(policy),
        strategies=configs,
        capital_lamports=lamports(allocation.capital_sol),
        weights_bps=_weights(configs, allocation.weights_bps) if allocation.method == "fixed" else (),
        genesis=genesis,
        weighing=Weighing(base=RiskBase(allocation.weighing.base)) if allocation.method == "adaptive" else None,
        promotion=allocation.promotion.terms() if genesis == MAINNET_GENESIS else None,
    )


def _config_of(strategy: Strategy, found: tuple[Mode, tuple[Condition, ...]], around: Around) -> StrategyConfig:
    name, plugin, code = strategy.metadata.name, strategy.spec.strategy, around.track.code
    return judged_config(name, plugin, spec_hash(strategy), code, found, strategy.spec.paused, around.words)


def judged_config(
    name: str,
    plugin: str,
    spec_hash: str,
    code: Mapping[str, str],
    found: tuple[Mode, tuple[Condition, ...]],
    paused: bool,
    words: Words,
) -> StrategyConfig:
    """Return a strategy as the services get to know it, with what the gates found."""
    mode, conditions = found
    return StrategyConfig(
        id=name,
        plugin=plugin,
        spec_hash=spec_hash,
        mode=mode,
        paused=paused,
        asked=is_asked(conditions),
        unmet=unmet(conditions),
        cooling_until_ns=cooling_until_ns(words.get(name)),
        code_hash=code.get(plugin, ""),
    )


def _weights(configs: tuple[StrategyConfig, ...], weights: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(weights.get(config.id, 0) for config in configs)
