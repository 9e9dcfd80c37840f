"""The misbehaviour matrix: one row is a bad day, one cell a crash at a durable step that an order of one side ran into.

In a cell an order of that side is given to a stage whose victim is armed; when it died (or the order ended first) the next one starts,
and goes on with all that is under way beside the next cell's order. Counted at the end against the chain itself, not against its words:

    twice   orders with two endings, or with two transactions that took effect
    lost    transactions of ours on chain that no Fill tells of
    wrong   Fills that say other numbers than the chain's
    undone  Fills whose transaction a fork took for good: the ledger takes them back
    stuck   orders without an ending within `ENDS_S`
    off     what ledger and chain disagree by, as `memesnipe reconcile` lists it
"""

import asyncio
import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from multiprocessing.context import ForkServerProcess
from typing import Any

from solders.signature import Signature

from memesnipe.ledger.engine import ledger_url
from memesnipe.localnet.chain import Record
from memesnipe.localnet.node import Node
from memesnipe.messages.orders import Fill, FillStatus, Intent, Outcome
from memesnipe.reconcile.run import Report, reconcile
from memesnipe.testing import forked
from memesnipe.testing.bad_days import BAD_DAYS, LOST_FILES
from memesnipe.testing.builders import a_sale, an_exit, an_intent
from memesnipe.testing.live_stage import FILLS, Stage
from memesnipe.testing.matrix_row import GUARD_FAILPOINTS, POSITION_FAILPOINTS, SIGNER_FAILPOINTS, Cell, Row, Side
from memesnipe.testing.polling import until

Json = Any
AFTER_THE_WORD = frozenset(("bus.after_commit", "guard.after_commit_live", *POSITION_FAILPOINTS))
"""Steps that come after the order's ending was said: to see it is not to have passed them."""
AGREES_S = 120.0
"""The wallet's history is read at ten calls a second: forty fills that forks took within half a minute are settled in about one."""
SOON_S = 5.0
"""How long a process that starts on a busy machine may need to come to such a step."""
ENDS_S = 45.0
"""Three attempts' lives at the stage's slots, and room for a busy machine."""
_SIGNED = "SELECT intent_id, signature FROM signatures"


