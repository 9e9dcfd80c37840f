"""The `executor` service of a compose host: one process for each Strategy, each under its own Redis user, as `memesnipe up` has them.

control writes a spec file and a password for each strategy into a folder that this container sees read-only; Prometheus finds the
processes by a file that is written here.
"""

import asyncio
import contextlib
from pathlib import Path

import httpx
import msgspec

from memesnipe.control.files import write_whole
from memesnipe.kernel.logs import logger
from memesnipe.kernel.service import Running, run
from memesnipe.kernel.settings import load, variable
from memesnipe.supervisor import plan
from memesnipe.supervisor.child import Child
from memesnipe.supervisor.plan import Surroundings
from memesnipe.supervisor.probe import all_ready
from memesnipe.supervisor.redis_users import RedisUsers
from memesnipe.supervisor.seats import Seats
from memesnipe.supervisor.settings import UpSettings

TURN_S = 0.5
GRACE_S = 6.0
"""Less than a service has for its own end."""
FIRST_PORT = 8_100
TARGETS = Path("targets") / "executors.json"
"""Prometheus' list of the processes, below the data folder (file_sd_config's JSON)."""
log = logger()


class Executors:
    """The processes of one folder of specs, each with a port of its own that it keeps for as long as it is seated."""

    def __init__(self, settings: UpSettings, host: str) -> None:
        self._settings, self._host = settings, host
        self._around = _surroundings(settings)
        self._ports: dict[str, int] = {}
        self._told: bytes | None = None
        self.children: list[Child] = []
        self.seats = Seats(settings, self.children, self._start)

    async def turn(self, client: httpx.AsyncClient) -> tuple[bool, str]:
        """Follow the specs, tell Prometheus; return whether every executor takes work, and if not, why."""
        await self.seats.follow()
        self._tell_targets()
        waiting = {name: why for name, (good, why) in (await all_ready(self.children, client)).items() if not good}
        return not waiting, "; ".join(f"{name}: {why}" for name, why in sorted(waiting.items()))

    async def stop(self) -> None:
        """Stop all of them, together."""
        await asyncio.gather(*(child.stop(GRACE_S) for child in self.children))

    def _start(self, strategy: str, spec_file: Path) -> Child:
        taken = {port for name, port in self._ports.items() if name in self.seats.seated() and name != strategy}
        self._ports[strategy] = next(port for port in range(FIRST_PORT, 65_536) if port not in taken)
        process = plan.executor(strategy, spec_file, self._settings, self._around, self._ports[strategy])
        process = msgspec.structs.replace(process, env={**process.env, variable("health_host"): self._settings.health_host})
        log.info("executor_seated", strategy=strategy, port=self._ports[strategy])
        child = Child(process)
        child.start()
        return child

    def _tell_targets(self) -> None:
        targets = [
            {"targets": [f"{self._host}:{self._ports[name]}"], "labels": {"pod": f"strategy-{name}"}} for name in self.seats.seated()
        ]
        if (data := msgspec.json.encode(targets)) != self._told:
            write_whole(Path(self._settings.data_dir) / TARGETS, data)
            self._told = data


def _surroundings(settings: UpSettings) -> Surroundings:
    """An executor reaches Redis and nothing else: no chain, no signer, no wallet."""
    users = RedisUsers(settings.redis_url, Path(settings.data_dir))
    return Surroundings(redis_url_of=users, rpc_url="", ws_url="", jupiter_url="", signer_port=0, wallet_file="", wallet="")


async def serve(running: Running, settings: UpSettings) -> None:
    """Take turns until asked to stop."""
    executors = Executors(settings, "executor")
    async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
        try:
            while not running.stop.is_set():
                running.health.ready(*await executors.turn(client))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(running.stop.wait(), TURN_S)
        finally:
            await executors.stop()


def main() -> int:
    """Run the service; return its exit code."""
    settings = load(UpSettings)
    return run("executor", settings, lambda running: serve(running, settings))
