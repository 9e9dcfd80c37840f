"""The ledger as position_manager uses it: every call off the event loop, every failure Unavailable, counted."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from memesnipe.evidence.gap import PAIRS_MAX, Gap, gap_of
from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.ledger import read
from memesnipe.ledger.accounting import Position, Trade
from memesnipe.ledger.engine import open_engine
from memesnipe.ledger.migrate import upgrade
from memesnipe.ledger.write import Booked, LedgerWriter, Snapshot, Transfer
from memesnipe.messages.bounds import Mode
from memesnipe.messages.decisions import Decision
from memesnipe.messages.orders import Fill, Rejection
from memesnipe.messages.pairs import Pair
from memesnipe.positions import metrics
from memesnipe.positions.book import HISTORY_MAX, Key, Owner

T = TypeVar("T")


class Holdings(msgspec.Struct, frozen=True):
    """What the ledger knows at one moment."""

    positions: Sequence[Position]
    realized: Mapping[Owner, int]
    trades: Mapping[Owner, tuple[Trade, ...]]


class Store:
    """position_manager's side of the ledger. Raises Unavailable; the outcome of a write is then unknown, and writing again is safe."""

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)
        self._writer = LedgerWriter(self._engine)
        self.amended: dict[Key, Position] = {}
        """Positions that a look at the finalized chain changed, until somebody acts on them."""

    async def migrate(self) -> None:
        """Bring the schema up to date."""
        await _off_loop(lambda: upgrade(self._engine, "head"))

    async def record(self, fills: Sequence[Fill], rejections: Sequence[Rejection]) -> list[Booked]:
        """Write fills and rejections in one transaction."""
        return await _off_loop(lambda: self._writer.record(fills, rejections))

    async def pair(self, pairs: Sequence[Pair]) -> None:
        """Write live orders beside their paper twins."""
        await _off_loop(lambda: self._writer.pair(pairs))

    async def decided(self, decisions: Sequence[Decision]) -> None:
        """Write records of decisions, if there are any."""
        if decisions:
            await _off_loop(lambda: self._writer.decided(decisions))

    async def gaps(self, strategies: Collection[str]) -> Mapping[str, Gap]:
        """Return the gap between live and paper by strategy, over its newest pairs; without any pair it is all zeros."""
        return await self.ask(lambda connection: {one: gap_of(read.last_pairs(connection, one, PAIRS_MAX)) for one in strategies})

    async def snapshot(self, points: Sequence[Snapshot]) -> None:
        """Write points of the equity curves."""
        await _off_loop(lambda: self._writer.snapshot(points))

    async def transfer(self, transfers: Sequence[Transfer], walked_to: str) -> None:
        """Write wallet movements that are not ours."""
        await _off_loop(lambda: self._writer.transfer(transfers, walked_to))

    async def final(self, signatures: Sequence[str], time_ns: int) -> None:
        """Note that these fills are what the finalized chain holds."""
        await _off_loop(lambda: self._writer.final(signatures, time_ns))

    async def amend(self, said: Fill, real: Fill | None, time_ns: int) -> None:
        """Put what the finalized chain holds in a fill's place; the position it changed waits in `amended`."""
        position = await _off_loop(lambda: self._writer.amend(said, real, time_ns))
        self.amended[position.key] = position

    async def holdings(self) -> Holdings:
        """Return positions, profits and trades."""
        return await self.ask(_holdings)

    async def settled_since(self, since_ns: int) -> Mapping[Owner, tuple[str, ...]]:
        """Return `Fill.settled_key` of recent fills, oldest first, by strategy and mode."""
        return await self.ask(lambda connection: _settled_since(connection, since_ns))

    async def ask(self, question: Callable[[Connection], T]) -> T:
        """Return the answer to a read-only question."""

        def answered() -> T:
            with self._engine.connect() as connection:
                return question(connection)

        return await _off_loop(answered)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def _holdings(connection: Connection) -> Holdings:
    sums = read.totals(connection)
    return Holdings(
        positions=read.open_positions(connection),
        realized={(one.strategy, one.mode): one.realized_lamports for one in sums},
        trades={(one.strategy, one.mode): tuple(read.last_trades(connection, one.strategy, one.mode, HISTORY_MAX)) for one in sums},
    )


def _settled_since(connection: Connection, since_ns: int) -> Mapping[Owner, tuple[str, ...]]:
    return {(strategy, mode): keys for mode in Mode for strategy, keys in read.settled_since(connection, since_ns, mode).items()}


async def _off_loop(work: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(work)
    except (SQLAlchemyError, Unavailable, OSError) as error:
        metrics.LEDGER_FAILURES.inc()
        logger().error("ledger_unavailable", detail=str(error) if isinstance(error, Unavailable) else type(error).__name__)
        raise error if isinstance(error, Unavailable) else Unavailable("ledger", type(error).__name__) from None
