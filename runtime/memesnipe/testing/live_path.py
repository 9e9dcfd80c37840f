"""The live path as processes of its own - localnet, control, risk_guardian, wallet_guard, signer - under a load of orders.

The test plays the stages around it: the executor that never stops buying, the allocator that gave capital, position_manager that
sells what is held, and the person with the kill switch. What was signed, and when, is read from the signer's own audit lines.
"""

import asyncio
import contextlib
import itertools
import json
import os
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import msgspec
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from memesnipe.bus import topology
from memesnipe.bus.api import Bus
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.ids import derive
from memesnipe.kernel.ports import free_port
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import AllocationDecision, ConfigApplied
from memesnipe.messages.orders import Fill, OrderIntent, Outcome
from memesnipe.testing.builders import SOL, STRATEGY, a_frame, a_halt, a_tick, an_allocation, an_exit, an_intent
from memesnipe.testing.buses import nothing_held
from memesnipe.testing.polling import answers, until

MINTS = tuple(str(Pubkey.from_bytes(bytes([number + 1]) * 32)) for number in range(24))
"""More than wallet_guard has under way at once, so that some order always waits."""
BUY_LAMPORTS = SOL // 1_000
PACE_S = 0.1
"""One order for each mint at a time, the next one this long after the last one's outcome."""
RESERVES = {"real_quote_lamports": 600 * SOL, "real_base_units": 500_000_000 * 10**6}
PRICE: dict[str, Any] = {"quote_lamports": RESERVES["real_quote_lamports"], "base_units": RESERVES["real_base_units"]}
"""What a token costs; these few orders hardly move it."""
BUSY = {
    "POLL_MS": "200", "JUPITER_PER_S": "1000", "RPC_PER_S": "1000", "RPC_SENDS_PER_S": "1000",
    "TOKEN_ROUND_TRIP": "quoted", "TOKEN_REMEMBER_MS": "60000",
}  # fmt: skip
"""wallet_guard is to sign as often as it can: nothing waits for an allowance, and tokens that stay as they are are checked once."""
MANIFESTS = """
apiVersion: memesnipe.io/v1alpha1
kind: Allocation
metadata: {name: default}
spec: {capitalSol: 90}
---
apiVersion: memesnipe.io/v1alpha1
kind: RiskPolicy
metadata: {name: default}
spec: {strategyExposureSolMax: 60, tokenExposureSolMax: 60, portfolioExposureSolMax: 60, openPositionsMax: 1000,
       ordersPerMinuteMax: 100000, drawdownBpsMax: 9000, spendSolPerHourMax: 50, market: {duplicateWindowMs: 0}}
---
apiVersion: memesnipe.io/v1alpha1
kind: Strategy
metadata: {name: momentum}
spec: {strategy: momentum, mode: live}
"""


class Signature(msgspec.Struct, frozen=True):
    """One line of the signer's audit chain."""

    time_ns: int
    reduces: bool
    intent_id: str


