"""When a live order took its steps, as far as this process saw them: what its outcome carries as its way.

One for each order under way, gone with its task. What the process before a restart saw is not known any more (0); when bytes were
built is in `guard.db` with the attempt. An adopted signature is over bytes that nobody here built, signed or sent.
"""

import msgspec

from memesnipe.guard.attempts import Attempt
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import ApprovedOrder, Intent, way_of
from memesnipe.messages.signing import EarlierSignature, Signature
from memesnipe.messages.way import Way


class Stamps(msgspec.Struct):
    """Of one order; `signed_ns` and `sent_ns` are of its last attempt. `approved`: None where no stream gives the order any more."""

    intent: Intent
    approved: ApprovedOrder | None = None
    taken_ns: int = 0
    signed_ns: int = 0
    sent_ns: int = 0

    def begin(self) -> None:
        """A new attempt, or new bytes for one: what was signed and sent of the bytes before says nothing of these."""
        self.signed_ns = self.sent_ns = 0

    def signed(self, signed: Signature, now_ns: int) -> None:
        """Note that our bytes are signed."""
        self.signed_ns = 0 if isinstance(signed, EarlierSignature) else now_ns

    def sent(self, now_ns: int) -> None:
        """Note the first broadcast. What was signed before a restart may have been sent then too: its first one is not known."""
        if self.signed_ns and not self.sent_ns:
            self.sent_ns = now_ns

    def way(self, attempt: Attempt | None) -> Way:
        """Return the way of the order with its last attempt; None: it never came to one."""
        quoted_ns = 0 if attempt is None or isinstance(attempt.signed, EarlierSignature) else attempt.created_ns
        way = way_of(
            self.intent, self.approved, taken_ns=self.taken_ns, quoted_ns=quoted_ns, signed_ns=self.signed_ns, sent_ns=self.sent_ns
        )
        return msgspec.structs.replace(way, mode=Mode.LIVE)
