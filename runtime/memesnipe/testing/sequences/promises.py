"""What must hold at every step of a sequence, whatever happens: each promise in terms of `Count`, of messages and of the policy alone."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from memesnipe.bus.api import Entry, Output
from memesnipe.kernel.clock import NS_PER_MS, NS_PER_S
from memesnipe.kernel.ids import derive
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import HaltState, Mode, Side
from memesnipe.messages.control import AllocationDecision, ConfigApplied, HaltCommand
from memesnipe.messages.market import MarketFrame, PriceTick
from memesnipe.messages.orders import ApprovedOrder, ExitIntent, Fill, Intent, OrderIntent, Rejection
from memesnipe.risk.book import Book
from memesnipe.testing.sequences.counting import MODES, Count, Key

if TYPE_CHECKING:
    from memesnipe.testing.sequences.world import World

PERSON = "me"
WHOLE_BPS = 10_000


class Broken(AssertionError):  # noqa: N818 - what a test reads
    """A promise that did not hold."""


def require(holds: object, promise: str, detail: object = "") -> None:
    """Raise Broken unless it holds."""
    if not holds:
        raise Broken(f"{promise}: {detail}")


# The allocator.
def whole_at_most(decision: AllocationDecision, config: ConfigApplied) -> None:
    """Weights are not negative, and no more than the whole is given; a paused strategy gets nothing."""
    weights = {share.strategy: share.weight_bps for share in decision.shares}
    require(all(weight >= 0 for weight in weights.values()), "a weight is negative", weights)
    require(sum(weights.values()) <= WHOLE_BPS, "more than the whole was given", weights)
    require(sum(one.capital_lamports for one in decision.shares) <= config.capital_lamports, "more capital than there is", decision)
    require(weights.keys() == {one.id for one in config.strategies}, "shares of other strategies than the applied", weights)
    require(not any(weights[one.id] for one in config.strategies if one.paused), "a paused strategy got capital", weights)


# risk_guardian.
def note(world: "World", entry: Entry) -> None:
    """Count what risk_guardian is about to hear."""
    message = entry.message
    if isinstance(message, Fill):
        world.seen.fill(message)
    elif isinstance(message, Rejection):
        world.seen.end(message.intent_id)
    elif isinstance(message, MarketFrame):
        for tick in message.events:
            if isinstance(tick, PriceTick) and tick.time_ns <= world.now_ns + world.limits.clock_skew_ms_max * NS_PER_MS:
                world.seen.price(tick)


def approved(world: "World", entry: Entry, order: ApprovedOrder) -> None:
    """A yes was right, and is the only one; the room it takes is counted from here on."""
    intent, limits = order.intent, world.limits
    require(intent.id not in world.answered, "an intent was answered twice", intent)
    world.answered.add(intent.id)
    require(intent.strategy == entry.strategy, "an order of another strategy's", intent)
    if isinstance(intent, ExitIntent):
        require(world.rules.halt(intent.strategy) is not HaltState.FROZEN, "an exit was let out of FROZEN", intent)
        world.tally[f"exits/{intent.cause.value}"] += 1
    else:
        order_allowed(world, order.mode, intent)
    sells = isinstance(intent, ExitIntent) or intent.side is Side.SELL
    if sells:
        key = (order.mode, intent.strategy, intent.mint)
        require(intent.size_units <= world.seen.free_units(key), "more is being sold than is held", intent)
    for count in (world.seen, world.happened):
        count.promise(order.mode, intent, limits.priority_fee_lamports_max + limits.tip_lamports_max)
        if not sells:
            within_limits(world, count, order.mode, intent)


def order_allowed(world: "World", mode: Mode, intent: OrderIntent) -> None:
    """A strategy's order was allowed by the halts, by the applied config, by the clock, and by what it did before."""
    limits, state, buys = world.limits, world.rules.halt(intent.strategy), intent.side is Side.BUY
    require(state in (HaltState.ACTIVE, HaltState.REDUCE_ONLY), f"an order in {state.value}", intent)
    require(state is HaltState.ACTIVE or not buys, "a buy in reduce_only", intent)
    require(intent.id == derive("intent", intent.strategy, intent.spec_hash, intent.event_id, intent.sequence), "an id of its own", intent)
    require((intent.size_lamports > 0) is buys and (intent.size_units > 0) is not buys, "a size for both sides or none", intent)
    applied = [one for one in world.config.strategies if one.id == intent.strategy and not one.paused]
    require(len(applied) == 1, "an order of a strategy that may not trade", intent)
    require(intent.spec_hash == applied[0].spec_hash, "an order of another spec", intent)
    require(mode is applied[0].mode, "an order in another mode", intent)
    age_ns = world.now_ns - intent.time_ns
    require(age_ns <= limits.event_age_ms_max * NS_PER_MS, "an order on an old event", intent)
    require(-age_ns <= limits.clock_skew_ms_max * NS_PER_MS, "an order on an event from the future", intent)
    require(intent.slippage_bps_max <= limits.slippage_bps_max, "more slippage than allowed", intent)
    key = (mode, intent.strategy, intent.mint)
    require(all(one.key != key for one in world.seen.promised.values()), "two orders of one strategy and token in flight", intent)
    not_too_many(world, mode, intent)


def not_too_many(world: "World", mode: Mode, intent: OrderIntent) -> None:
    """No more orders than allowed within any sixty seconds."""
    known = world.orders_ns.setdefault((mode, intent.strategy), [])
    known.append(world.now_ns)
    lately = sum([1 for time_ns in known if time_ns > world.now_ns - 60 * NS_PER_S])
    require(lately <= world.limits.orders_per_minute_max, "more orders a minute than allowed", lately)


