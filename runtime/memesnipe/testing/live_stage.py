"""A stage for live orders: a real localnet, signer, wallet_guard and position_manager, each a process that can be killed at any step.

The test plays control, risk_guardian and the strategy: it applies a configuration, grants leases and approves orders.
"""

from collections.abc import Sequence
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

import msgspec
from redis.asyncio import Redis

from memesnipe.approvals import approve, leases
from memesnipe.approvals.keys import SigningKey, TrustedKeys
from memesnipe.bus import topology
from memesnipe.bus.api import Bus
from memesnipe.kernel.clock import NS_PER_S, SystemClock
from memesnipe.kernel.ports import free_port
from memesnipe.localnet.testing import SOL, Wallet
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import ConfigApplied
from memesnipe.messages.orders import ApprovedOrder, Intent, Outcome
from memesnipe.messages.signing import Lease
from memesnipe.testing import forked
from memesnipe.testing.builders import POLICY_HASH, SPEC_HASH, STRATEGY, a_config, a_strategy
from memesnipe.testing.polling import answers, until

Json = Any
FILLS = topology.FILLS.of(STRATEGY)
GUARD, SIGNER, POSITIONS = "memesnipe.guard.service", "memesnipe.signer.service", "memesnipe.positions.service"
SERVICES = (GUARD, SIGNER, POSITIONS)


class PlayedRoles:
    """What control, risk_guardian and the strategy would do, played by the test. `wallet` is a plain client of the localnet."""

    def __init__(self, bus: Bus, redis_url: str, wallet: Wallet, folder: Path) -> None:
        self.bus, self.redis_url, self.wallet, self.folder = bus, redis_url, wallet, folder
        self.keys = {role: SigningKey.create(folder / "keys" / f"{role}.key") for role in ("risk", "guard", "lease")}
        TrustedKeys.of(**{role: key.public_hex for role, key in self.keys.items()}).save(folder / "keys" / "trusted.json")
        self.genesis = ""
        self.epoch = 0

    async def prepare(self) -> None:
        """Learn which chain it is, and write the wallet's key where a signer reads it."""
        self.genesis = await self.wallet.result("getGenesisHash")
        self.wallet_file.write_text(str(list(bytes(self.wallet.key))))
        self.wallet_file.chmod(0o600)

    @property
    def wallet_file(self) -> Path:
        """Where the wallet's key is."""
        return self.folder / "wallet.json"

    def config(self, **changes: Any) -> ConfigApplied:
        """Return a configuration in which the strategy is live on this chain."""
        return a_config(a_strategy(mode=Mode.LIVE), genesis=self.genesis, **changes)

    async def put_in_force(self) -> None:
        """Apply the configuration and grant leases."""
        await self.bus.publish(topology.CONFIG.name, self.config())
        await self.grant()

    async def grant(self, *, exits_only: bool = False) -> None:
        """Give the strategy its leases; with `exits_only` the one for new risk is gone."""
        key = topology.LEASE_KEY.format(strategy=STRATEGY)
        await (self.bus.drop(key) if exits_only else self.bus.put(key, self._lease(for_exits=False)))
        await self.bus.put(topology.EXIT_LEASE_KEY.format(strategy=STRATEGY), self._lease(for_exits=True))

    def _lease(self, *, for_exits: bool) -> bytes:
        now_ns = SystemClock().now_ns()
        lease = Lease(
            STRATEGY, Mode.LIVE, SPEC_HASH, POLICY_HASH, self.genesis, self.epoch, for_exits, now_ns, now_ns + 3_600 * NS_PER_S,
            SOL, 5_000_000, 5_000_000, 50 * SOL, 200 * SOL, exits_only=for_exits,
        )  # fmt: skip
        return leases.grant(lease, self.keys["lease"])

    async def order(self, intent: Intent) -> Intent:
        """Approve an intent as risk would, and hand it to the guard."""
        now_ns = SystemClock().now_ns()
        approval = approve.approve_risk(
            intent,
            mode=Mode.LIVE,
            genesis=self.genesis,
            policy_hash=POLICY_HASH,
            halt_epoch=self.epoch,
            now_ns=now_ns,
            ttl_ns=300 * NS_PER_S,
            key=self.keys["risk"],
        )
        order = ApprovedOrder(intent, Mode.LIVE, POLICY_HASH, self.epoch, now_ns, approval)
        await self.bus.publish(topology.APPROVED.name, order, intent.id)
        return intent

    async def priced(self, intent: Intent, pool: Json) -> Any:
        """Return the intent for this pool, at its price now."""
        ratio = {"quote_lamports": pool["virtual_quote_lamports"], "base_units": pool["virtual_base_units"]}
        return msgspec.structs.replace(intent, mint=pool["mint"], time_ns=SystemClock().now_ns(), **ratio)


