"""Paper to the signer's door: each paper order is quoted, built and judged as a live one would be, and nothing is asked of the signer.

What a live order would be refused for, paper is refused for too; the price still comes from the reserves some slots later.
"""

import asyncio

from memesnipe.bus.api import Batch
from memesnipe.guard.live import lane_of
from memesnipe.guard.quoting import Quoting, caps_of
from memesnipe.guard.settings import GuardSettings
from memesnipe.guard.standing import Standing
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.orders import ApprovedOrder, Intent

Refusals = dict[str, Refused]


class Rehearsal:
    """The hosts a live order would ask, and the wallet it would be for."""

    def __init__(self, quoting: Quoting, settings: GuardSettings) -> None:
        self._quoting, self._settings = quoting, settings

    async def refusals(self, batch: Batch, standing: Standing) -> Refusals:
        """Return the refusals of a batch's orders by intent id. A host that does not answer is one as well."""
        intents = [entry.message.intent for entry in batch.entries if isinstance(entry.message, ApprovedOrder)]
        said = await asyncio.gather(*(self._one(intent, standing) for intent in intents))
        return {intent.id: refused for intent, refused in zip(intents, said, strict=True) if refused is not None}

    async def _one(self, intent: Intent, standing: Standing) -> Refused | None:
        own = self._settings
        caps = caps_of(standing.config.limits, own.compute_units, own.compute_unit_price_micro_lamports, own.tip_lamports)
        try:
            await self._quoting.rehearse(intent, own.wallet, caps, lane_of(intent))
        except Refused as refused:
            return refused
        except (Unavailable, BadInput) as error:
            return Refused(ReasonCode.QUOTE_MISSING, str(error))
        return None
