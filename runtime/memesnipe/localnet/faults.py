"""Misbehaviour on demand: what real endpoints do to a client on a bad day, set by `POST /localnet/faults` and read by the handlers.

Counters are spent one by one; the others hold until they are replaced. Nothing here changes what the chain itself allows.
"""

import base64
import struct
from typing import Any, Literal

import msgspec

from memesnipe.chain import programs

Json = Any
Counter = Literal["too_many_requests", "unavailable", "lost_answers", "lost_sends"]
Poison = Literal["", "destination", "extra_transfer", "min_out_zero", "approve"]
STRANGER = "StrangerStrangerStrangerStrangerStranger111"
QUOTED_OUT_AT = 16
EMPTY_ACCOUNT_LAMPORTS = 1_000_000


class Faults(msgspec.Struct, forbid_unknown_fields=True):
    """All zero: a good day."""

    too_many_requests: int = 0
    """The next requests to a vendor's path are answered 429."""
    unavailable: int = 0
    """The next ones are answered 503 and not handled."""
    lost_answers: int = 0
    """The next sends are queued, and answered 503: the ambiguous outcome."""
    lost_sends: int = 0
    """The next sends are answered with their signature, and never queued."""
    late_slots: int = 0
    """Every send waits this many slots more before it is tried."""
    quote_lie_bps: int = 0
    """Quotes promise this much more than the pool pays."""
    poison: Poison = ""
    """What is wrong with the instructions `swap/v2/build` answers."""

    def take(self, counter: Counter) -> bool:
        """Spend one of a counter, if there is one left."""
        left: int = getattr(self, counter)
        if left > 0:
            setattr(self, counter, left - 1)
        return left > 0

    def lie(self, amount_out: int) -> int:
        """The amount a quote promises."""
        return amount_out * (10_000 + self.quote_lie_bps) // 10_000


def poisoned(built: dict[str, Json], poison: Poison, taker: str) -> dict[str, Json]:
    """The answer of `swap/v2/build` with one thing wrong in it."""
    swap: dict[str, Json] = built["swapInstruction"]
    if poison == "destination":
        swap["accounts"][2]["pubkey"] = STRANGER
    elif poison == "min_out_zero":
        data = base64.b64decode(swap["data"])
        data = data[:QUOTED_OUT_AT] + struct.pack("<Q", 0) + data[QUOTED_OUT_AT + 8 :]
        swap["data"] = base64.b64encode(data).decode()
    elif poison == "extra_transfer":
        data = struct.pack("<IQ", 2, EMPTY_ACCOUNT_LAMPORTS)
        built["setupInstructions"].append(_told(programs.SYSTEM_PROGRAM, data, [(taker, True, True), (STRANGER, False, True)]))
    elif poison == "approve":
        source = swap["accounts"][1]["pubkey"]
        data = struct.pack("<BQ", 4, 2**64 - 1)
        metas = [(source, False, True), (STRANGER, False, False), (taker, True, False)]
        built["setupInstructions"].append(_told(programs.TOKEN_PROGRAM, data, metas))
    return built


def _told(program: str, data: bytes, metas: list[tuple[str, bool, bool]]) -> dict[str, Json]:
    accounts = [{"pubkey": key, "isSigner": signer, "isWritable": writable} for key, signer, writable in metas]
    return {"programId": program, "accounts": accounts, "data": base64.b64encode(data).decode()}
