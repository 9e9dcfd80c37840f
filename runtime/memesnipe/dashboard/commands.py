"""What a person may ask for on the page: a halt, a resume, a close. Written through the bus like every other message."""

import asyncio
from typing import Annotated

import msgspec
from msgspec import Meta

from memesnipe.bus.folds import Halts, fold_halts
from memesnipe.bus.redis_bus import connect
from memesnipe.bus.topology import CLOSE_REQUESTS, KILL_SWITCH
from memesnipe.kernel.clock import Clock
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.ids import derive
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.kernel.settings import CommonSettings
from memesnipe.messages.bounds import HaltState, Pubkey, StrategyId
from memesnipe.messages.control import PORTFOLIO, CloseRequest, HaltCommand

BY = "dashboard"


class HaltAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/halt. FROZEN is neither set nor lifted by a click: it has its own command line."""

    state: HaltState
    scope: Annotated[str, Meta(pattern=r"^(\*|[a-z0-9]([a-z0-9\-]{0,61}[a-z0-9])?)\Z")] = PORTFOLIO
    reason: Annotated[str, Meta(max_length=200)] = ""


class CloseAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/close."""

    strategy: StrategyId
    mint: Pubkey


class Commands:
    """Writes commands; each call is its own short connection, because a person clicks rarely."""

    def __init__(self, settings: CommonSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock

    def halt(self, asked: HaltAsked) -> None:
        """Write a halt or a resume. Raises Refused(FROZEN), Unavailable."""
        asyncio.run(self._halt(asked))

    def close(self, asked: CloseAsked) -> None:
        """Ask position_manager to close a position. Raises Unavailable."""
        asyncio.run(self._close(asked))

    async def _halt(self, asked: HaltAsked) -> None:
        bus = await connect(self._settings, self._clock, service=BY)
        try:
            halts = fold_halts(Halts(), await bus.fold(KILL_SWITCH.name))
            if HaltState.FROZEN in (asked.state, halts.states.get(asked.scope)):
                raise Refused(ReasonCode.FROZEN, "FROZEN is set and lifted on the command line: `memesnipe resume --frozen`")
            now_ns = self._clock.now_ns()
            command = HaltCommand(
                derive("halt", asked.scope, asked.state.value, BY, now_ns), asked.scope, asked.state, BY, asked.reason, now_ns
            )
            await bus.publish(KILL_SWITCH.name, command, command.id)
        finally:
            await bus.close()

    async def _close(self, asked: CloseAsked) -> None:
        bus = await connect(self._settings, self._clock, service=BY)
        try:
            now_ns = self._clock.now_ns()
            request = CloseRequest(derive("close", asked.strategy, asked.mint, now_ns), asked.strategy, asked.mint, BY, now_ns)
            await bus.publish(CLOSE_REQUESTS.name, request, request.id)
        finally:
            await bus.close()
