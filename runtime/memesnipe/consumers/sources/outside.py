"""Sources of the world outside speak of mainnet's tokens: on any other chain, a localnet above all, they are not even contacted."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from memesnipe.chain.programs import MAINNET_GENESIS
from memesnipe.consumers.api import Delivery, Source
from memesnipe.consumers.chain_reader import ChainReader
from memesnipe.consumers.metrics import SKIPPED
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.logs import logger

LOOPBACK = ("127.0.0.1", "::1", "localhost")
ASK_AGAIN_S = 5.0


class OnMainnet:
    """A source, once the RPC host has told that its chain is mainnet. See `consumers.api.Source`."""

    def __init__(self, source: Source, reader: ChainReader) -> None:
        self._source, self._reader = source, reader

    @property
    def name(self) -> str:
        """Return the source's name."""
        return self._source.name

    async def deliveries(self, cursor: bytes) -> AsyncIterator[Delivery]:
        """Deliver what the source delivers; nothing at all where the chain is another one."""
        if await self._genesis() != MAINNET_GENESIS:
            SKIPPED.labels(self.name, "not_mainnet").inc()
            logger().warning("source_off", source=self.name, reason="the RPC host's chain is not mainnet, of which this source speaks")
            return
        async for delivery in self._source.deliveries(cursor):
            yield delivery

    async def _genesis(self) -> str:
        """Ask until the host answers: a chain that is not known is not mainnet."""
        while True:
            try:
                return await self._reader.genesis()
            except (Unavailable, Refused, BadInput) as error:
                logger().warning("genesis_unknown", source=self.name, error=type(error).__name__)
                await asyncio.sleep(ASK_AGAIN_S)


def guarded(source: Source, url: str, reader: ChainReader) -> Source:
    """Return the source as it may run: a host on this machine is ours (a stand-in for a try-out), any other speaks of mainnet."""
    return source if urlsplit(url).hostname in LOOPBACK else OnMainnet(source, reader)
