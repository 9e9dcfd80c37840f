"""Which leases a live strategy gets now. Pure: configuration and halts in, leases out."""

from collections.abc import Iterator, Sequence

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.control import ConfigApplied, StrategyConfig
from memesnipe.messages.signing import Lease

LEASE_NS = 5 * NS_PER_S
"""A dead control process stops new risk after this long."""
EXIT_LEASE_NS = 600 * NS_PER_S
"""Protective exits stay possible this long without a control process."""


def removed(config: ConfigApplied, ever: frozenset[str]) -> tuple[StrategyConfig, ...]:
    """Return the strategies whose manifests are gone, as ones that may only get exit leases."""
    gone = ever - {strategy.id for strategy in config.strategies}
    return tuple(StrategyConfig(name, name, "", Mode.PAPER, paused=True) for name in sorted(gone))


def leases(
    config: ConfigApplied,
    halt_of: dict[str, HaltState],
    halt_epoch: int,
    now_ns: int,
    *,
    paper_switch: bool,
    gone: Sequence[StrategyConfig] = (),
) -> Iterator[tuple[Lease, bool]]:
    """Yield (lease, is_exit_lease): none under the paper switch or in FROZEN, only exit leases in HALTED.

    A strategy that went back to paper or lost its manifest (`gone`) keeps its exit lease: what it bought live must be sold live,
    or it is stranded.
    """
    for strategy in (*config.strategies, *gone):
        halt = halt_of[strategy.id]
        if paper_switch or not config.genesis or halt is HaltState.FROZEN:
            continue
        yield _lease(config, strategy, halt_epoch, now_ns, EXIT_LEASE_NS, reduce_only=True, exits_only=True), True
        if strategy.mode is Mode.LIVE and halt is not HaltState.HALTED and not strategy.paused:
            yield _lease(config, strategy, halt_epoch, now_ns, LEASE_NS, reduce_only=halt is HaltState.REDUCE_ONLY, exits_only=False), False


def _lease(
    config: ConfigApplied, strategy: StrategyConfig, epoch: int, now_ns: int, life_ns: int, *, reduce_only: bool, exits_only: bool
) -> Lease:
    limits = config.limits
    return Lease(
        strategy=strategy.id,
        mode=Mode.LIVE,
        spec_hash=strategy.spec_hash,
        policy_hash=config.policy_hash,
        genesis=config.genesis,
        halt_epoch=epoch,
        reduce_only=reduce_only,
        issued_ns=now_ns,
        expires_ns=now_ns + life_ns,
        size_lamports_max=min(limits.trade_size_lamports_max, limits.guard_trade_size_lamports_max),
        priority_fee_lamports_max=limits.priority_fee_lamports_max,
        tip_lamports_max=limits.tip_lamports_max,
        spend_lamports_per_hour_max=limits.spend_lamports_per_hour_max,
        spend_lamports_per_day_max=limits.spend_lamports_per_day_max,
        exits_only=exits_only,
    )
