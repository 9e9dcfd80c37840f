"""Paper to the signer's door: each paper order is quoted, built and judged as a live one would be, and nothing is asked of the signer.

What a live order would be refused for, paper is refused for too, and what it would offer for its place in a block, paper pays; the
price still comes from the reserves some slots later.
"""

import asyncio

from memesnipe.bus.api import Batch
from memesnipe.guard.paper import Cost
from memesnipe.guard.requests import lane_of
from memesnipe.guard.standing import Standing
from memesnipe.guard.venue import Venue
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.orders import ApprovedOrder, Intent

Rehearsed = dict[str, Refused | Cost]
"""By intent id: why a live order would be refused, or what it would pay."""


class Rehearsal:
    """The venue a live order would go to, and the wallet it would be for."""

    def __init__(self, venue: Venue, wallet: str) -> None:
        self._venue, self._wallet = venue, wallet

    async def of(self, batch: Batch, standing: Standing) -> Rehearsed:
        """Return what a batch's orders came to. A host that does not answer is a refusal as well."""
        intents = [entry.message.intent for entry in batch.entries if isinstance(entry.message, ApprovedOrder)]
        said = await asyncio.gather(*(self._one(intent, standing) for intent in intents))
        return {intent.id: one for intent, one in zip(intents, said, strict=True)}

    async def _one(self, intent: Intent, standing: Standing) -> Refused | Cost:
        try:
            return await self._venue.rehearse(intent, self._wallet, standing.config.limits, lane_of(intent))
        except Refused as refused:
            return refused
        except (Unavailable, BadInput) as error:
            return Refused(ReasonCode.QUOTE_MISSING, str(error))
