"""Jupiter v6 exact-in routes: where each instruction keeps its accounts and its numbers, and what they enforce.

Source: the program's published IDL. The v2 routes have their numbers in front of the route plan, at fixed places. The older ones
have them BEHIND it, and the program ignores what follows its arguments: whoever appends 19 friendly bytes to a hostile route would
have "the last 19 bytes" read wrong. So an older route is only read when its length is exactly that of a plan whose steps carry no
payload (4 bytes each): a step with a payload is longer, so no hostile route fits that length and still runs.
"""

from struct import Struct

import msgspec

from memesnipe.chain.decode import Instruction
from memesnipe.chain.programs import (
    BPS,
    JUPITER_ROUTE,
    JUPITER_ROUTE_V2,
    JUPITER_SHARED_ACCOUNTS_ROUTE,
    JUPITER_SHARED_ACCOUNTS_ROUTE_V2,
)
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode

_V2_NUMBERS = Struct("<QQHHHI")  # in_amount, quoted_out, slippage, platform fee, positive slippage fee (bps), length of the plan
_V1_NUMBERS = Struct("<QQHB")  # in_amount, quoted_out, slippage, platform fee (bps)
_LENGTH = Struct("<I")
_V1_STEP_BYTES = 4  # tag of a venue without payload, percent, input index, output index
PLAN_STEPS_MAX = 64


class Layout(msgspec.Struct, frozen=True):
    """Places of the accounts that decide whose money moves where. -1: this route has no such account."""

    name: str
    numbers_behind_plan: bool
    arguments_at: int
    user: int
    source: int
    destination: int
    source_mint: int
    destination_mint: int
    programs: tuple[int, ...]
    """Where the program's own id must stand: its own slot, and optional accounts that must be absent."""
    destination_override: int = -1
    """An optional account that would receive the output instead of `destination`."""


LAYOUTS: dict[bytes, Layout] = {
    JUPITER_ROUTE_V2: Layout("route_v2", False, 8, 0, 1, 2, 3, 4, (9,), destination_override=7),
    JUPITER_SHARED_ACCOUNTS_ROUTE_V2: Layout("shared_accounts_route_v2", False, 9, 1, 2, 5, 6, 7, (11,)),
    JUPITER_ROUTE: Layout("route", True, 8, 1, 2, 3, -1, 5, (6, 8), destination_override=4),
    JUPITER_SHARED_ACCOUNTS_ROUTE: Layout("shared_accounts_route", True, 9, 2, 3, 6, 7, 8, (9, 12)),
}


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


def layout_of(instruction: Instruction) -> Layout:
    """Return the layout of a route. Raises Refused(TX_PROGRAM) for any other Jupiter instruction."""
    layout = LAYOUTS.get(instruction.data[:8])
    if layout is None:
        raise Refused(ReasonCode.TX_PROGRAM, f"Jupiter instruction {instruction.data[:8].hex()} is not an exact-in route")
    if len(instruction.accounts) <= max(layout.programs):
        raise Refused(ReasonCode.TX_MALFORMED, f"{layout.name} has {len(instruction.accounts)} accounts, too few")
    return layout


def swap_of(instruction: Instruction, layout: Layout) -> Swap:
    """Return the numbers of a route. Raises Refused(TX_MALFORMED)."""
    return _v1(instruction.data, layout) if layout.numbers_behind_plan else _v2(instruction.data, layout)


def _v2(data: bytes, layout: Layout) -> Swap:
    if len(data) < layout.arguments_at + _V2_NUMBERS.size:
        raise Refused(ReasonCode.TX_MALFORMED, f"{layout.name}: {len(data)} bytes of data, too few")
    in_amount, quoted_out, slippage, platform, positive, _ = _V2_NUMBERS.unpack_from(data, layout.arguments_at)
    return Swap(layout.name, in_amount, quoted_out, slippage, platform + positive)


def _v1(data: bytes, layout: Layout) -> Swap:
    steps_at = layout.arguments_at + _LENGTH.size
    if len(data) < steps_at:
        raise Refused(ReasonCode.TX_MALFORMED, f"{layout.name}: {len(data)} bytes of data, too few")
    (steps,) = _LENGTH.unpack_from(data, layout.arguments_at)
    numbers_at = steps_at + _V1_STEP_BYTES * steps
    if not (0 < steps <= PLAN_STEPS_MAX) or len(data) != numbers_at + _V1_NUMBERS.size:
        raise Refused(ReasonCode.TX_MALFORMED, f"{layout.name}: its plan cannot be read without doubt; ask for a v2 route")
    return Swap(layout.name, *_V1_NUMBERS.unpack_from(data, numbers_at))
