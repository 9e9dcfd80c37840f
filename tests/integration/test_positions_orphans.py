"""What the wallet holds and no ledger explains is said, once it stands; so is what the ledger holds and the wallet does not."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from aiohttp import ClientSession

from memesnipe.chain.clients.rpc_types import Landed
from memesnipe.chain.programs import WRAPPED_SOL_MINT
from memesnipe.kernel.clock import EventClock
from memesnipe.ledger.engine import ledger_url
from memesnipe.localnet.settings import LocalnetSettings
from memesnipe.localnet.testing import SOL, Wallet, running
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import Fill
from memesnipe.positions.finality import as_landed
from memesnipe.positions.history import WalletHistory
from memesnipe.positions.orphans import EVERY_NS, STANDS_NS, Difference, Kind, Orphans, differences
from memesnipe.positions.store import Store
from memesnipe.testing.builders import MINT, OTHER_MINT, START_NS, a_fill, an_intent
from memesnipe.testing.still_market import opened

FINALITY_SLOTS = 32


class Desk:
    """A wallet on a localnet, its ledger, and the look under a clock that is moved by hand."""

    def __init__(self, wallet: Wallet, url: str) -> None:
        self.wallet, self.store, self.history, self.clock = wallet, Store(url), WalletHistory.at(wallet.base, wallet.me), EventClock()
        self.clock.observe(START_NS)
        self.orphans = Orphans(self.store, self.history, self.clock)

    async def buys(self) -> Fill:
        """Buy without telling the ledger; return the fill that could be told."""
        built = await self.wallet.quote(WRAPPED_SOL_MINT, MINT, SOL // 10, slippageBps=2_000)
        landed = await self.wallet.land(self.wallet.swap(built), skipPreflight=True)
        signature = landed["transaction"]["signatures"][0]
        options = {"encoding": "base64", "maxSupportedTransactionVersion": 1, "commitment": "confirmed"}
        raw = await self.wallet.result("getTransaction", signature, options)
        await self.wallet.tick(FINALITY_SLOTS + 1)
        told = a_fill(an_intent(), mode=Mode.LIVE, signature=signature, time_ns=START_NS, mint=MINT)
        return as_landed(told, msgspec.convert(raw, type=Landed, strict=False), self.wallet.me)

    async def looks(self, *, later_ns: int = EVERY_NS) -> dict[str, Difference]:
        self.clock.observe(self.clock.now_ns() + later_ns)
        await self.orphans.look()
        return dict(self.orphans.standing)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with running(LocalnetSettings(slot_ms=0, seed=11, moved_by="admin")) as base, ClientSession() as session:
        wallet = Wallet(session, base)
        await opened(wallet)
        await wallet.tick(FINALITY_SLOTS + 1)
        desk = Desk(wallet, ledger_url(str(tmp_path)))
        await desk.store.migrate()
        yield desk
        await desk.history.close()
        desk.store.close()


async def test_tokens_that_no_fill_explains_are_said_once_they_stand_and_forgotten_once_explained(desk: Desk) -> None:
    fill = await desk.buys()

    first, standing = await desk.looks(), await desk.looks(later_ns=STANDS_NS)
    await desk.store.record([fill], [])
    explained = await desk.looks()

    assert (first, explained) == ({}, {})
    assert standing == {MINT: Difference(Kind.STRANGER, fill.token_delta_units)}


async def test_a_position_that_the_wallet_does_not_hold_is_missing(desk: Desk) -> None:
    fill = await desk.buys()
    twice = msgspec.structs.replace(fill, signature=base64.b64encode(b"nobody").decode(), intent_id="another")
    await desk.store.record([fill, twice], [])

    await desk.looks()
    standing = await desk.looks(later_ns=STANDS_NS)

    assert standing == {MINT: Difference(Kind.MISSING, -fill.token_delta_units)}


def test_what_was_ours_once_is_told_from_what_somebody_sent() -> None:
    found = differences({MINT: 5, OTHER_MINT: 7, WRAPPED_SOL_MINT: 9}, {MINT: 2}, frozenset((MINT,)))

    assert found == {MINT: Difference(Kind.TRADED, 3), OTHER_MINT: Difference(Kind.STRANGER, 7)}