class Stage(PlayedRoles):
    """The processes, each made by a fork of a warm interpreter."""

    def __init__(self, bus: Bus, redis_url: str, wallet: Wallet, folder: Path, context: ForkServerContext) -> None:
        super().__init__(bus, redis_url, wallet, folder)
        self._context = context
        self._processes: list[ForkServerProcess] = []
        self._port = free_port()
        self._signer: ForkServerProcess | None = None

    async def open(self) -> None:
        """Start the signer, apply a configuration, grant leases."""
        await self.prepare()
        await self.start_signer()
        await self.put_in_force()

    async def start_signer(self, failpoint: str = "") -> ForkServerProcess:
        """Start the signer, on the same port each time, and wait until it answers, or until an order that waited for it killed it."""
        signer = self.start(SIGNER, failpoint, WALLET_FILE=str(self.wallet_file), SIGNER_PORT=str(self._port))
        await until(lambda: _answers_or_died(signer, f"http://127.0.0.1:{self._port}/pubkey"))
        self._signer = signer
        return signer

    def stop_signer(self) -> None:
        """Kill the signer."""
        if self._signer is not None:
            forked.stop(self._signer)

    def start_guard(self, failpoint: str = "", **more: str) -> ForkServerProcess:
        """Start a guard that dies at `failpoint`, if one is given."""
        urls = {"SIGNER_URL": f"http://127.0.0.1:{self._port}", "RPC_URL": self.wallet.base, "JUPITER_URL": self.wallet.base}
        rates = {"RPC_PER_S": "1000", "JUPITER_PER_S": "1000", "POLL_MS": "20", "RESEND_MS": "100"}
        return self.start(GUARD, failpoint, **urls | rates | more)

    def start_positions(self, failpoint: str = "", **more: str) -> ForkServerProcess:
        """Start a position_manager that walks the wallet's history many times a second."""
        where = {"RPC_URL": self.wallet.base, "WALLET_PUBKEY": self.wallet.me, "ADOPT_EVERY_S": "0.1", "SNAPSHOT_EVERY_S": "0.5"}
        return self.start(POSITIONS, failpoint, **where | more)

    def start(self, service: str, failpoint: str = "", **settings: str) -> ForkServerProcess:
        """Start a service with these settings (`MEMESNIPE_<NAME>`)."""
        named = {f"MEMESNIPE_{name}": value for name, value in {**settings, "FAILPOINT": failpoint}.items()}
        common = {"MEMESNIPE_REDIS_URL": self.redis_url, "MEMESNIPE_DATA_DIR": str(self.folder), "PAPER_TRADING_MODE": "false"}
        process = forked.start(self._context, service, common | named, self.folder / f"{service}.log")
        self._processes.append(process)
        return process

    async def said(self) -> Sequence[Outcome]:
        """Return every outcome that the guard has said."""
        return [entry.message for entry in await self.bus.fold(FILLS)]

    async def pending(self, stream: str, group: str) -> int:
        """Return how many entries a group has not acknowledged, those it has not read among them."""
        async with Redis.from_url(self.redis_url) as client:
            groups = await client.xinfo_groups(stream)
        mine = next(one for one in groups if one["name"] == group.encode())
        return int(mine["pending"]) + int(mine["lag"] or 0)

    def close(self) -> None:
        """Kill what still runs."""
        for process in self._processes:
            forked.stop(process)


async def _answers_or_died(process: ForkServerProcess, url: str) -> bool:
    return process.exitcode is not None or await answers(url)
