"""Walks the wallet's chain history beside the loop: what is not a fill of ours becomes a wallet transfer.

A transaction of ours may be walked before its Fill arrives; the ledger puts the fill in the transfer's place when it comes.
"""

import asyncio
from collections.abc import Awaitable
from functools import partial
from pathlib import Path

from memesnipe.bus.api import Bus
from memesnipe.kernel.clock import Clock
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.ledger import read
from memesnipe.ledger.write import Transfer
from memesnipe.positions import metrics
from memesnipe.positions.finality import Finality
from memesnipe.positions.history import WalletHistory
from memesnipe.positions.orphans import Orphans
from memesnipe.positions.settings import PositionSettings, given_wallet
from memesnipe.positions.store import Store

CHUNK = 200
"""Signatures adopted in one transaction of the ledger: a walk that is killed goes on from its last chunk."""


def wallet_of(settings: PositionSettings) -> str:
    """Return the wallet to adopt, "" where there is none (paper without a chain)."""
    return settings.wallet_pubkey or given_wallet(Path(settings.data_dir))


async def adopt_forever(store: Store, settings: PositionSettings, bus: Bus, clock: Clock) -> None:
    """Walk, and look at what became of fills and at what nobody explains, now and then; without RPC or wallet there is nothing to walk."""
    wallet = wallet_of(settings)
    if not settings.rpc_url or not wallet:
        return
    history = WalletHistory.at(settings.rpc_url, wallet)
    finality, orphans = Finality(store, history, bus, clock), Orphans(store, history, clock)
    try:
        while True:
            await _noted(walk(store, history))
            await _noted(finality.look())
            await _noted(orphans.look())
            await asyncio.sleep(settings.adopt_every_s)
    finally:
        await history.close()


async def _noted(work: Awaitable[object]) -> None:
    try:
        await work
    except (Unavailable, BadInput, Refused) as error:
        metrics.ADOPT_FAILURES.inc()
        logger().warning("wallet_walk_failed", detail=str(error))


async def walk(store: Store, history: WalletHistory) -> int:
    """Adopt everything since the last walk; return how many movements were strangers'. Raises Unavailable, BadInput, Refused."""
    signatures = await history.since(await store.ask(read.walked_to))
    adopted = 0
    for start in range(0, len(signatures), CHUNK):
        chunk = signatures[start : start + CHUNK]
        known = await store.ask(partial(read.known_signatures, signatures=chunk))
        found: list[Transfer] = []
        for signature in chunk:
            found += [] if signature in known else await history.transfers(signature)
        await store.transfer(found, chunk[-1])
        adopted += len(found)
    metrics.ADOPTED.inc(adopted)
    return adopted
