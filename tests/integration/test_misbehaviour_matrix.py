"""Every misbehaviour, both sides and exits, a crash at each durable step: nothing twice, lost or stuck, and ledger = chain to the lamport.

`MEMESNIPE_MATRIX=whole` runs every cell. Without it each day meets every step and every side, and another side at each step than the
day before it: all pairs of day and step, of day and side, of step and side.
"""

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest
from aiohttp import ClientSession
from solders.pubkey import Pubkey

from memesnipe.bus.api import Bus
from memesnipe.localnet.poisons import STRANGER
from memesnipe.localnet.settings import LocalnetSettings
from memesnipe.localnet.testing import Wallet, open_to_view
from memesnipe.testing import forked
from memesnipe.testing.bad_days import BAD_DAYS, HARMLESS
from memesnipe.testing.live_stage import SERVICES, Stage
from memesnipe.testing.matrix import Matrix
from memesnipe.testing.matrix_row import FAILPOINTS, SIDES, Cell
from memesnipe.testing.still_market import opened

SLOT_MS = 10
BUILT_ONLY = ("guard.before_commit_live", "bus.before_commit", "positions.before_ledger")
"""A poisoned transaction is refused before anything durable is done for it but the saying so: three steps, three sides."""
WHOLE = os.environ.get("MEMESNIPE_MATRIX") == "whole"
DAYS = list(BAD_DAYS)
PROCESSES = forked.warm(SERVICES)


def chains(day: str) -> list[list[Cell]]:
    """Return the cells of a day, in chains in which no step comes twice."""
    steps = BUILT_ONLY if day.startswith("poison") and day != HARMLESS else FAILPOINTS
    turns = range(len(SIDES)) if WHOLE else (DAYS.index(day),)
    return [[(step, SIDES[(at + turn) % len(SIDES)]) for at, step in enumerate(steps)] for turn in turns]


@pytest.fixture
async def wallet() -> AsyncIterator[Wallet]:
    async with ClientSession() as session:
        yield Wallet(session, "")


@pytest.mark.timeout(1_800 if WHOLE else 600)
@pytest.mark.parametrize("day", DAYS)
async def test_nothing_is_doubled_lost_or_stuck_and_the_ledger_is_the_chain(
    day: str, bus: Bus, valkey_url: str, wallet: Wallet, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async with open_to_view(LocalnetSettings(slot_ms=SLOT_MS, seed=11, moved_by="admin")) as (base, node):
        wallet.base = base
        await opened(wallet)
        stage = Stage(bus, valkey_url, wallet, tmp_path, PROCESSES)
        try:
            await stage.open()
            matrix = Matrix(stage, node, day)
            await matrix.stock()
            for cells in chains(day):
                await matrix.run(cells)
            row = await matrix.settle()
        finally:
            stage.close()

    record_property("misbehaviour", msgspec.json.encode(row).decode())
    assert row.sound, row.stories
    assert node.chain.bank.lamports(Pubkey.from_string(STRANGER)) == 0
