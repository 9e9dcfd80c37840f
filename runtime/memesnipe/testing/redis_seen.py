"""Redis as a test sees it beside the operator: what was said on its streams, which leases are there, and what other services would say."""

import time
from typing import Any

import redis

from memesnipe.bus import topology
from memesnipe.kernel.ids import derive
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.codec import decode, encode
from memesnipe.messages.control import PORTFOLIO, CloseRequest, ConfigApplied, HaltCommand, HeldAccount, Holding, Holdings

FIELD = b"m"
SOL = 10**9


class RedisSeen:
    """One server, asked without a bus."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client: Any = redis.Redis.from_url(url)  # its commands are typed for two worlds at once

    def said(self) -> list[HaltCommand]:
        """Return all commands on the kill switch channel."""
        return self._all(topology.KILL_SWITCH)

    def configs(self) -> list[ConfigApplied]:
        """Return all configurations that were published."""
        return self._all(topology.CONFIG)

    def close_requests(self) -> list[CloseRequest]:
        """Return all requests to close a position."""
        return self._all(topology.CLOSE_REQUESTS)

    def lease(self, strategy: str) -> bytes | None:
        """Return the envelope of a strategy's full lease."""
        found: bytes | None = self.client.get(topology.LEASE_KEY.format(strategy=strategy))
        return found

    def exit_lease(self, strategy: str) -> bytes | None:
        """Return the envelope of a strategy's exit lease."""
        found: bytes | None = self.client.get(topology.EXIT_LEASE_KEY.format(strategy=strategy))
        return found

    def users(self) -> set[str]:
        """Return the names of all users."""
        return {name.decode() if isinstance(name, bytes) else name for name in self.client.acl_users()}

    def publish(self, stream: topology.Stream, message: object) -> str:
        """Write a message as its producer would; return its entry id."""
        return self.publish_to(stream.name, message)

    def publish_to(self, name: str, message: object) -> str:
        """The same to one stream by its full name, such as one strategy's intents."""
        return str(self.client.xadd(name, {FIELD: encode(message)}).decode())

    def halt(self, state: HaltState, by: str, reason: str = "", scope: str = PORTFOLIO) -> str:
        """Command a halt as a service or a person would."""
        number = self.client.xlen(topology.KILL_SWITCH.name)
        return self.publish(topology.KILL_SWITCH, HaltCommand(derive("test", number), scope, state, by, reason, time.time_ns()))

    def hold(self, strategy: str = "", *mints: str, mode: Mode = Mode.LIVE, realized_sol: float = 0.0) -> None:
        """Say, as position_manager does, that a strategy holds these and nobody anything else; without one, that nothing is held."""
        held = tuple(Holding(mint, 1_000, SOL, 2 * SOL) for mint in mints)
        accounts = (HeldAccount(strategy, mode, int(realized_sol * SOL), held, ()),) if strategy else ()
        self.client.set(topology.HOLDINGS_KEY, encode(Holdings(accounts)))

    def _all(self, stream: topology.Stream) -> list[Any]:
        return [decode(stream.message, fields[FIELD]) for _, fields in self.client.xrange(stream.name)]