class LivePath:
    """Use as `async with LivePath(bus, url, folder)`: ready when the first order was signed; leaves no process behind."""

    def __init__(self, bus: Bus, redis_url: str, folder: Path) -> None:
        self.bus, self.redis_url, self.folder = bus, redis_url, folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.rpc = f"http://127.0.0.1:{free_port()}"
        self.signer = f"http://127.0.0.1:{free_port()}"
        self.fills: dict[str, Fill] = {}
        """By intent: what was filled."""
        self.ended = 0
        """How many orders had an outcome, refusals included."""
        self._config: ConfigApplied
        self._waiting: dict[str, asyncio.Future[Outcome]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._heard_after = "0"

    async def __aenter__(self) -> "LivePath":
        try:
            await self._start()
        except BaseException as error:
            error.add_note("\n".join(f"{log.name}: {log.read_text(errors='replace')[-600:]}" for log in sorted(self.folder.glob("*.log"))))
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for process in self.processes.values():
            process.kill()
            process.wait()

    async def halt(self, state: HaltState) -> int:
        """Command a halt as a person does; return when (ns, the clock of the signer's lines)."""
        command = a_halt(state)
        said_ns = time.time_ns()
        await self.bus.publish(topology.KILL_SWITCH.name, command, command.id)
        return said_ns

    async def exit_of(self, fill: Fill) -> str:
        """Sell what was bought, as position_manager would; return the intent's id."""
        terms: dict[str, Any] = {"mint": fill.mint, "mode": fill.mode, "time_ns": time.time_ns(), "slippage_bps_max": 1_500, **PRICE}
        wish = an_exit(size_units=fill.token_delta_units, id=derive("exit", fill.intent_id), **terms)
        await self.bus.publish(topology.EXITS.of(STRATEGY), wish, wish.id)
        return wish.id

    def signatures(self, since_ns: int = 0) -> list[Signature]:
        """Return what was signed from then on, in order."""
        question = "SELECT time_ns, reduces, intent_id FROM signatures WHERE time_ns >= ? ORDER BY seq"
        with contextlib.closing(sqlite3.connect(f"file:{self.folder / 'signer.db'}?mode=ro", uri=True, timeout=10)) as database:
            return [Signature(time_ns, bool(reduces), intent) for time_ns, reduces, intent in database.execute(question, (since_ns,))]

    def new_risk(self, since_ns: int) -> list[Signature]:
        """Return the buys among them."""
        return [one for one in self.signatures(since_ns) if not one.reduces]

    async def _start(self) -> None:
        wallet = Keypair()
        self._write(wallet)
        arguments = ["--port", self.rpc.rpartition(":")[2], "--slot-ms", "100", "--moved-by", "admin", "--airdrop", str(wallet.pubkey())]
        self._process("localnet", [sys.executable, "-m", "memesnipe.localnet", *arguments])
        await until(lambda: answers(self.rpc + "/health"), what="the localnet")
        for mint in MINTS:
            await asyncio.to_thread(_posted, self.rpc + "/localnet/pool", {"mint": mint, "kind": "constant_product", **RESERVES})
        await nothing_held(self.bus)
        await self.bus.publish(topology.ALLOCATIONS.name, _capital())
        self._service("control", MANIFESTS=str(self.folder / "manifests"))
        await until(self._applied, what="a configuration")
        self._service("signer", WALLET_FILE=str(self.folder / "wallet.json"), SIGNER_PORT=self.signer.rpartition(":")[2])
        self._service("risk_guardian")
        self._service("wallet_guard", SIGNER_URL=self.signer, JUPITER_URL=self.rpc, **BUSY)
        await until(lambda: answers(self.signer + "/pubkey"), what="the signer")
        self._tasks = [asyncio.create_task(work) for work in (self._hear(), self._tell_prices(), *(self._buy(mint) for mint in MINTS))]
        await until(self._trades, what="the first signature")

    def _write(self, wallet: Keypair) -> None:
        (self.folder / "manifests").mkdir()
        (self.folder / "manifests" / "all.yaml").write_text(MANIFESTS)
        (self.folder / "wallet.json").touch(mode=0o600)
        (self.folder / "wallet.json").write_text(wallet.to_json())

    def _service(self, name: str, **settings: str) -> None:
        common = {"REDIS_URL": self.redis_url, "DATA_DIR": str(self.folder), "RPC_URL": self.rpc, "LOG_LEVEL": "WARNING"}
        env = {f"MEMESNIPE_{field}": value for field, value in (common | settings).items()} | {"PAPER_TRADING_MODE": "false"}
        self._process(name, [sys.executable, "-m", "memesnipe", name], **env)

    def _process(self, name: str, command: list[str], **env: str) -> None:
        clean = {variable: value for variable, value in os.environ.items() if not variable.startswith("MEMESNIPE_")}
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(command, env=clean | env, stdout=log, stderr=log)  # noqa: S603 - our own commands

    async def _applied(self) -> bool:
        """Whether control has put the Strategy in force, live."""
        for entry in await self.bus.fold(topology.CONFIG.name):
            self._config = entry.message
            return bool(self._config.strategies[0].mode.value == "live") and (self.folder / "keys" / "trusted.json").exists()
        return False

    async def _trades(self) -> bool:
        return bool(self.fills)

    async def _tell_prices(self) -> None:
        """Say what each token costs, as data_consumers does: without a price risk_guardian lets nothing be bought."""
        for number in itertools.count():
            now_ns = time.time_ns()
            ticks = (a_tick(event_id=f"{mint}-{number}", mint=mint, time_ns=now_ns, **PRICE) for mint in MINTS)
            await self.bus.publish(topology.PRICE.name, a_frame(*ticks))
            await asyncio.sleep(0.5)

    async def _hear(self) -> None:
        """Take up outcomes and wake who waits for them."""
        while True:
            for entry in await self.bus.fold(topology.FILLS.of(STRATEGY), self._heard_after):
                self._heard_after, outcome = entry.id, entry.message
                self.ended += 1
                if isinstance(outcome, Fill) and outcome.token_delta_units > 0:
                    self.fills[outcome.intent_id] = outcome
                if (waiter := self._waiting.pop(outcome.intent_id, None)) and not waiter.done():
                    waiter.set_result(outcome)
            await asyncio.sleep(0.02)

    async def _buy(self, mint: str) -> None:
        """Buy for ever, one order at a time: what is refused in a halt is asked again, as a strategy would."""
        while True:
            intent = self._wish(mint)
            outcome = self._waiting[intent.id] = asyncio.get_running_loop().create_future()
            await self.bus.publish(topology.INTENTS.of(STRATEGY), intent, intent.id)
            await outcome
            await asyncio.sleep(PACE_S)

    def _wish(self, mint: str) -> OrderIntent:
        wish = an_intent(size_sol=BUY_LAMPORTS / SOL, mint=mint, time_ns=time.time_ns(), slippage_bps_max=1_500, **PRICE)
        spec_hash = self._config.strategies[0].spec_hash
        wanted = derive("intent", STRATEGY, spec_hash, wish.event_id, wish.sequence)
        return msgspec.structs.replace(wish, id=wanted, spec_hash=spec_hash)


def _posted(url: str, body: dict[str, Any]) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310 - our own address
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - as above
        return


def _capital() -> AllocationDecision:
    share = an_allocation(capital_sol=60)
    share = msgspec.structs.replace(share, time_ns=SystemClock().now_ns())
    return AllocationDecision(1, share.time_ns, "00", "test", "test", (share,))
