"""Position arithmetic in integers: average cost, and profit as the change of the wallet's SOL and nothing else.

Definitions, for one (strategy, mode, mint), over its fills in canonical order (`fill_order`):

* a buy adds its whole outlay, -sol_delta (price, fees, tip and rent together), to `cost_lamports`;
* a sell of s of u units takes floor(cost * s / u) out of the cost (all of it when s = u) and realizes sol_delta minus that;
* a failed transaction realizes its sol_delta (the fee that was charged).

So at every moment, exactly: realized - cost = sum of sol deltas. Rent is paid when it is paid and earned when it comes back.
`entry_lamports` is the part of the cost that went to the market (without fee, tip and rent): stops compare prices with it,
because a stop that counted 0.002 SOL of rent as a falling price would close every small position at once.
"""

import msgspec

from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.orders import Fill, FillStatus


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """What one strategy holds of one token in one mode, and what it made of it. Lamports and token base units."""

    strategy: str
    mode: Mode
    mint: str
    units: int = 0
    cost_lamports: int = 0
    entry_lamports: int = 0
    realized_lamports: int = 0
    """Net of everything, since the first fill ever."""
    fees_lamports: int = 0
    tips_lamports: int = 0
    rent_lamports: int = 0
    """Rent paid and not come back; a part of what was already counted, for information."""
    decimals: int = 6
    fills: int = 0
    opened_ns: int = 0
    opened_intent_id: str = ""
    """Intent of the fill that took the units from nothing; exit ids derive from it."""
    trade_base_lamports: int = 0
    """`realized_lamports` when the previous trade closed: the current trade's profit is the difference."""
    trade_outlay_lamports: int = 0
    """All that was spent on buys of the current trade: the base of its return."""
    last_slot: int = 0
    last_ns: int = 0
    last_signature: str = ""

    @property
    def key(self) -> tuple[str, Mode, str]:
        """What makes a position one position."""
        return self.strategy, self.mode, self.mint


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """A round trip: from no units to no units. `net_lamports` holds the failed attempts' fees too."""

    strategy: str
    mode: Mode
    mint: str
    opened_intent_id: str
    closed_intent_id: str
    closed_signature: str
    opened_ns: int
    closed_ns: int
    outlay_lamports: int
    net_lamports: int
    exit_cause: str = ""


def position_of(fill: Fill) -> Position:
    """Return the empty position that a fill belongs to."""
    return Position(strategy=fill.strategy, mode=fill.mode, mint=fill.mint)


def fill_order(fill: Fill) -> tuple[int, int, int, bool, str]:
    """Canonical place of a fill: the ledger is a function of the SET of fills, whatever order they were delivered in.

    On an event clock a sale may share slot and time with the buy it sells: both on one price. The one that was thought of first comes
    first, and of one moment the buy. Sold before it was bought, its units would be held in the ledger for ever, and by nobody.
    """
    return fill.slot, fill.time_ns, fill.intent_time_ns, fill.side is Side.SELL, fill.signature


def comes_last(fill: Fill, position: Position) -> bool:
    """Return whether a fill is after all that is folded in. With the slot and time of the newest it may not be: fold anew."""
    return (fill.slot, fill.time_ns) > (position.last_slot, position.last_ns)


def apply(position: Position, fill: Fill) -> tuple[Position, Trade | None]:
    """Return the position after a fill, and the trade that it closed, if it closed one."""
    counted = _count(position, fill)
    if fill.status is FillStatus.FAILED:
        return msgspec.structs.replace(counted, realized_lamports=counted.realized_lamports + fill.sol_delta_lamports), None
    if fill.side is Side.BUY:
        return _buy(counted, fill), None
    after = _sell(counted, fill)
    return _close(after, fill) if position.units and not after.units else (after, None)


def _count(position: Position, fill: Fill) -> Position:
    return msgspec.structs.replace(
        position,
        fees_lamports=position.fees_lamports + fill.fee_lamports,
        tips_lamports=position.tips_lamports + fill.tip_lamports,
        rent_lamports=position.rent_lamports + fill.rent_lamports,
        decimals=fill.decimals,
        fills=position.fills + 1,
        last_slot=fill.slot,
        last_ns=fill.time_ns,
        last_signature=fill.signature,
    )


def _buy(position: Position, fill: Fill) -> Position:
    outlay = -fill.sol_delta_lamports
    opens = not position.units
    return msgspec.structs.replace(
        position,
        units=position.units + fill.token_delta_units,
        cost_lamports=position.cost_lamports + outlay,
        entry_lamports=position.entry_lamports + outlay - fill.fee_lamports - fill.tip_lamports - fill.rent_lamports,
        trade_outlay_lamports=position.trade_outlay_lamports + outlay,
        opened_ns=fill.time_ns if opens else position.opened_ns,
        opened_intent_id=fill.intent_id if opens else position.opened_intent_id,
    )


def _sell(position: Position, fill: Fill) -> Position:
    # More sold than held means tokens that no fill of ours bought: they cost nothing here, and the units stop at zero.
    sold, held = min(-fill.token_delta_units, position.units), position.units
    cost_out = position.cost_lamports * sold // held if sold < held else position.cost_lamports
    entry_out = position.entry_lamports * sold // held if sold < held else position.entry_lamports
    return msgspec.structs.replace(
        position,
        units=held - sold,
        cost_lamports=position.cost_lamports - cost_out,
        entry_lamports=position.entry_lamports - entry_out,
        realized_lamports=position.realized_lamports + fill.sol_delta_lamports - cost_out,
    )


def _close(position: Position, fill: Fill) -> tuple[Position, Trade]:
    trade = Trade(
        strategy=position.strategy,
        mode=position.mode,
        mint=position.mint,
        opened_intent_id=position.opened_intent_id,
        closed_intent_id=fill.intent_id,
        closed_signature=fill.signature,
        opened_ns=position.opened_ns,
        closed_ns=fill.time_ns,
        outlay_lamports=position.trade_outlay_lamports,
        net_lamports=position.realized_lamports - position.trade_base_lamports,
        exit_cause=fill.exit_cause.value if fill.exit_cause else "",
    )
    return msgspec.structs.replace(position, trade_base_lamports=position.realized_lamports, trade_outlay_lamports=0), trade
