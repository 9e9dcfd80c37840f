"""One running localnet: the chain, its store and its clock, and who is told when a slot ends."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from solders.pubkey import Pubkey

from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.logs import logger
from memesnipe.localnet import agents, seeds
from memesnipe.localnet.chain import Block, Chain, Progress, found_cluster
from memesnipe.localnet.faucet import Faucet
from memesnipe.localnet.faults import Faults
from memesnipe.localnet.forks import fork
from memesnipe.localnet.settings import FUNDING_LAMPORTS, LocalnetSettings
from memesnipe.localnet.store import Store

if TYPE_CHECKING:
    from memesnipe.localnet.tape import Tape

Listener = Callable[[Block], None]


class Node:
    """Owns the only reference to everything that lives as long as the server does."""

    def __init__(self, settings: LocalnetSettings) -> None:
        self.settings = settings
        self.chain = Chain(settings)
        self.tape: Tape | None = None
        self._act = self._mover()
        self.listeners: list[Listener] = []
        self.faucet = Faucet(self.chain)
        self._store = Store(settings.data_dir) if settings.data_dir else None
        found_cluster(self.chain)
        if not self._loaded():
            self._found()
        self.chain.journal.begin()
        self.tick()
        if self._airdrop():
            self.tick()

    @property
    def genesis(self) -> str:
        """Genesis hash of this seed."""
        return str(seeds.genesis_hash(self.settings.seed))

    @property
    def faults(self) -> Faults:
        """How it misbehaves."""
        return self.chain.faults

    def tick(self) -> Block:
        """One slot: perhaps another fork, advance, persist, tell."""
        fork(self.chain)
        block = self.chain.advance(self._act)
        self.save()
        for listener in list(self.listeners):
            listener(block)
        return block

    def save(self) -> None:
        """Make what changed durable."""
        if self._store:
            self._store.save(self.chain)
        else:
            self.chain.fresh.clear()
            self.chain.undone.clear()
            self.chain.bank.dirty.clear()
            self.chain.market.dirty.clear()

    async def run(self) -> None:
        """The clock, until cancelled. Late slots are not made up for: a busy host has longer slots, not bursts."""
        while self.settings.slot_ms > 0:
            await asyncio.sleep(self.settings.slot_ms / 1000)
            self.tick()

    def close(self) -> None:
        """Last commit."""
        self.save()
        if self._store:
            self._store.close()

    def _mover(self) -> Callable[[], None]:
        """What happens in each slot besides users' transactions."""
        if self.settings.moved_by == "agents":
            return lambda: agents.act(self.chain)
        if self.settings.recording is None:
            return lambda: None
        from memesnipe.localnet import playback, tape  # Arrow takes longer to load than all of the localnet, and agents need none

        self.tape = played = tape.read(self.settings.recording)
        self.chain.progress = Progress(played.identity)
        return lambda: playback.act(self.chain, played)

    def _loaded(self) -> bool:
        """True if a chain came back from disk."""
        try:
            return self._store is not None and self._store.load(self.chain)
        except ConfigError:
            if self._store:  # it holds the folder's lock, and the right localnet may be next
                self._store.close()
            raise

    def _airdrop(self) -> bool:
        """Send each named wallet that has nothing its funding; True when there is something to land."""
        empty = [key for key in map(Pubkey.from_string, self.settings.airdrop) if self.chain.bank.lamports(key) == 0]
        for key in empty:
            self.faucet.give(key, FUNDING_LAMPORTS)
        return bool(empty)

    def _found(self) -> None:
        if self.settings.moved_by == "agents":
            agents.found_market(self.chain)
        self.save()
        logger().info("localnet_founded", genesis=self.genesis, pools=len(self.chain.market.all()))
