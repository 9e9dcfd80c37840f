"""The bounds of every number and text that crosses a process. msgspec enforces them while it decodes."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

SCHEMA = 1
"""The schema this code writes. A reader accepts this one, the one before it and later ones (unknown fields are ignored)."""

AMOUNT_MAX = 2**63 - 1
"""Lamports and token base units are u64 on chain; no real supply comes near 2**63, so a larger one is a lie or a bug."""

TIME_NS_MAX = 4_102_444_800 * 10**9
"""2100-01-01: a later time is milliseconds taken for nanoseconds, or worse."""

TIME_NS_MIN = 1_500_000_000 * 10**9
"""2017-07: an earlier time is seconds or milliseconds taken for nanoseconds."""

Schema = Annotated[int, Meta(ge=1, le=1_000)]
Lamports = Annotated[int, Meta(ge=0, le=AMOUNT_MAX)]
PositiveLamports = Annotated[int, Meta(gt=0, le=AMOUNT_MAX)]
DeltaLamports = Annotated[int, Meta(ge=-AMOUNT_MAX, le=AMOUNT_MAX)]
Units = Annotated[int, Meta(ge=0, le=AMOUNT_MAX)]
PositiveUnits = Annotated[int, Meta(gt=0, le=AMOUNT_MAX)]
DeltaUnits = Annotated[int, Meta(ge=-AMOUNT_MAX, le=AMOUNT_MAX)]
TimeNs = Annotated[int, Meta(ge=TIME_NS_MIN, le=TIME_NS_MAX)]
Slot = Annotated[int, Meta(ge=0, le=2**53)]
Bps = Annotated[int, Meta(ge=0, le=10_000)]
Decimals = Annotated[int, Meta(ge=0, le=19)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Id = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9:._\-]+\Z")]
StrategyId = Annotated[str, Meta(min_length=1, max_length=63, pattern=r"^[a-z0-9]([a-z0-9\-]*[a-z0-9])?\Z")]
Pubkey = Annotated[str, Meta(min_length=32, max_length=44, pattern=r"^[1-9A-HJ-NP-Za-km-z]+\Z")]
Hash = Annotated[str, Meta(min_length=0, max_length=88, pattern=r"^[A-Za-z0-9]*\Z")]
LABEL_LETTERS_MAX = 64
TEXT_LETTERS_MAX = 1_024
Label = Annotated[str, Meta(max_length=LABEL_LETTERS_MAX)]
Text = Annotated[str, Meta(max_length=TEXT_LETTERS_MAX)]


class Side(StrEnum):
    """Direction of an order, seen from the token."""

    BUY = "buy"
    SELL = "sell"


class Mode(StrEnum):
    """Paper never reaches the live key."""

    PAPER = "paper"
    LIVE = "live"


class HaltState(StrEnum):
    """What may still be done; see the halt table in docs/reference/halts.md."""

    ACTIVE = "active"
    REDUCE_ONLY = "reduce_only"
    HALTED = "halted"
    FROZEN = "frozen"
