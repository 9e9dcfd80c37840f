"""Asks Redis what the services say of strategies: which code is registered, what was closed on paper, how live compares with it."""

from collections.abc import Iterable
from typing import Protocol

import msgspec

from memesnipe.bus import topology
from memesnipe.bus.api import Entry
from memesnipe.control.proofs import Damaged, Track
from memesnipe.evidence.gap import Gap
from memesnipe.kernel.errors import BadInput
from memesnipe.kernel.logs import logger
from memesnipe.messages.bounds import Mode
from memesnipe.messages.codec import decode
from memesnipe.messages.control import Holdings


class Redis(Protocol):
    """As much of a `Bus` as is needed."""

    async def fold(self, stream: str, after: str = "0") -> list[Entry]:
        """Return the entries of a FOLD stream after an id."""
        ...

    async def get(self, key: str) -> bytes | None:
        """Return a plain key's value."""
        ...


_gap = msgspec.json.Decoder(Gap)


class Tracker:
    """Knows how far it read the registry, and what was said last: a Redis that lost everything must not send what is live to paper, nor
    bring back what went there for its gap, until position_manager says it again."""

    def __init__(self, bus: Redis) -> None:
        self._bus = bus
        self._read_to = "0"
        self._code: dict[str, str] = {}
        self._paper_trades: dict[str, int] | None = None
        self._gaps: dict[str, Gap | Damaged] = {}

    async def look(self, strategies: Iterable[str]) -> Track:
        """Return what is said now of these strategies. What cannot be read counts as not said. Raises Unavailable."""
        for entry in await self._bus.fold(topology.REGISTRY.name, self._read_to):
            self._read_to, self._code[entry.message.plugin] = entry.id, entry.message.code_hash
        await self._ask_paper_trades()
        self._gaps |= {name: gap for name in strategies if (gap := await self._gap(name)) is not None}
        return Track(dict(self._code), self._paper_trades, dict(self._gaps))

    async def _ask_paper_trades(self) -> None:
        raw = await self._bus.get(topology.HOLDINGS_KEY)
        if raw is None:
            return
        try:
            held = decode(Holdings, raw)
            self._paper_trades = {one.strategy: one.closed for one in held.accounts if one.mode is Mode.PAPER}
        except BadInput as error:
            logger().error("holdings_refused", detail=str(error))
            self._paper_trades = None

    async def _gap(self, strategy: str) -> Gap | Damaged | None:
        key = topology.PAPER_GAP_KEY.format(strategy=strategy)
        raw = await self._bus.get(key)
        try:
            return None if raw is None else _gap.decode(raw)
        except (msgspec.DecodeError, RecursionError) as error:
            logger().error("paper_gap_refused", strategy=strategy, detail=str(error))
            return Damaged(key, str(error))
