"""Looks at the mints of held tokens now and then: one that turned against its holders is sold while it still can be.

What a token was like at the first look is the measure; only a change for the worse counts, seen twice in a row, so that one false answer
sells nothing. A host that does not answer says nothing of the token: an exit on silence would sell good positions.

Looked at: the mint's own account (who can mint, freeze, tax, seize; how much there is of it), and who holds the most of it. More supply
means that somebody minted, whoever may; more in one person's hands that somebody else's exit comes before ours.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping

import msgspec

from memesnipe.chain.accounts import data_of
from memesnipe.chain.clients.limits import Rate
from memesnipe.chain.clients.rpc import ACCOUNTS_MAX, SolanaRpc
from memesnipe.chain.clients.rpc_types import Account
from memesnipe.chain.holders import held_by_persons
from memesnipe.chain.programs import BPS, INCINERATOR
from memesnipe.chain.token_rules import DESCRIPTIVE, MintFacts, mint_facts
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.messages.control import ExitLimits
from memesnipe.positions import metrics
from memesnipe.positions.settings import PositionSettings

RATE = Rate(per_s=5.0, burst=5, reserved=0)
NOT_COMPARED = DESCRIPTIVE | {"transferFeeConfig", "confidentialTransferFeeConfig", "confidentialMintBurn"}
"""Names, and values in which withheld amounts and supplies move by themselves."""


class First(msgspec.Struct, frozen=True):
    """What a token was like when it was first looked at."""

    facts: MintFacts
    held: Mapping[str, int] | None = None
    """Units of the largest persons; None: not looked at yet."""


class TokenWatch:
    """What held tokens were like at first, and which turned bad: mint -> what changed. `held` says what to look at.

    `limits` are the policy's at each look, `own` the wallets that are ours.
    """

    def __init__(
        self,
        rpc: SolanaRpc,
        held: Callable[[], Iterable[str]],
        limits: Callable[[], ExitLimits] = ExitLimits,
        own: Iterable[str] = (),
    ) -> None:
        self._rpc, self._held, self._limits = rpc, held, limits
        self._own = frozenset((*own, INCINERATOR))
        self._first: dict[str, First] = {}
        self._suspects: dict[str, str] = {}
        self.worse: dict[str, str] = {}

    async def look(self) -> None:
        """Look at every held mint once. Raises Unavailable, BadInput, Refused: then nothing is known of those not looked at."""
        mints, limits = sorted(set(self._held())), self._limits()
        for known in (self._first, self._suspects, self.worse):
            for mint in known.keys() - set(mints):
                del known[mint]
        for start in range(0, len(mints), ACCOUNTS_MAX):
            chunk = mints[start : start + ACCOUNTS_MAX]
            for mint, account in zip(chunk, await self._rpc.accounts(chunk), strict=True):
                if mint not in self.worse:
                    await self._judge(mint, _facts(account), limits)

    async def _judge(self, mint: str, facts: MintFacts | str, limits: ExitLimits) -> None:
        first = self._first.get(mint)
        if isinstance(facts, str):
            self._suspect(mint, facts if first is not None else "")
            return
        if first is None:
            first = self._first[mint] = First(facts)
        what = worse(first.facts, facts) or inflated(first.facts, facts, limits.supply_rise_bps)
        if not what and limits.holder_rise_bps:
            what = await self._gathered(mint, first, facts, limits.holder_rise_bps)
        self._suspect(mint, what)

    async def _gathered(self, mint: str, first: First, facts: MintFacts, rise_bps_max: int) -> str:
        """Return who gathered too much of the supply since the first look, "" for nobody and where no host says."""
        try:
            largest = await self._rpc.largest_accounts(mint)
            accounts = await self._rpc.accounts([one.address for one in largest]) if largest else ()
            held = held_by_persons(largest, accounts, self._own)
        except (Unavailable, BadInput, Refused) as error:
            metrics.TOKEN_LOOK_FAILURES.inc()
            logger().warning("token_look_failed", mint=mint, what="holders", detail=str(error))
            return ""
        if first.held is None:
            self._first[mint] = msgspec.structs.replace(first, held=held)
            return ""
        return concentrated(first.held, held, facts.supply_units, rise_bps_max)

    def _suspect(self, mint: str, what: str) -> None:
        if what and self._suspects.get(mint):
            self.worse[mint] = what
            metrics.TOKENS_WORSE.inc()
            logger().error("token_turned_bad", mint=mint, detail=what)
        self._suspects[mint] = what


def inflated(first: MintFacts, now: MintFacts, rise_bps_max: int) -> str:
    """Return by how much the supply grew, "" for no more than allowed. Pure."""
    minted = now.supply_units - first.supply_units
    if not rise_bps_max or minted * BPS <= first.supply_units * rise_bps_max:
        return ""
    return f"its supply grew from {first.supply_units} to {now.supply_units} units"


def concentrated(first: Mapping[str, int], now: Mapping[str, int], supply_units: int, rise_bps_max: int) -> str:
    """Return who holds too much more than at the first look, "" for nobody. Pure.

    Who was not among the largest then is taken to have held as much as the smallest of them: never more than it was.
    """
    least = min(first.values(), default=0)
    for owner, units in sorted(now.items()):
        rise = units - first.get(owner, min(least, units))
        if rise * BPS > supply_units * rise_bps_max:
            return f"{owner} holds {units} units of {supply_units}, {rise} more than at first"
    return ""


def worse(first: MintFacts, now: MintFacts) -> str:
    """Return what changed for the worse, "" for nothing. Pure."""
    if (first.program, first.decimals) != (now.program, now.decimals):
        return "another token is at its address"
    if now.mint_authority not in (None, first.mint_authority) or now.freeze_authority not in (None, first.freeze_authority):
        return "somebody new can mint or freeze it"
    if _fee_bps(now) > _fee_bps(first):
        return f"its transfer fee was raised to {_fee_bps(now)} bps"
    for name in sorted(now.extensions.keys() - NOT_COMPARED):
        value = now.extensions[name]
        if value != first.extensions.get(name) and (any(value) or not value):
            return f"{name} was changed"
    return ""


async def watch_forever(watch: TokenWatch, every_s: float) -> None:
    """Look now and then, for good."""
    while True:
        try:
            await watch.look()
        except (Unavailable, BadInput, Refused) as error:
            metrics.TOKEN_LOOK_FAILURES.inc()
            logger().warning("token_look_failed", detail=str(error))
        await asyncio.sleep(every_s)


def host_of(settings: PositionSettings) -> SolanaRpc | None:
    """Return the host to ask; None where there is none, or nothing is to be watched."""
    return SolanaRpc.at(settings.rpc_url, RATE) if settings.rpc_url and settings.token_watch_s else None


def _facts(account: Account | None) -> MintFacts | str:
    """Return the facts, or what is wrong with the account. Raises BadInput for an answer that is none."""
    if account is None:
        return "the mint is gone"
    try:
        return mint_facts(account.owner, data_of(account))
    except Refused as refused:
        return refused.detail


def _fee_bps(facts: MintFacts) -> int:
    fee = facts.transfer_fee
    return max(fee.older_bps, fee.newer_bps) if fee else 0
