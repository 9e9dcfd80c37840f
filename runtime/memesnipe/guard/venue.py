"""Where an order is carried out: one interface for every venue, and the choice between them.

A venue turns an approved order into bytes that passed the policy (`prepare`), or shows on paper what that would have cost
(`rehearse`). It never signs and never sends: bytes go to the signer and from there through `landing`, whatever the venue. So a host
that signs by itself (the Drift Gateway holds a key of its own) can only be rehearsed; its `prepare` refuses.

What must be known of a token before it is bought is asked here, beside the quote: one place for live orders and for paper.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

import msgspec

from memesnipe.chain.build import Built
from memesnipe.chain.clients.limits import Lane
from memesnipe.chain.policy import sells
from memesnipe.guard.paper import Cost
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.control import RiskLimits
from memesnipe.messages.orders import Intent

T = TypeVar("T")
BuyCheck = Callable[[Intent, str, Lane], Awaitable[None]]
"""Given the wallet as well. Raises Refused for a token that must not be bought; one that cannot be judged is refused too."""


class Ready(msgspec.Struct, frozen=True):
    """Bytes that passed the policy, the least out-amount they enforce (base units of what is received), and what they offer."""

    built: Built
    min_out: int
    price_micro_lamports: int
    tip_lamports: int


class Venue(Protocol):
    """Every call is a read of the venue's hosts and may be made again. Both verbs raise Refused, Unavailable, BadInput."""

    name: str

    def serves(self, intent: Intent) -> bool:
        """Return whether this order belongs here."""
        ...

    async def prepare(self, intent: Intent, wallet: str, limits: RiskLimits, lane: Lane) -> Ready:
        """Return bytes for the signer, from a fresh quote, within the limits in force."""
        ...

    async def rehearse(self, intent: Intent, wallet: str, limits: RiskLimits, lane: Lane) -> Cost:
        """Do for a paper order all that needs no money and no key, by the same rules, and return its cost."""
        ...


class Venues:
    """The venues that are switched on, in order: an order goes to the first that serves it. Is a venue itself."""

    name = "venues"

    def __init__(self, venues: Sequence[Venue], buy_checks: Sequence[BuyCheck] = ()) -> None:
        self._venues, self._buy_checks = tuple(venues), tuple(buy_checks)

    def serves(self, intent: Intent) -> bool:
        """Return whether any venue serves this order."""
        return any(venue.serves(intent) for venue in self._venues)

    async def prepare(self, intent: Intent, wallet: str, limits: RiskLimits, lane: Lane) -> Ready:
        """See `Venue`; a buy also passes every check."""
        return await self._checked(intent, wallet, lane, self._of(intent).prepare(intent, wallet, limits, lane))

    async def rehearse(self, intent: Intent, wallet: str, limits: RiskLimits, lane: Lane) -> Cost:
        """See `Venue`; a buy also passes every check, so that paper buys what live would buy."""
        return await self._checked(intent, wallet, lane, self._of(intent).rehearse(intent, wallet, limits, lane))

    def _of(self, intent: Intent) -> Venue:
        for venue in self._venues:
            if venue.serves(intent):
                return venue
        raise Refused(ReasonCode.NO_ROUTE, f"no venue that is switched on serves {intent.mint}")

    async def _checked(self, intent: Intent, wallet: str, lane: Lane, asked: Awaitable[T]) -> T:
        """Return what was asked for once the checks have passed too. Side by side: a launch does not wait for two rounds of reads."""
        checks = () if sells(intent) else self._buy_checks
        answer = asyncio.ensure_future(asked)
        said = await asyncio.gather(answer, *(check(intent, wallet, lane) for check in checks), return_exceptions=True)
        if failures := [one for one in said if isinstance(one, BaseException)]:
            raise min(failures, key=_rank)
        return answer.result()


def _rank(failure: BaseException) -> int:
    """Which failure is told, whichever came first: a refusal that stands, then one that a fresh quote may lift, then a host's silence."""
    if not isinstance(failure, Refused):
        return 2
    return 1 if failure.code is ReasonCode.SIMULATION_FAILED else 0
