"""How far a replay can be believed: how our own fills would have moved the reserves that the recording then shows without us.

A replay fills us at recorded reserves, but the traders in it never met our orders. Had our net lamports and units stayed in the pool,
every later price would have differed by the bps stated here. Small numbers mean that the recording is a fair judge; large ones mean
that the strategy traded against a market that could not have existed. Pure, in integers; what others would have done instead is unknown.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from memesnipe.messages.market import PriceTick
from memesnipe.messages.orders import Fill, FillStatus

BPS = 10_000


class Divergence(msgspec.Struct, frozen=True):
    """One token's. Net amounts are what we added to the pool (negative: took out) by the end; bps are of the recorded price."""

    mint: str
    fills: int
    net_lamports: int
    net_units: int
    last_bps: int
    max_bps: int
    """The largest in size at any trade of the run, with its sign."""
    max_slot: int
    """Where it was."""


def pool_lamports(fill: Fill) -> int:
    """Return what a fill put into the pool (negative: took out): the wallet's delta without fees, tip, rent and the venue's fee."""
    return -(fill.sol_delta_lamports + fill.fee_lamports + fill.tip_lamports + fill.rent_lamports + fill.venue_fee_lamports)


def price_shift_bps(tick: PriceTick, net_lamports: int, net_units: int) -> int:
    """Return by how many bps the price would differ with our net amounts in the pool; the largest number where it would be empty."""
    quote, base = tick.quote_lamports + net_lamports, tick.base_units + net_units
    if not (quote > 0 and base > 0):
        return BPS * BPS
    return quote * tick.base_units * BPS // (tick.quote_lamports * base) - BPS


def diverge(ticks: Iterable[PriceTick], fills: Iterable[Fill]) -> tuple[Divergence, ...]:
    """Return the divergence of each token we traded, by mint. Ticks and fills may come in any order of tokens."""
    ours: dict[str, list[Fill]] = defaultdict(list)
    recorded: dict[str, list[PriceTick]] = defaultdict(list)
    for fill in fills:
        if fill.status is FillStatus.FILLED:
            ours[fill.mint].append(fill)
    for tick in ticks:
        if tick.mint in ours:
            recorded[tick.mint].append(tick)
    return tuple(_of(mint, recorded[mint], sorted(ours[mint], key=_when)) for mint in sorted(ours))


def _when(thing: Fill | PriceTick) -> tuple[int, int]:
    return thing.time_ns, thing.slot


def _of(mint: str, ticks: Sequence[PriceTick], fills: Sequence[Fill]) -> Divergence:
    lamports = units = done = last = worst = worst_slot = 0
    for tick in ticks:
        while done < len(fills) and _when(fills[done]) <= _when(tick):
            lamports, units, done = lamports + pool_lamports(fills[done]), units - fills[done].token_delta_units, done + 1
        last = price_shift_bps(tick, lamports, units)
        if abs(last) > abs(worst):
            worst, worst_slot = last, tick.slot
    for fill in fills[done:]:
        lamports, units = lamports + pool_lamports(fill), units - fill.token_delta_units
    if ticks and done < len(fills):
        last = price_shift_bps(ticks[-1], lamports, units)
        worst, worst_slot = (last, ticks[-1].slot) if abs(last) > abs(worst) else (worst, worst_slot)
    return Divergence(mint, len(fills), lamports, units, last, worst, worst_slot)


def render(found: Sequence[Divergence]) -> str:
    """Return the statement for a person, one line a token."""
    if not found:
        return "our fills and the recorded reserves: no fills, no divergence"
    lines = [
        f"  {one.mint}: {one.fills} fills, net {one.net_lamports:+d} lamports and {one.net_units:+d} units in the pool; "
        f"price would differ by {one.last_bps:+d} bps at the end, by {one.max_bps:+d} bps at most (slot {one.max_slot})"
        for one in found
    ]
    return "\n".join(["our fills and the recorded reserves (had our trades stayed in the pool):", *lines])