def within_limits(world: "World", count: Count, mode: Mode, buy: Intent) -> None:
    """With this buy, exposure and reservations are within every limit; and there was no drawdown to stop it."""
    limits, capital = world.limits, world.rules.capital.get(buy.strategy, 0)
    require(isinstance(buy, OrderIntent) and buy.size_lamports <= limits.trade_size_lamports_max, "a trade that is too large", buy)
    own = count.committed(mode, strategy=buy.strategy)
    require(own <= min(capital, limits.strategy_exposure_lamports_max), "a strategy holds more than it may", own)
    token = count.committed(mode, mint=buy.mint)
    require(token <= limits.token_exposure_lamports_max, "more of a token than allowed", token)
    total = count.committed(mode)
    require(total <= limits.portfolio_exposure_lamports_max, "the portfolio holds more than it may", total)
    key: Key = (mode, buy.strategy, buy.mint)
    others = count.open(mode) - {key}
    require(count.units(key) or len(others) < limits.open_positions_max, "more positions than allowed", len(others) + 1)
    require(mode not in world.tripped, "a buy after a tripped breaker", buy)
    fallen = world.seen.too_deep(mode, world.config.capital_lamports, limits.drawdown_bps_max)
    require(not fallen, "a buy in a drawdown", buy)


def refused(world: "World", entry: Entry, rejection: Rejection) -> None:
    """A no has a reason of the table; an exit is refused in FROZEN, or where the units are being sold, and for nothing else."""
    intent: Intent = entry.message
    world.tally[f"risk_guardian/{rejection.reason.value}"] += 1
    require(rejection.intent_id not in world.answered, "an intent was answered twice", rejection)
    world.answered.add(rejection.intent_id)
    require(rejection.detail, "a refusal without a word", rejection)
    if intent.strategy != entry.strategy:
        require(rejection.intent_id != intent.id, "a forged intent ended another's order", intent)
    elif isinstance(intent, ExitIntent):
        frozen = world.rules.halt(intent.strategy) is HaltState.FROZEN
        sold = world.seen.free_units((intent.mode or Mode.PAPER, intent.strategy, intent.mint)) < intent.size_units
        fair = {ReasonCode.FROZEN: frozen, ReasonCode.NO_POSITION: sold, ReasonCode.APPROVAL_INVALID: not world.seal_works}
        require(fair.get(rejection.reason), "an exit was refused", f"for {rejection.reason.value}: {rejection.detail}")


def after_risk(world: "World", entry: Entry, outputs: Sequence[Output], before: Book, *, again: bool) -> None:
    """The book is the count of what was heard; a fall deeper than the limit orders a halt, once; what is said again changes nothing."""
    prices = isinstance(entry.message, MarketFrame)
    if again and not prices:
        # A policy that came in between may halt for what was known already; money may not move twice.
        said = [one.message for one in outputs if not isinstance(one.message, HaltCommand)]
        same = all(_money(world.risk, mode) == _money(before, mode) for mode in MODES)
        require(same and not said, "something said again was taken for new", entry)
    if prices and world.risk is before and not world.seen.holds(entry.message.events[0].mint):
        return
    for mode in MODES:
        if world.risk.of(mode) is not before.of(mode) or not isinstance(entry.message, OrderIntent | ExitIntent):
            _counted(world, mode)
        if isinstance(entry.message, Fill) or (prices and world.risk is not before):
            _breaker_trips(world, mode, outputs)
        require(world.risk.of(mode).tripped is (mode in world.tripped), "a breaker opened, or closed, by itself", mode)


def _money(book: Book, mode: Mode) -> dict[str, object]:
    return {name: (one.positions, one.reservations, one.realized_lamports) for name, one in book.of(mode).accounts.items()}


def _counted(world: "World", mode: Mode) -> None:
    """The portfolio is what was heard of it, and holds no more than it may, or than it held before the limit was lowered."""
    portfolio, seen = world.risk.of(mode), world.seen
    counted = (seen.committed(mode), seen.pnl(mode), seen.peak[mode])
    book = (portfolio.committed_lamports, portfolio.pnl_lamports, portfolio.peak_pnl_lamports)
    require(book == counted, "the book is not what happened", f"{mode.value}: {book}, counted {counted}")
    room = max(world.committed[mode], world.limits.portfolio_exposure_lamports_max)
    require(counted[0] <= room, "the portfolio holds more than it may", counted[0])
    world.committed[mode] = counted[0]
    reserved = {key for account in portfolio.accounts.values() for key in account.reservations}
    promised = {key for key, one in seen.promised.items() if one.key[0] is mode}
    require(reserved == promised, "room that no order in flight takes", reserved ^ promised)


def _breaker_trips(world: "World", mode: Mode, outputs: Sequence[Output]) -> None:
    if mode in world.tripped or not world.seen.too_deep(mode, world.config.capital_lamports, world.limits.drawdown_bps_max):
        return
    stopped = {one.id for one in world.config.strategies if one.mode is mode}
    halts = [one.message for one in outputs if isinstance(one.message, HaltCommand)]
    told = {one.scope for one in halts if one.state is HaltState.HALTED}
    require("*" in told or (stopped and stopped <= told), "a drawdown without a halt", told)
    world.tripped.add(mode)
