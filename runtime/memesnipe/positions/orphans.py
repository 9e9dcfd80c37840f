"""Holds what the wallet has against what open positions say: tokens that no strategy's ledger explains are watched by no stop.

    more than held, and of ours once    an orphan: a fill that was never booked, or a deposit; a person has to sell or adopt it
    more than held, and never ours      a stranger's: somebody sent it, as they send to every wallet
    less than held                      missing: each exit of it will fail; somebody moved it, or a fill is still under way

The wallet is read as it is finalized, and the ledger is ahead of that by some blocks: only what differs for a while is said.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import partial

import msgspec

from memesnipe.chain.programs import TOKEN_2022_PROGRAM, TOKEN_PROGRAM, WRAPPED_SOL_MINT
from memesnipe.kernel.clock import NS_PER_S, Clock
from memesnipe.kernel.logs import logger
from memesnipe.ledger import read
from memesnipe.messages.bounds import Mode
from memesnipe.positions import metrics
from memesnipe.positions.history import WalletHistory
from memesnipe.positions.store import Store

EVERY_NS = 30 * NS_PER_S
STANDS_NS = 60 * NS_PER_S
"""Four times what a block takes to be final: a fill that the ledger has and the wallet does not show yet is over by then."""


class Kind(StrEnum):
    """Of a difference."""

    TRADED = "traded"
    STRANGER = "stranger"
    MISSING = "missing"


class Difference(msgspec.Struct, frozen=True):
    """Units in the wallet beyond what open positions hold; below zero they are missing."""

    kind: Kind
    units: int


class Orphans:
    """The look, and since when each difference stands. That memory is lost with us: then it is said a minute later."""

    def __init__(self, store: Store, history: WalletHistory, clock: Clock) -> None:
        self._store, self._history, self._clock = store, history, clock
        self._since: dict[str, tuple[Difference, int]] = {}
        self._next_ns = 0
        self.standing: Mapping[str, Difference] = {}

    async def look(self) -> None:
        """Look, if it is time to. Raises Unavailable, Refused, BadInput: what stood before stands."""
        now_ns = self._clock.now_ns()
        if now_ns < self._next_ns:
            return
        self._next_ns = now_ns + EVERY_NS
        wallet = await self._history.tokens((TOKEN_PROGRAM, TOKEN_2022_PROGRAM))
        held = await self._store.ask(partial(read.units_held, mode=Mode.LIVE))
        ours = await self._store.ask(partial(read.mints_traded, mode=Mode.LIVE))
        self._note(differences(wallet, held, ours), now_ns)

    def _note(self, found: Mapping[str, Difference], now_ns: int) -> None:
        self._since = {mint: self._first(mint, one, now_ns) for mint, one in found.items()}
        told = self.standing.keys()
        self.standing = {mint: one for mint, (one, since_ns) in self._since.items() if now_ns - since_ns >= STANDS_NS}
        for kind in Kind:
            metrics.ORPHANS.labels(kind.value).set(sum(one.kind is kind for one in self.standing.values()))
        for mint in sorted(self.standing.keys() - told):
            one = self.standing[mint]
            say = logger().info if one.kind is Kind.STRANGER else logger().error
            say("wallet_differs", mint=mint, kind=one.kind.value, units=one.units)

    def _first(self, mint: str, one: Difference, now_ns: int) -> tuple[Difference, int]:
        known = self._since.get(mint)
        return (one, known[1]) if known is not None and known[0].kind is one.kind else (one, now_ns)


def differences(wallet: Mapping[str, int], held: Mapping[str, int], ours: frozenset[str]) -> dict[str, Difference]:
    """Return where the wallet and the open positions differ, by mint. Pure; wrapped SOL is money, not a position."""
    found: dict[str, Difference] = {}
    for mint in sorted((wallet.keys() | held.keys()) - {WRAPPED_SOL_MINT}):
        over = wallet.get(mint, 0) - held.get(mint, 0)
        if over:
            found[mint] = Difference(Kind.MISSING if over < 0 else Kind.TRADED if mint in ours else Kind.STRANGER, over)
    return found
