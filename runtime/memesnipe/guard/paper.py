"""The paper model: what a swap would have done to the wallet, from the pool's reserves and the chain's costs. Integers only.

A fill is computed from the reserves k slots after acceptance, k and a failure drawn from (seed, intent id): the same order on the
same recording ends the same way on every run. A quote that the later reserves cannot honour within the slippage fails as it would
on chain: the fee is paid, nothing else moves. Paper never gives more than the curve does.

Delay and failure are drawn jointly with the market's own unrest, `stir_bps`: how far the token's last event moved its price, fading
with the slots since. Whoever trades in a storm queues behind everybody else's writes to the same pool (a block has room for so much
work on one account), so k, failures and slippage come together, just when they cost most. In the recorded pump.fun trades of
2025-09 an event that moved the price by less than 0.04% is followed by 2.1 trades and a move of 2.8% within three slots, one that
moved it by more than 4.7% by 5.8 trades and 8.6%. The fading, one over one plus the time since, is how aftershocks die down after a
crash (Lillo and Mantegna 2003, Power-law relaxation in a complex system).
"""

import msgspec

from memesnipe.chain import costs
from memesnipe.kernel.ids import derive
from memesnipe.market import curves
from memesnipe.messages.bounds import AMOUNT_MAX, Side
from memesnipe.messages.market import PriceTick
from memesnipe.messages.orders import ApprovedOrder, ExitIntent, Fill, FillStatus, Intent, way_of

BPS = 10_000
ATTEMPT = 1
"""A paper order has one attempt: a second try is a new intent."""


class Terms(msgspec.Struct, frozen=True):
    """What paper charges and how it draws; made from the settings once."""

    seed: int
    slots_max: int
    failure_bps: int
    timeout_ns: int
    fee_lamports: int
    tip_lamports: int
    rent_lamports: int = costs.TOKEN_ACCOUNT_RENT_LAMPORTS
    impact_bps_max: int = 2_000
    """As the signer's policy has it: how far below the intent's own price, beyond its slippage, a quote may be."""
    slots_more: int = 0
    """Added to each drawn delay: a backtest asks what is left of an edge when every order comes later."""
    slots_stir: int = 0
    """Added to `slots_max` where the last event doubled the price; in proportion below that."""
    failure_stir_bps: int = 0
    """Added to `failure_bps` where the last event doubled the price; in proportion below that."""


class Cost(msgspec.Struct, frozen=True):
    """What getting into a block costs (lamports): the network's whole fee, and the tip."""

    fee_lamports: int
    tip_lamports: int


class Draw(msgspec.Struct, frozen=True):
    """What chance says about one order."""

    slots: int
    fails: bool


class Swap(msgspec.Struct, frozen=True, gc=False):
    """What the pool gives for an order: lamports into or out of the wallet, token units the other way."""

    sol_lamports: int
    units: int
    venue_fee_lamports: int


