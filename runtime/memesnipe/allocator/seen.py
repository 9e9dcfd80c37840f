"""What others say of the strategies, read for the promotion machine: closed trades, what is held, the gap to paper, breakers' trips."""

from collections.abc import Sequence

import msgspec

from memesnipe.allocator.history import entries_of
from memesnipe.allocator.promoting import Standings, own_trip
from memesnipe.bus.api import Bus
from memesnipe.bus.topology import HOLDINGS_KEY, KILL_SWITCH, PAPER_GAP_KEY, PNL_HISTORY_KEY
from memesnipe.evidence.gap import Gap
from memesnipe.kernel.clock import NS_PER_S, Clock
from memesnipe.kernel.errors import BadInput
from memesnipe.kernel.logs import logger
from memesnipe.kernel.metrics import BAD_INPUT
from memesnipe.messages.bounds import Mode
from memesnipe.messages.codec import decode
from memesnipe.messages.control import BREAKER, PORTFOLIO, HaltCommand, Holdings, StrategyConfig
from memesnipe.promotion.values import Closed, Facts

WARM_NS = 60 * NS_PER_S
"""So long after an order's end its trade may be written by position_manager; every history is read this often in any case."""


_gap = msgspec.json.Decoder(Gap)


def trades_of(strategy: str, values: Sequence[bytes]) -> tuple[Closed, ...]:
    """Return the closed trades of a history whose mode is told, oldest first. Raises BadInput on an entry that cannot be read."""
    entries = entries_of(strategy, values)
    found = [Closed(one.time_ns, one.intent_id, one.net_lamports, one.outlay_lamports, one.mode) for one in entries if one.mode is not None]
    return tuple(sorted(found, key=lambda one: one.place))


class Seen:
    """Reads what may have changed and remembers the rest. One instance's memory: a restart reads all."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus, self._clock = bus, clock
        self._halts_to = "0"
        self._trips: dict[str, tuple[int, str]] = {}
        self._trades: dict[str, tuple[Mode, int, tuple[Closed, ...] | None]] = {}
        """By strategy: of which mode, when it was read, and what; None: it could not be read."""
        self._warm_ns: dict[str, int] = {}
        """By strategy: until when its history may still change."""

    def heard(self, strategy: str) -> None:
        """An order of this strategy ended: a trade may be closed."""
        self._warm_ns[strategy] = self._clock.now_ns() + WARM_NS

    async def facts(self, strategies: Sequence[StrategyConfig], standings: Standings, capital: dict[str, int]) -> list[Facts]:
        """Return what is so about each strategy now. Raises Unavailable."""
        await self._fold_trips()
        live = await self._live_pnl()
        return [
            Facts(
                strategy=one.id,
                mode=one.mode,
                asked=one.asked,
                unmet=one.unmet,
                spec_hash=one.spec_hash,
                code_hash=one.code_hash,
                trades=await self._closed(one),
                pnl_lamports=None if live is None else live.get(one.id, 0),
                capital_lamports=capital.get(one.id, 0),
                gap=await self._gap_of(one.id) if one.mode is Mode.LIVE else None,
                tripped=own_trip(one, standings.get(one.id), self._trips),
                until_ns=one.cooling_until_ns,
            )
            for one in strategies
        ]

    async def _fold_trips(self) -> None:
        for entry in await self._bus.fold(KILL_SWITCH.name, self._halts_to):
            command: HaltCommand = entry.message
            self._halts_to = entry.id
            if command.by == "risk_guardian" and command.scope != PORTFOLIO and command.reason.startswith(BREAKER):
                self._trips[command.scope] = (command.time_ns, command.reason.removeprefix(BREAKER))

    async def _live_pnl(self) -> dict[str, int] | None:
        """Realized and at marks, by strategy; None while position_manager has not said."""
        raw = await self._bus.get(HOLDINGS_KEY)
        try:
            held = decode(Holdings, raw) if raw else None
        except BadInput as error:
            _refused(HOLDINGS_KEY, error)
            return None
        if held is None:
            return None
        own = [one for one in held.accounts if one.mode is Mode.LIVE]
        return {one.strategy: one.realized_lamports + sum(part.mark_lamports - part.cost_lamports for part in one.holdings) for one in own}

    async def _closed(self, strategy: StrategyConfig) -> tuple[Closed, ...] | None:
        """None where the history cannot be read: that is not the same as a strategy that closed nothing."""
        now_ns, known = self._clock.now_ns(), self._trades.get(strategy.id)
        if known and known[0] is strategy.mode and now_ns > self._warm_ns.get(strategy.id, 0) and now_ns - known[1] < WARM_NS:
            return known[2]
        found: tuple[Closed, ...] | None = None
        try:
            found = trades_of(strategy.id, await self._bus.values(PNL_HISTORY_KEY.format(strategy=strategy.id)))
        except BadInput as error:
            _refused("pnl_history", error)
        self._trades[strategy.id] = (strategy.mode, now_ns, found)
        return found

    async def _gap_of(self, strategy: str) -> Gap | None:
        raw = await self._bus.get(PAPER_GAP_KEY.format(strategy=strategy))
        try:
            return _gap.decode(raw) if raw else None
        except (msgspec.MsgspecError, RecursionError) as error:
            _refused("paper_gap", BadInput("paper_gap", f"{strategy}: {error}"))
            return None


def _refused(source: str, error: BadInput) -> None:
    BAD_INPUT.labels(source, error.field).inc()
    logger().error("promotion_input_refused", source=source, detail=str(error))
