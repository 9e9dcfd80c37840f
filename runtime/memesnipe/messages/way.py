"""How an order got to where it is: carried by what ends it, so that ledger, page and traces know every hop for good.

The streams of wishes and approvals are trimmed soon after everybody has read them. What is of lasting interest in them travels on with the
order instead of being looked for afterwards.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from memesnipe.messages.bounds import TIME_NS_MAX, Bps, Count, Hash, Id, Label, Mode, Slot, TimeNs, Units

WISH, APPROVED, TAKEN, QUOTED, SIGNED, SENT = "wish", "approved", "taken", "quoted", "signed", "sent"
"""The hops that are stamped, in the order in which an order passes by."""
LIVE_ONLY = frozenset({QUOTED, SIGNED, SENT})
FEED, STRATEGY, EXITS, RISK, GUARD, SIGNER = (
    "data_consumers", "executor", "position_manager", "risk_guardian", "wallet_guard", "signer",
)  # fmt: skip
"""The stages whose hops they are."""

StampNs = Annotated[int, Meta(ge=0, le=TIME_NS_MAX)]
"""A time by the clock of the stage that stamped it (ns). 0: the order never got there, or nobody knows (a restart, an older release)."""


class Way(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One order's hops so far. The id of its trace is the intent's own: 128 bits in hex, as W3C Trace Context has them."""

    event_id: Id
    """What caused it: the market event, or the request of a person."""
    slot: Slot
    event_ns: TimeNs
    wished_ns: StampNs
    wish: Label
    """The strategy's reason; of an exit its cause."""
    size: Units
    """Lamports on a buy, base units of the token on a sell."""
    slippage_bps_max: Bps
    approved_ns: StampNs = 0
    policy_hash: Hash = ""
    halt_epoch: Count = 0
    taken_ns: StampNs = 0
    """wallet_guard had it in hand."""
    quoted_ns: StampNs = 0
    """Live: the bytes of its last attempt were built, from a fresh quote."""
    signed_ns: StampNs = 0
    sent_ns: StampNs = 0
    """Live: first broadcast of the last attempt."""
    by: Label = ""
    """Who wished it: executor or position_manager."""
    mode: Mode | None = None
    """In which it was judged. None: it was not yet, or by a release that did not carry it."""

    @property
    def stamps(self) -> tuple[tuple[str, int], ...]:
        """Its hops with their stamps (ns), in the order in which an order passes by."""
        return (
            (WISH, self.wished_ns), (APPROVED, self.approved_ns), (TAKEN, self.taken_ns), (QUOTED, self.quoted_ns),
            (SIGNED, self.signed_ns), (SENT, self.sent_ns),
        )  # fmt: skip