class Matrix:
    """One row under way, on one stage."""

    def __init__(self, stage: Stage, node: Node, day: str) -> None:
        self._stage, self._node, self._switches, self._lost = stage, node, BAD_DAYS[day], LOST_FILES.get(day, "")
        self._intents: list[Intent] = []
        self._positions = stage.start_positions()
        self.row = Row(day)

    async def stock(self) -> None:
        """Buy, on a good day, what the sells and exits will sell."""
        guard = self._stage.start_guard()
        await self._give(["buy"], size_sol=0.4)
        await self._ended(ENDS_S)
        forked.stop(guard)
        final = self._node.chain.slot + self._node.settings.finality_slots  # no fork may take the stock
        await until(lambda: _passed(self._node, final))

    async def run(self, cells: Sequence[Cell]) -> None:
        """Crash in every cell, the last steps of each service first: what is still under way of the cells before passes only later
        steps, so the order that is given to an armed service is the one that kills it."""
        for step, side in _last_first(cells, GUARD_FAILPOINTS):
            guard = self._stage.start_guard(step)
            await self._crash(guard, step, side)
            forked.stop(guard)
            for file in self._stage.folder.glob(self._lost) if self._lost else ():
                file.unlink()
        guard = self._stage.start_guard()
        await self._ended(ENDS_S)  # an order without a signature would ask the armed signer first
        for step, side in _last_first(cells, SIGNER_FAILPOINTS):
            self._stage.stop_signer()
            await self._crash(await self._stage.start_signer(step), step, side)
        self._stage.stop_signer()
        await self._stage.start_signer()
        for step, side in _last_first(cells, POSITION_FAILPOINTS):
            await until(self._booked)  # a fill that is given again would pass every step again
            forked.stop(self._positions)
            await self._crash(self._stage.start_positions(step), step, side)
            self._positions = self._stage.start_positions()
        await self._ended(ENDS_S)
        forked.stop(guard)

    async def _crash(self, victim: ForkServerProcess, step: str, side: Side) -> None:
        await self._misbehave(self._switches)
        (intent,) = await self._give([side])
        self.row.cells.append((step, side, await self._died(victim, intent, step)))

    async def settle(self) -> Row:
        """Let the good day come back, wait until the books can agree, and count."""
        await self._misbehave({})
        guard = self._stage.start_guard()
        await self._ended(ENDS_S)
        report = await self._reconciled()
        forked.stop(guard)
        said = await self._stage.said()
        self._count(said, report)
        return self.row

    async def _died(self, victim: ForkServerProcess, intent: Intent, failpoint: str) -> bool:
        """Wait for the death, or for an ending that shows that this step is not on the order's way."""
        loop = asyncio.get_running_loop()
        patience_s = loop.time() + ENDS_S
        while loop.time() < patience_s and victim.exitcode is None:
            if patience_s > loop.time() + SOON_S and intent.id in await self._endings():
                patience_s = loop.time() + (SOON_S if failpoint in AFTER_THE_WORD else 0.2)
            await asyncio.sleep(0.02)
        if victim.exitcode not in (None, forked.KILLED):
            raise AssertionError(f"{failpoint}: the victim ended by itself, with {victim.exitcode}")
        return victim.exitcode == forked.KILLED

    async def _give(self, sides: Iterable[Side], size_sol: float = 0.005) -> list[Intent]:
        (pool,) = self._node.chain.market.all()
        told = {"mint": pool.mint, **{name: getattr(pool, name) for name in ("virtual_quote_lamports", "virtual_base_units")}}
        units = pool.virtual_base_units // 200_000
        wanted: dict[Side, Intent] = {
            "buy": an_intent(size_sol=size_sol, slippage_bps_max=300),
            "sell": a_sale(size_units=units, slippage_bps_max=300),
            "exit": an_exit(size_units=units, slippage_bps_max=300),
        }
        given = [await self._stage.order(await self._stage.priced(wanted[side], told)) for side in sides]
        self._intents += given
        return given

    async def _ended(self, within_s: float) -> None:
        """Wait until every order has its ending; what has none in time is stuck."""
        loop = asyncio.get_running_loop()
        started_s, waiting = loop.time(), {intent.id for intent in self._intents}
        while (waiting := waiting - set(await self._endings())) and loop.time() - started_s < within_s:  # noqa: ASYNC110 - other processes end them
            await asyncio.sleep(0.05)
        self.row.slowest_s = max(self.row.slowest_s, loop.time() - started_s)

    async def _endings(self) -> Counter[str]:
        return Counter(one.intent_id for one in await self._stage.said() if _ends(one))

    async def _reconciled(self) -> Report:
        """Compare ledger and chain until they agree; what a fork took is known when its blockhash is dead, one after the other."""
        url, wallet = ledger_url(str(self._stage.folder)), self._stage.wallet

        async def agreed() -> Report | None:
            report = await asyncio.to_thread(reconcile, url, wallet.base, wallet.me, patience_s=0.0)
            return None if report.differences else report

        with contextlib.suppress(TimeoutError):
            agreement: Report = await until(agreed, timeout_s=AGREES_S, every_s=0.3)
            return agreement
        return await asyncio.to_thread(reconcile, url, wallet.base, wallet.me, patience_s=0.0)

    def _count(self, said: Sequence[Outcome], report: Report) -> None:
        row, endings = self.row, Counter(one.intent_id for one in said if _ends(one))
        landed = {one.signature: one for one in self._node.chain.records.values() if self._ours(one.keys)}
        fills = {one.signature: one for one in said if isinstance(one, Fill)}
        owners = self._owners()
        effects = Counter(owners.get(signature, signature) for signature, one in landed.items() if one.meta["err"] is None)
        row.orders, row.filled = len(self._intents), sum(one.status is FillStatus.FILLED for one in fills.values())
        row.refused = len(self._intents) - row.filled
        row.stuck = sum(endings[intent.id] == 0 for intent in self._intents)
        row.twice = sum(count > 1 for count in endings.values()) + sum(count > 1 for count in effects.values())
        row.lost, row.undone = len(landed.keys() - fills.keys()), len(fills.keys() - landed.keys())
        told = [(fill, landed[signature]) for signature, fill in fills.items() if signature in landed]
        # After a fork a fill may rightly have been said of another block: the ledger amends it, and `off` tells whether it did.
        row.wrong = 0 if "forks" in self._switches else sum(not _true(fill, record) for fill, record in told)
        row.off = len(report.differences)
        lamports = {"sol_delta_lamports", "lamports", "transfer of SOL"}
        row.off_lamports = sum(abs(int(one.ledger) - int(one.chain)) for one in report.differences if one.field in lamports)
        row.stories += [f"{one.subject} {one.field}: ledger {one.ledger}, chain {one.chain}" for one in report.differences]

    def _ours(self, keys: Sequence[str]) -> bool:
        return keys[0] == self._stage.wallet.me

    def _owners(self) -> dict[str, str]:
        """Return which intent each signature that the signer ever gave belongs to."""
        path = self._stage.folder / "signer.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return {str(Signature.from_bytes(signature)): intent_id for intent_id, signature in database.execute(_SIGNED)}

    async def _booked(self) -> bool:
        """Whether position_manager has taken every outcome there is."""
        return await self._stage.pending(FILLS, "position_manager") == 0

    async def _misbehave(self, switches: dict[str, Json]) -> None:
        answer = await self._stage.wallet.post("/localnet/faults", switches)
        if "error" in answer:
            raise AssertionError(answer)


def _true(fill: Fill, record: Record) -> bool:
    """Whether a fill says what its transaction did to the wallet, which pays for it and so is its first key."""
    moved = record.meta["postBalances"][0] - record.meta["preBalances"][0]
    return (fill.slot, fill.sol_delta_lamports) == (record.slot, moved)


def _last_first(cells: Sequence[Cell], steps: Sequence[str]) -> list[Cell]:
    """Return the cells of these steps, the last step first."""
    return sorted((one for one in cells if one[0] in steps), key=lambda one: -steps.index(one[0]))


async def _passed(node: Node, slot: int) -> bool:
    return node.chain.slot > slot


def _ends(outcome: Outcome) -> bool:
    return not isinstance(outcome, Fill) or outcome.status is FillStatus.FILLED
