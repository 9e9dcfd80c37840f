"""Where a position's stop is: the highest of those that are in force, each as lamports for all of its units, rounded down. Pure."""

from collections.abc import Callable, Sequence

import msgspec

from memesnipe.messages.control import RiskLimits
from memesnipe.messages.orders import ExitCause
from memesnipe.positions.book import BPS, Open


class Stop(msgspec.Struct, frozen=True, gc=False):
    """A price at or below which a position is sold: what all of its units are worth there."""

    cause: ExitCause
    quote_lamports: int


def stop_of(one: Open, limits: RiskLimits) -> Stop | None:
    """Return the highest stop in force; of two at one price the one that comes first below. None: the position has no stop."""
    if not one.position.units:
        return None
    found = [Stop(cause, quote) for cause, stop in STOPS if (quote := stop(one, limits)) is not None]
    return max(found, key=lambda stop: stop.quote_lamports, default=None)


def stop_ratio(one: Open, limits: RiskLimits) -> tuple[int, int]:
    """Return (lamports, units) of the stop's price; (0, 0) means that there is none."""
    stop = stop_of(one, limits)
    return (stop.quote_lamports, one.position.units) if stop is not None else (0, 0)


def touched(one: Open, limits: RiskLimits) -> ExitCause | None:
    """Return which stop the newest price is at or below."""
    stop, mark = stop_of(one, limits), one.watch.mark
    if stop is None or mark is None or mark.quote_lamports * one.position.units > stop.quote_lamports * mark.base_units:
        return None
    return stop.cause


def loss(one: Open, limits: RiskLimits) -> int | None:
    """So far below the price that was paid."""
    if not limits.stop_loss_bps:
        return None
    return one.position.entry_lamports * max(BPS - limits.stop_loss_bps, 0) // BPS


def break_even(one: Open, limits: RiskLimits) -> int | None:
    """At the whole cost (fees, tips and rent too), once the price was far enough above it."""
    gain_bps, cost, highest = limits.exits.break_even_from_bps, one.position.cost_lamports, one.watch.highest
    if not gain_bps or highest is None:
        return None
    return cost if highest.reaches(one.position.units, cost, gain_bps) else None


def trailing(one: Open, limits: RiskLimits) -> int | None:
    """So far below the highest price since entry."""
    trail_bps, highest = limits.exits.trailing_bps, one.watch.highest
    if not trail_bps or highest is None or not _armed(one, limits):
        return None
    return highest.quote_lamports * one.position.units * (BPS - trail_bps) // (highest.base_units * BPS)


def trailing_atr(one: Open, limits: RiskLimits) -> int | None:
    """So many average true ranges below the highest price since entry; it never falls again."""
    ranges = one.watch.ranges
    if not limits.exits.atr_multiple_bps or ranges is None or not ranges.stop > 0 or not _armed(one, limits):
        return None
    return int(ranges.stop * one.position.units)


STOPS: Sequence[tuple[ExitCause, Callable[[Open, RiskLimits], int | None]]] = (
    (ExitCause.STOP_LOSS, loss),
    (ExitCause.BREAK_EVEN, break_even),
    (ExitCause.TRAILING_STOP, trailing),
    (ExitCause.TRAILING_ATR, trailing_atr),
)


def _armed(one: Open, limits: RiskLimits) -> bool:
    highest = one.watch.highest
    return highest is not None and highest.reaches(one.position.units, one.position.entry_lamports, limits.exits.trailing_from_bps)
