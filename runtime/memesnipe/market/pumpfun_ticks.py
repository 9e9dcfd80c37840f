"""pump.fun events -> the product's market events. Pure; ids derived from signature and position, so a repeat has the same id."""

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import BadInput
from memesnipe.kernel.ids import derive
from memesnipe.market.curves import PUMPFUN
from memesnipe.market.pumpfun_events import CompleteSeen, CreateSeen, Seen, TradeSeen
from memesnipe.market.text import safe_label
from memesnipe.messages.bounds import TIME_NS_MAX, TIME_NS_MIN, Side
from memesnipe.messages.market import Launch, PriceTick

BPS = 10_000
DECIMALS = 6
"""Every pump.fun mint has six; the program makes it so."""


def event_of(seen: Seen, signature: str, ordinal: int, slot: int) -> PriceTick | Launch | None:
    """Return the market event of the `ordinal`-th event of a transaction; None for one that moves no price. Raises BadInput."""
    match seen:
        case TradeSeen():
            return _tick(seen, derive("trade", signature, ordinal), slot)
        case CreateSeen():
            return _launch(seen, slot)
        case CompleteSeen():
            return None


def _tick(seen: TradeSeen, event_id: str, slot: int) -> PriceTick:
    if not (seen.quote_lamports > 0 and seen.base_units > 0):
        raise BadInput("reserves", f"{seen.mint}: {seen.quote_lamports} lamports, {seen.base_units} units")
    if not (seen.fee_bps <= BPS):
        raise BadInput("fee_basis_points", f"{seen.mint}: {seen.fee_bps} bps together")
    return PriceTick(
        event_id=event_id,
        time_ns=_time_ns(seen),
        slot=slot,
        mint=seen.mint,
        venue=PUMPFUN,
        quote_lamports=seen.quote_lamports,
        base_units=seen.base_units,
        decimals=DECIMALS,
        trade_side=Side.BUY if seen.is_buy else Side.SELL,
        trade_lamports=seen.sol_lamports,
        trade_units=seen.units,
        fee_bps=seen.fee_bps,
    )


def _time_ns(seen: TradeSeen | CreateSeen) -> int:
    """An event that no reader could take would be published, and end in every reader's dead letters."""
    time_ns = seen.time_s * NS_PER_S
    if not (TIME_NS_MIN <= time_ns <= TIME_NS_MAX):
        raise BadInput("timestamp", f"{seen.mint}: {seen.time_s} s")
    return time_ns


def _launch(seen: CreateSeen, slot: int) -> Launch:
    return Launch(
        event_id=derive("launch", seen.mint),
        time_ns=_time_ns(seen),
        slot=slot,
        mint=seen.mint,
        creator=seen.creator,
        venue=PUMPFUN,
        symbol=safe_label(seen.symbol),
        name=safe_label(seen.name),
        decimals=DECIMALS,
        quote_lamports=seen.quote_lamports,
        base_units=seen.base_units,
        token_program=seen.token_program,
    )
