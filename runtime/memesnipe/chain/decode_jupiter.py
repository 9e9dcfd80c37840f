"""Jupiter v6 exact-in routes: where each instruction keeps its accounts and its numbers, and what they enforce.

Source: the program's published IDL. The v2 routes have their numbers in front of the route plan, at fixed places. The older ones
have them BEHIND it, and the program ignores what follows its arguments: whoever appends 19 friendly bytes to a hostile route would
have "the last 19 bytes" read wrong. So an older route is only read when its length is exactly that of a plan whose steps carry no
payload (4 bytes each): a step with a payload is longer, so no hostile route fits that length and still runs.
"""

from struct import Struct

import msgspec

from memesnipe.chain.programs import (
    BPS,
    JUPITER_ROUTE,
    JUPITER_ROUTE_V2,
    JUPITER_SHARED_ACCOUNTS_ROUTE,
    JUPITER_SHARED_ACCOUNTS_ROUTE_V2,
)

_V2_NUMBERS = Struct("<QQHHHI")  # in_amount, quoted_out, slippage, platform fee, positive slippage fee (bps), length of the plan
_V1_NUMBERS = Struct("<QQHB")  # in_amount, quoted_out, slippage, platform fee (bps)
_LENGTH = Struct("<I")
_V1_STEP_BYTES = 4  # tag of a venue without payload, percent, input index, output index
PLAN_STEPS_MAX = 64


ABSENT = -1


class Layout(msgspec.Struct, frozen=True):
    """Places of the accounts that decide whose money moves where. ABSENT: this route has no such account."""

    name: str
    numbers_behind_plan: bool
    arguments_at: int
    user: int
    source: int
    destination: int
    source_mint: int
    destination_mint: int
    program: int
    """Where the program's own id must stand; always the last of the fixed accounts."""
    token_programs: tuple[int, ...]
    """Programs that move the tokens; an optional one that is absent is the program's own id."""
    fee_account: int = ABSENT
    """An optional account that would receive the platform's fee."""
    destination_override: int = ABSENT
    """An optional account that would receive the output instead of `destination`."""
    named: tuple[int, ...] = ()
    """All places above that this route has."""


def _layout(name: str, places: Layout) -> Layout:
    deciding = (places.user, places.source, places.destination, places.source_mint, places.destination_mint, places.program)
    every = (*deciding, *places.token_programs, places.fee_account, places.destination_override)
    return msgspec.structs.replace(places, name=name, named=tuple(sorted(place for place in every if place != ABSENT)))


LAYOUTS: dict[bytes, Layout] = {
    JUPITER_ROUTE_V2: _layout("route_v2", Layout("", False, 8, 0, 1, 2, 3, 4, 9, (5, 6), destination_override=7)),
    JUPITER_SHARED_ACCOUNTS_ROUTE_V2: _layout("shared_accounts_route_v2", Layout("", False, 9, 1, 2, 5, 6, 7, 11, (8, 9))),
    JUPITER_ROUTE: _layout("route", Layout("", True, 8, 1, 2, 3, ABSENT, 5, 8, (0,), fee_account=6, destination_override=4)),
    JUPITER_SHARED_ACCOUNTS_ROUTE: _layout("shared_accounts_route", Layout("", True, 9, 2, 3, 6, 7, 8, 12, (0, 10), fee_account=9)),
}
"""By discriminator."""


class Swap(msgspec.Struct, frozen=True, gc=False):
    """What a route promises. Amounts in base units."""

    route: str
    in_amount: int
    quoted_out: int
    slippage_bps: int
    fees_bps: int
    """Platform fee and share of positive slippage together: what the route would give away."""

    @property
    def enforced_out(self) -> int:
        """The least out-amount below which the program fails the transaction."""
        return self.quoted_out * (BPS - self.slippage_bps) // BPS


NO_SWAP = Swap("none", 0, 0, 0, 0)


def swap_of(data: bytes, layout: Layout) -> Swap | None:
    """Return the numbers of a route, None when they cannot be read without doubt."""
    return _v1(data, layout) if layout.numbers_behind_plan else _v2(data, layout)


def _v2(data: bytes, layout: Layout) -> Swap | None:
    if len(data) < layout.arguments_at + _V2_NUMBERS.size:
        return None
    in_amount, quoted_out, slippage, platform, positive, _ = _V2_NUMBERS.unpack_from(data, layout.arguments_at)
    return Swap(layout.name, in_amount, quoted_out, slippage, platform + positive)


def _v1(data: bytes, layout: Layout) -> Swap | None:
    steps_at = layout.arguments_at + _LENGTH.size
    if len(data) < steps_at:
        return None
    (steps,) = _LENGTH.unpack_from(data, layout.arguments_at)
    numbers_at = steps_at + _V1_STEP_BYTES * steps
    if not (0 < steps <= PLAN_STEPS_MAX) or len(data) != numbers_at + _V1_NUMBERS.size:
        return None
    return Swap(layout.name, *_V1_NUMBERS.unpack_from(data, numbers_at))
