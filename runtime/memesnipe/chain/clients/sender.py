"""Helius Sender (`POST /fast`): one sendTransaction to validators and Jito at once."""

import base64

from memesnipe.chain.clients import json_rpc
from memesnipe.chain.clients.limits import Lane, Rate
from memesnipe.chain.clients.transport import Transport

DEFAULT_RATE = Rate(per_s=15.0, burst=15, reserved=3)
_SEND = "sendTransaction"


class Sender:
    """Helius Sender (`/fast`): sendTransaction to validators and Jito at once; wants a tip and a priority fee inside."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @classmethod
    def at(cls, url: str, rate: Rate = DEFAULT_RATE) -> "Sender":
        """Return a client of the host at `url`, without `/fast`."""
        return cls(Transport("sender", url, rate=rate))

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def send(self, transaction: bytes, lane: Lane = Lane.NORMAL) -> None:
        """Send a signed transaction, once. Raises Unavailable (unknown) and Refused (not taken)."""
        options = {"encoding": "base64", "skipPreflight": True, "maxRetries": 0}
        params = [base64.b64encode(transaction).decode(), options]
        json_rpc.result_of("sender", _SEND, await json_rpc.ask(self._transport, "/fast", _SEND, params, lane))
