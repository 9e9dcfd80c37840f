"""One running localnet: the chain, its store and its clock, and who is told when a slot ends."""

import asyncio
from collections.abc import Callable

from memesnipe.kernel.logs import logger
from memesnipe.localnet import agents, seeds
from memesnipe.localnet.chain import Block, Chain, found_cluster
from memesnipe.localnet.faults import Faults
from memesnipe.localnet.settings import LocalnetSettings
from memesnipe.localnet.store import Store

Listener = Callable[[Block], None]


class Node:
    """Owns the only reference to everything that lives as long as the server does."""

    def __init__(self, settings: LocalnetSettings) -> None:
        self.settings = settings
        self.chain = Chain(settings)
        self.listeners: list[Listener] = []
        self.airdrops = 0
        self.faults = Faults()
        self._store = Store(settings.data_dir) if settings.data_dir else None
        found_cluster(self.chain)
        if self._store is None or not self._store.load(self.chain):
            self._found()
        self.tick()

    @property
    def genesis(self) -> str:
        """Genesis hash of this seed."""
        return str(seeds.genesis_hash(self.settings.seed))

    def tick(self) -> Block:
        """One slot: advance, persist, tell."""
        acting = self.settings.agents and not self.settings.recording
        block = self.chain.advance(lambda: agents.act(self.chain)) if acting else self.chain.advance()
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

    def _found(self) -> None:
        if self.settings.agents and not self.settings.recording:
            agents.found_market(self.chain)
        self.save()
        logger().info("localnet_founded", genesis=self.genesis, pools=len(self.chain.market.all()))
