"""What position_manager promises: every open position has a stop or an alert, a stop that was reached sells, and all of it ends."""

from typing import TYPE_CHECKING

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.orders import ExitIntent
from memesnipe.positions.book import Open
from memesnipe.positions.decide import update_of
from memesnipe.positions.report import dust, unprotected
from memesnipe.testing.sequences.promises import require

if TYPE_CHECKING:
    from memesnipe.testing.sequences.world import World


def asked_for(world: "World", intent: ExitIntent) -> None:
    """An exit sells something that is held, no more than all of it, and never in FROZEN."""
    position = world.accounts.positions[(intent.strategy, intent.mode or Mode.PAPER, intent.mint)]
    require(0 < intent.size_units <= position.units, "an exit for more than the ledger holds", intent)
    require(world.rules.halt(intent.strategy) is not HaltState.FROZEN, "an exit was asked for in FROZEN", intent)
    require(intent.slippage_bps_max <= world.limits.slippage_bps_max, "an exit with more slippage than allowed", intent)


def after_positions(world: "World") -> None:
    """Positions are those of the ledger; each has a stop or is told of; what reached its stop or its age is being sold."""
    held = {key: one for key, one in world.accounts.positions.items() if one.units > 0}
    require({key: one.position for key, one in world.positions.open.items()} == held, "positions are not those of the ledger")
    if not world.positions.open:
        return
    told = set(unprotected(world.positions, world.position_rules()))
    for one in world.positions.open.values():
        require(has_stop(world, one) or one.position.mint in told, "a position without a stop, and nobody was told", one)
        if world.rules.halt(one.position.strategy) is not HaltState.FROZEN:
            require(one.watch.exit or not must_go(world, one), "a position that must go is not being sold", one)


def has_stop(world: "World", one: Open) -> bool:
    """Return whether the position's word, as everybody hears it, names a stop: no lower than the policy's."""
    said = update_of(one, world.position_rules(), world.now_ns)
    low = one.position.entry_lamports * (10_000 - world.limits.stop_loss_bps) // 10_000 if world.limits.stop_loss_bps else 0
    require(said.stop_quote_lamports >= low and (said.stop_base_units > 0) >= (low > 0), "a stop below the policy's", said)
    return said.stop_base_units > 0


def is_crumb(world: "World", one: Open) -> bool:
    """Return whether so little is left of a position that was sold in part that its sale would cost more: told of, and kept."""
    position, mark = one.position, one.watch.mark
    worth = position.units * mark.quote_lamports // mark.base_units if mark is not None else position.cost_lamports
    return position.cost_lamports < position.trade_outlay_lamports and worth < world.limits.exits.dust_lamports


def must_go(world: "World", one: Open) -> bool:
    """Return whether price, age or a person says so."""
    position, limits, mark = one.position, world.limits, one.watch.mark
    if one.watch.close_request:
        return True
    if is_crumb(world, one):
        return False
    if limits.time_stop_s and world.now_ns - position.opened_ns >= limits.time_stop_s * NS_PER_S:
        return True
    if one.watch.token_worse:
        return True
    if mark is None or not limits.stop_loss_bps:
        return False
    # price <= entry * (1 - stop), both sides as products: entry_lamports are for all units.
    stop = position.entry_lamports * (10_000 - limits.stop_loss_bps) // 10_000
    return mark.quote_lamports * position.units <= stop * mark.base_units


def must_end(world: "World") -> bool:
    """Return whether something is held that ends by itself, when prices fall or time passes."""
    kept = [one for one in world.positions.open.values() if not is_crumb(world, one)]
    return any(world.limits.time_stop_s or has_stop(world, one) for one in kept)


def flat_or_told(world: "World") -> None:
    """At the end of a sequence, after every price fell and everything was given its time."""
    rules = world.position_rules()
    told = {*unprotected(world.positions, rules), *(key[2] for key in dust(world.positions, rules))}
    left = [one.position for one in world.positions.open.values()]
    require(not must_end(world), "a position did not end", left)
    require({one.mint for one in left} <= told, "a position without a stop, and nobody was told", left)