def stir_bps(before: PriceTick | None, last: PriceTick | None, slot: int) -> int:
    """Return the unrest of a token at `slot` in bps, 0 to 10,000: the move of its price from `before` to `last`, over 1 + slots since."""
    if before is None or last is None:
        return 0
    was, now = before.quote_lamports * last.base_units, last.quote_lamports * before.base_units
    return min(BPS, abs(now - was) * BPS // was) // (1 + max(0, slot - last.slot))


def draw(intent_id: str, terms: Terms, stir: int = 0) -> Draw:
    """Return this intent's luck in a market of this `stir_bps`: the same for the same seed, id and stir."""
    number, within = int(derive("paper", terms.seed, intent_id), 16), slots_within(terms, stir) + 1
    return Draw(number % within + terms.slots_more, number // within % BPS < failure_bps(terms, stir))


def slots_within(terms: Terms, stir: int) -> int:
    """Return the longest delay (slots) that may be drawn in a market of this `stir_bps`; the shortest is 0."""
    return terms.slots_max + stir * terms.slots_stir // BPS


def failure_bps(terms: Terms, stir: int) -> int:
    """Return how many of 10,000 orders fail in a market of this `stir_bps`."""
    return terms.failure_bps + stir * terms.failure_stir_bps // BPS


def at_cost(terms: Terms, cost: Cost | None) -> Terms:
    """Return the terms with an order's own cost of getting into a block."""
    return terms if cost is None else msgspec.structs.replace(terms, fee_lamports=cost.fee_lamports, tip_lamports=cost.tip_lamports)


def side_of(intent: Intent) -> Side:
    """Return the direction; an exit can only sell."""
    return Side.SELL if isinstance(intent, ExitIntent) else intent.side


def quoted_out(intent: Intent, swap: Swap | None) -> int:
    """Return what a quote would promise now (units on a buy, lamports on a sell).

    Without reserves (no `swap`) the strategy's own price ratio stands in: it is all that is known of the market.
    """
    if swap is not None:
        return swap.units if side_of(intent) is Side.BUY else swap.sol_lamports
    if isinstance(intent, ExitIntent) or intent.side is Side.SELL:
        return min(intent.size_units * intent.quote_lamports // intent.base_units, AMOUNT_MAX)
    return min(intent.size_lamports * intent.base_units // intent.quote_lamports, AMOUNT_MAX)


def swapped(intent: Intent, tick: PriceTick) -> Swap:
    """Return what the pool does for this order at these reserves."""
    pool = curves.pool_of(tick)
    if isinstance(intent, ExitIntent) or intent.side is Side.SELL:
        sale = curves.sell_exact_in(pool, intent.size_units)
        return Swap(sale.lamports_net, intent.size_units, sale.protocol_fee + sale.creator_fee)
    bought = curves.buy_exact_in(pool, intent.size_lamports)
    fees = bought.protocol_fee + bought.creator_fee
    return Swap(bought.quote_lamports + fees, bought.units, fees)


def min_out(intent: Intent, quoted: int) -> int:
    """Return the least out-amount that the chain would accept, never zero: a swap for nothing is a gift."""
    return max(1, quoted * (BPS - intent.slippage_bps_max) // BPS)


def filled(
    order: ApprovedOrder, tick: PriceTick, swap: Swap, quoted: int, rent_lamports: int, terms: Terms, time_ns: int, taken_ns: int = 0
) -> Fill:
    """Return the fill of what these reserves give; a FAILED one where that is below what the quote allows."""
    buying = side_of(order.intent) is Side.BUY
    out = swap.units if buying else swap.sol_lamports
    if not (out >= min_out(order.intent, quoted)):
        return failed(order, tick, quoted, terms, time_ns, f"slippage: {out} of {quoted} quoted", taken_ns)
    if buying:
        costs_lamports = terms.fee_lamports + terms.tip_lamports + rent_lamports
        moved = Moved(-swap.sol_lamports - costs_lamports, swap.units, terms.tip_lamports, rent_lamports, swap.venue_fee_lamports)
    else:
        net_lamports = swap.sol_lamports - terms.fee_lamports - terms.tip_lamports
        moved = Moved(net_lamports, -swap.units, terms.tip_lamports, 0, swap.venue_fee_lamports)
    return _fill(order, tick, FillStatus.FILLED, moved, quoted, terms, time_ns, "", taken_ns)


def failed(order: ApprovedOrder, tick: PriceTick, quoted: int, terms: Terms, time_ns: int, error: str, taken_ns: int = 0) -> Fill:
    """Return what a landed but failed transaction costs: the network's fee, and nothing else."""
    return _fill(order, tick, FillStatus.FAILED, Moved(-terms.fee_lamports, 0, 0, 0, 0), quoted, terms, time_ns, error[:64], taken_ns)


class Moved(msgspec.Struct, frozen=True, gc=False):
    """What moved in the wallet, and what of it was tip, rent and the pool's own fee."""

    sol_lamports: int
    units: int
    tip_lamports: int
    rent_lamports: int
    venue_fee_lamports: int


def _fill(
    order: ApprovedOrder,
    tick: PriceTick,
    status: FillStatus,
    moved: Moved,
    quoted: int,
    terms: Terms,
    time_ns: int,
    error: str,
    taken_ns: int,
) -> Fill:
    intent = order.intent
    return Fill(
        intent_id=intent.id,
        strategy=intent.strategy,
        mode=order.mode,
        attempt=ATTEMPT,
        signature=f"paper:{intent.id}:{ATTEMPT}",
        status=status,
        side=side_of(intent),
        mint=intent.mint,
        slot=tick.slot,
        time_ns=time_ns,
        sol_delta_lamports=moved.sol_lamports,
        token_delta_units=moved.units,
        fee_lamports=terms.fee_lamports,
        tip_lamports=moved.tip_lamports,
        rent_lamports=moved.rent_lamports,
        venue_fee_lamports=moved.venue_fee_lamports,
        quoted_out=quoted,
        intent_time_ns=intent.time_ns,
        decimals=tick.decimals,
        exit_cause=intent.cause if isinstance(intent, ExitIntent) else None,
        error=error,
        way=way_of(intent, order, taken_ns=taken_ns),
    )
