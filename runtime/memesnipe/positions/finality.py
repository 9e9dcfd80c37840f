"""Looks at each live fill again when blocks of its age are final. A block that was confirmed may still lose to another fork.

A fill is said when its block is confirmed: to wait for finality would keep every position without a stop for 13 seconds. What this
look finds is booked in the fill's place, and the position folded anew:

    the same                          it is final
    landed in another block           that block's numbers
    not there                         nothing yet: it may land again while its blockhash lives
    not there, and its blockhash dead it is no fill, IF the wallet holds what the ledger says without it

One host that answers null proves nothing: a fill that is taken back wrongly is a position without a stop. So the wallet's own balance
must say the same, a fill older than `RECENT_NS` is left alone (nodes forget), and new risk stops: a cluster that undoes what two thirds
of its stake had voted for is no place to open positions in.
"""

import base64
import binascii

import msgspec
from solders.transaction import VersionedTransaction

from memesnipe.bus.api import Bus
from memesnipe.bus.topology import KILL_SWITCH
from memesnipe.chain.clients.rpc_types import Landed
from memesnipe.chain.deltas import deltas
from memesnipe.chain.programs import BLOCKHASH_LIFE_BLOCKS
from memesnipe.kernel.clock import NS_PER_S, Clock
from memesnipe.kernel.errors import BadInput
from memesnipe.kernel.ids import derive
from memesnipe.kernel.logs import logger
from memesnipe.ledger import read
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import PORTFOLIO, HaltCommand
from memesnipe.messages.orders import Fill, FillStatus
from memesnipe.positions import metrics
from memesnipe.positions.history import WalletHistory
from memesnipe.positions.store import Store

RECENT_NS = 6 * 3_600 * NS_PER_S
"""Far longer than any outage of ours that a node's memory outlives."""


class Finality:
    """The look, and since which finalized height each fill is missing. That memory is lost with us: then it waits once more."""

    def __init__(self, store: Store, history: WalletHistory, bus: Bus, clock: Clock) -> None:
        self._store, self._history, self._bus, self._clock = store, history, bus, clock
        self._missing: dict[str, int] = {}

    async def look(self) -> None:
        """Settle what can be settled. Raises Unavailable, Refused, and BadInput where the host says nonsense of the chain's height."""
        now_ns = self._clock.now_ns()
        unsettled = await self._store.ask(lambda connection: read.unsettled(connection, now_ns - RECENT_NS))
        slot, height = await self._history.reached() if unsettled else (0, 0)
        for fill in unsettled:
            if fill.slot <= slot:
                await self._tried(fill, height, now_ns)
        metrics.MISSING_FILLS.set(len(self._missing))

    async def _tried(self, fill: Fill, height: int, now_ns: int) -> None:
        """Settle one fill; an answer that cannot be believed leaves it for the next look, and keeps no other from its own."""
        try:
            await self._settle(fill, height, now_ns)
        except BadInput as error:
            metrics.ADOPT_FAILURES.inc()
            logger().warning("fill_not_settled", signature=fill.signature, detail=str(error))

    async def _settle(self, fill: Fill, height: int, now_ns: int) -> None:
        landed = await self._history.whole(fill.signature)
        if landed is None:
            await self._absent(fill, height, now_ns)
            return
        self._missing.pop(fill.signature, None)
        real = as_landed(fill, landed, self._history.wallet)
        if real == fill:
            await self._store.final([fill.signature], now_ns)
        else:
            logger().error("fill_moved", signature=fill.signature, slot=fill.slot, real_slot=real.slot, status=real.status.value)
            metrics.AMENDED_FILLS.labels("moved").inc()
            await self._store.amend(fill, real, now_ns)

    async def _absent(self, fill: Fill, height: int, now_ns: int) -> None:
        since = self._missing.setdefault(fill.signature, height)
        logger().warning("fill_not_final", signature=fill.signature, slot=fill.slot, blocks=height - since)
        # Its blockhash was alive in its slot, and that slot is not above this height: after as many blocks more no fork can hold it.
        if height > since + BLOCKHASH_LIFE_BLOCKS and await self._wallet_agrees(fill):
            await self._stop_new_risk(fill, now_ns)
            logger().error("fill_undone", signature=fill.signature, intent=fill.intent_id, units=fill.token_delta_units)
            metrics.AMENDED_FILLS.labels("undone").inc()
            await self._store.amend(fill, None, now_ns)
            self._missing.pop(fill.signature, None)

    async def _wallet_agrees(self, fill: Fill) -> bool:
        """Whether the wallet holds what the ledger would say without this fill. A fill in flight makes them differ: later, then."""
        if not fill.token_delta_units:
            return True  # a failed one: its fee alone is at stake
        booked = await self._store.ask(lambda connection: read.units_of(connection, fill.mint))
        others = sum(one.token_delta_units for one in await self._also_missing(fill))
        return await self._history.units(fill.mint) == booked - fill.token_delta_units - others

    async def _also_missing(self, fill: Fill) -> list[Fill]:
        """Return the other fills of the token that the same fork took."""
        since_ns = self._clock.now_ns() - RECENT_NS
        unsettled = await self._store.ask(lambda connection: read.unsettled(connection, since_ns))
        return [one for one in unsettled if one.mint == fill.mint and one.signature != fill.signature and one.signature in self._missing]

    async def _stop_new_risk(self, fill: Fill, now_ns: int) -> None:
        """Before the books change: a kill in between leaves both to be done again, under the same id."""
        reason = f"a confirmed fill was undone by a fork: {fill.signature[:16]}, {fill.token_delta_units} units of {fill.mint}"
        command = HaltCommand(
            id=derive("halt", "finality", fill.signature),
            scope=PORTFOLIO,
            state=HaltState.REDUCE_ONLY,
            by="position_manager",
            reason=reason,
            time_ns=now_ns,
        )
        await self._bus.publish(KILL_SWITCH.name, command, command.id)


def as_landed(fill: Fill, landed: Landed, wallet: str) -> Fill:
    """Return the fill with the numbers of the block that holds it. Raises BadInput when the answer is another transaction."""
    raw = _bytes_of(landed, fill.signature)
    moved = deltas(landed, raw, wallet, fill.mint)
    return msgspec.structs.replace(
        fill,
        status=FillStatus.FAILED if moved.failed else FillStatus.FILLED,
        slot=landed.slot,
        sol_delta_lamports=moved.sol_lamports,
        token_delta_units=moved.token_units,
        fee_lamports=moved.fee_lamports,
        tip_lamports=moved.tip_lamports,
        rent_lamports=moved.rent_lamports,
        error=moved.error,
    )


def _bytes_of(landed: Landed, signature: str) -> bytes:
    try:
        raw = base64.b64decode(landed.transaction[0], validate=True)
        found = str(VersionedTransaction.from_bytes(raw).signatures[0])
    except (ValueError, binascii.Error) as error:
        raise BadInput("rpc.getTransaction.transaction", f"cannot be read: {error}") from None
    if found != signature:
        raise BadInput("rpc.getTransaction.transaction", f"another transaction than {signature}")
    return raw
