"""Looks at the mints of held tokens now and then: one that turned against its holders is sold while it still can be.

What a token was like at the first look is the measure; only a change for the worse counts, seen twice in a row, so that one false answer
sells nothing. A host that does not answer says nothing of the token: an exit on silence would sell good positions.
"""

import asyncio
from collections.abc import Callable, Iterable

from memesnipe.chain.accounts import data_of
from memesnipe.chain.clients.limits import Rate
from memesnipe.chain.clients.rpc import ACCOUNTS_MAX, SolanaRpc
from memesnipe.chain.clients.rpc_types import Account
from memesnipe.chain.token_rules import DESCRIPTIVE, MintFacts, mint_facts
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.positions import metrics
from memesnipe.positions.settings import PositionSettings

RATE = Rate(per_s=5.0, burst=5, reserved=0)
NOT_COMPARED = DESCRIPTIVE | {"transferFeeConfig", "confidentialTransferFeeConfig", "confidentialMintBurn"}
"""Names, and values in which withheld amounts and supplies move by themselves."""


class TokenWatch:
    """What held tokens were like at first, and which turned bad: mint -> what changed. `held` says what to look at."""

    def __init__(self, rpc: SolanaRpc, held: Callable[[], Iterable[str]]) -> None:
        self._rpc, self._held = rpc, held
        self._first: dict[str, MintFacts] = {}
        self._suspects: dict[str, str] = {}
        self.worse: dict[str, str] = {}

    async def look(self) -> None:
        """Look at every held mint once. Raises Unavailable, BadInput, Refused: then nothing is known of any."""
        mints = sorted(set(self._held()))
        for known in (self._first, self._suspects, self.worse):
            for mint in known.keys() - set(mints):
                del known[mint]
        for start in range(0, len(mints), ACCOUNTS_MAX):
            chunk = mints[start : start + ACCOUNTS_MAX]
            for mint, account in zip(chunk, await self._rpc.accounts(chunk), strict=True):
                self._judge(mint, account)

    def _judge(self, mint: str, account: Account | None) -> None:
        facts = _facts(account)
        if mint not in self._first:
            if isinstance(facts, MintFacts):
                self._first[mint] = facts
            return
        what = facts if isinstance(facts, str) else worse(self._first[mint], facts)
        if what and self._suspects.get(mint) and mint not in self.worse:
            self.worse[mint] = what
            metrics.TOKENS_WORSE.inc()
            logger().error("token_turned_bad", mint=mint, detail=what)
        self._suspects[mint] = what


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
