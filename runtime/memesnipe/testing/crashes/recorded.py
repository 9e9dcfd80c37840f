"""Recorded trades that crash from a moment on: the same market, as it would have been had somebody pulled the rug under a position.

From then on each price of the token is changed and nothing else: the strategies, the costs and every other token are as they were.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from memesnipe.guard.service import terms_of
from memesnipe.guard.settings import GuardSettings
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.messages.market import MarketEvent, PriceTick
from memesnipe.messages.orders import Fill, FillStatus
from memesnipe.research.backtest.engine import Costs, Engine
from memesnipe.research.backtest.market import of_events
from memesnipe.research.backtest.result import Result
from memesnipe.research.backtest.setup import Setup
from memesnipe.testing.crashes.row import Row

POOL = "raydium-cpmm"
Change = Callable[[PriceTick], PriceTick | None]
"""A price of the token after the crash; None: it is not heard any more."""


class Crash(NamedTuple):
    """`change` makes it, `cause` is the exit that is for it."""

    made: str
    must: str
    change: Change
    cause: str
    loss_bps_max: int
    """What may be lost of all that was paid."""


def times(quote: float, base: float) -> Change:
    """Return a change of both reserves by a factor."""
    return lambda tick: msgspec.structs.replace(
        tick, quote_lamports=max(1, int(tick.quote_lamports * quote)), base_units=max(1, int(tick.base_units * base))
    )


CRASHES = {
    "price halves": Crash(
        "somebody sells until the price is half, the product is kept", "sold at the stop, at the next trade", times(0.5**0.5, 2**0.5),
        "stop_loss", 5_500,
    ),
    "rug pull": Crash(
        "the creator dumps: the price is a hundredth", "sold at the next trade for what is left", times(0.1, 10),
        "stop_loss", 10_000,
    ),
    "liquidity drained": Crash(
        "four fifths of both sides leave, the price stays", "sold at the next trade", times(0.2, 0.2), "liquidity", 1_500,
    ),
    "feed stops": Crash("no more prices of the token", "sold by its age, `timeStopS`", lambda _: None, "time_stop", 1_500),
}  # fmt: skip


def run(setup: Setup, events: Sequence[MarketEvent]) -> Result:
    """Return what a backtest makes of events."""
    settings = GuardSettings()
    return Engine(setup, Costs(terms_of(settings), settings.guard_trade_size_lamports_max)).run(of_events(list(events)))


def crashed(events: Iterable[MarketEvent], crash: Crash, mint: str, after_ns: int) -> list[MarketEvent]:
    """Return the events with one token's prices changed from a moment on."""
    kept: list[MarketEvent] = []
    for event in events:
        if isinstance(event, PriceTick) and event.mint == mint and event.time_ns > after_ns:
            changed = crash.change(event)
            kept += [changed] if changed is not None else []
        else:
            kept.append(event)
    return kept


def as_pools(events: Iterable[MarketEvent]) -> list[MarketEvent]:
    """Return the same trades on pools whose reserves are all real: from a bonding curve nobody can take the liquidity out."""
    return [msgspec.structs.replace(one, venue=POOL) if isinstance(one, PriceTick) else one for one in events]


def held_longest(result: Result) -> Fill:
    """Return the buy of the trade that was held the longest: under it the market crashes."""
    trade = max(result.trades, key=lambda one: one.closed_ns - one.opened_ns)
    return next(fill for fill in result.fills if fill.intent_id == trade.opened_intent_id and fill.status is FillStatus.FILLED)


def told(name: str, crash: Crash, result: Result, bought: Fill, after_ns: int) -> Row:
    """Return what became of the position; `closed_s` is from the crash on. Raises StopIteration where it was never closed."""
    trade = next(one for one in result.trades if one.opened_intent_id == bought.intent_id)
    loss = -trade.net_lamports * 10_000 // trade.outlay_lamports
    return Row("recorded", name, crash.made, crash.must, trade.exit_cause, (trade.closed_ns - after_ns) / NS_PER_S, loss)
