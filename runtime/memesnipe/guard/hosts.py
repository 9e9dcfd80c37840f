"""Whom a live order meets: the hosts that are asked, and the keys whose word counts."""

from typing import Protocol

import msgspec

from memesnipe.approvals.keys import SigningKey, TrustedKeys
from memesnipe.chain.clients.rpc import SolanaRpc
from memesnipe.guard.expiry import Expiry
from memesnipe.guard.landing import Landing
from memesnipe.guard.signer_client import SignerClient
from memesnipe.guard.venue import Venue


class Client(Protocol):
    """What holds connections."""

    async def close(self) -> None:
        """Close them."""
        ...


class Hosts(msgspec.Struct, frozen=True):
    """Who is asked. `clients` are all of them, to be closed."""

    rpc: SolanaRpc
    venue: Venue
    expiry: Expiry
    landing: Landing
    signer: SignerClient
    clients: tuple[Client, ...]


class Keys(msgspec.Struct, frozen=True):
    """Our own word, and whose word we take."""

    own: SigningKey
    trusted: TrustedKeys
