"""The sequence of `memesnipe up`: Valkey, chain, control, then the stages, then an executor for each strategy; and back again."""

import asyncio
import contextlib
import fcntl
import json
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from memesnipe.control.files import password, passwords_folder, write_whole
from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.kernel.logs import configure, logger
from memesnipe.kernel.ports import free_port
from memesnipe.supervisor import own, plan, unprotected
from memesnipe.supervisor.child import BAD_CONFIG, Child
from memesnipe.supervisor.plan import Process, Surroundings
from memesnipe.supervisor.probe import all_ready
from memesnipe.supervisor.redis_users import RedisUsers
from memesnipe.supervisor.seats import Seats
from memesnipe.supervisor.settings import UpSettings
from memesnipe.supervisor.table import Screen
from memesnipe.supervisor.valkey import valkey
from memesnipe.supervisor.wallet import fund, localnet_wallet, public_key

READY_S_MAX = 60.0
log = logger()


class Stack:
    """Every process of one data folder."""

    def __init__(self, settings: UpSettings, screen: Screen, replay: str = "") -> None:
        self.settings, self.screen = settings, screen
        self.replay = replay
        self.data = Path(settings.data_dir)
        self.children: list[Child] = []
        self._seats = Seats(settings, self.children, self._start_executor)
        self._told: dict[str, int] = {}
        self._client = httpx.AsyncClient(timeout=2.0)
        self.redis_url = ""
        self.around: Surroundings | None = None

    async def start(self) -> None:
        """Start everything in order; returns when all but the executors are started. Raises Unavailable, ConfigError."""
        admin = await self._start_redis()
        chain_url = await self._start_chain()
        self.around = await self._surroundings(admin, chain_url)
        await self._ready(self._launch(plan.control(self.settings, self.around, free_port())))
        self.around = await self._surroundings(admin, chain_url)
        if not self.settings.paper_trading_mode and not self.replay:
            await self._ready(self._launch(plan.signer(self.settings, self.around, free_port())))
        for name in plan.stages(self.settings, self.around):
            self._launch(plan.stage(name, self.settings, self.around, free_port()))
        self._write_addresses()

    async def turn(self) -> dict[str, tuple[bool, str]]:
        """Follow the strategies that control wrote; return every child's readiness."""
        await self._seats.follow()
        self._write_services()
        return await all_ready(self.children, self._client)

    async def stop(self) -> None:
        """Stop the newest first, so that nobody loses a part it still writes to."""
        stages = [c for c in self.children if c.process.name not in ("valkey", "localnet", "control")]
        await asyncio.gather(*(child.stop() for child in stages))
        for child in reversed([c for c in self.children if c not in stages]):
            await child.stop()
        for name in ("addresses", "services.json"):
            (self.data / "run" / name).unlink(missing_ok=True)
        await self._client.aclose()

    def child(self, name: str) -> Child:
        """Return the child of this name."""
        return next(child for child in self.children if child.process.name == name)

    def _launch(self, process: Process) -> Child:
        child = Child(process, self.data / "logs")
        child.start()
        self.children.append(child)
        return child

    async def _ready(self, child: Child) -> None:
        started = time.monotonic()
        while not (await all_ready([child], self._client))[child.process.name][0]:
            if child.state == BAD_CONFIG:
                raise ConfigError(child.complaint())
            if time.monotonic() - started > READY_S_MAX:
                raise Unavailable(child.process.name, f"it did not become ready; see {child.log_path}")
            await asyncio.sleep(0.05)

    async def _start_redis(self) -> str:
        """The default user keeps its rights behind a password; every service gets a user of its own from control."""
        port = self.settings.redis_port or free_port()
        secret = password(passwords_folder(self.data, "default"), "default")
        await until_open(port, self._launch(valkey(self.data / "valkey", port, secret)))
        return f"redis://default:{secret}@127.0.0.1:{port}/0"

    async def _start_chain(self) -> str:
        """An outside chain, none in a replay, or the embedded localnet."""
        if self.settings.rpc_url or self.replay:
            return self.settings.rpc_url
        await until_open(self.settings.localnet_port, self._launch(plan.localnet(self.settings)))
        return f"http://127.0.0.1:{self.settings.localnet_port}"

    async def _surroundings(self, admin: str, chain_url: str) -> Surroundings:
        wallet_file, wallet = await self._wallet(chain_url)
        return Surroundings(
            redis_url_of=RedisUsers(admin, self.data),
            rpc_url=chain_url,
            ws_url=self.settings.ws_url or chain_url.replace("http", "ws", 1),
            jupiter_url=self.settings.jupiter_beside(chain_url),
            signer_port=self.around.signer_port if self.around else self.settings.signer_port or free_port(),
            wallet_file=wallet_file,
            wallet=wallet,
            replay=self.replay,
        )

    async def _wallet(self, chain_url: str) -> tuple[str, str]:
        """Return the wallet's file, "" when Vault has its key, and its address."""
        if self.settings.key_in_vault:
            return self.settings.wallet_file, self.settings.wallet_address
        if self.settings.rpc_url or self.replay:
            path = Path(self.settings.wallet_file or "my_wallet.json")
            return str(path), public_key(path) if path.exists() else ""
        path = self.data / "keys" / "localnet_wallet.json"
        wallet = localnet_wallet(path)
        await fund(chain_url, wallet)
        return str(path), wallet

    def _start_executor(self, name: str, spec_file: Path) -> Child:
        assert self.around is not None  # noqa: S101 - start() ran first
        child = Child(plan.executor(name, spec_file, self.settings, self.around, free_port()), self.data / "logs")
        child.start()
        return child

    def _write_addresses(self) -> None:
        """Where the people's commands find this stack; the file is a secret, because the address holds a password."""
        assert self.around is not None  # noqa: S101 - start() ran first
        self.redis_url = self.around.redis_url_of["cli"]
        signer_port = self.around.signer_port if any(child.process.name == "signer" for child in self.children) else 0
        lines = f"redis_url={self.redis_url}\nrpc_url={self.around.rpc_url}\nwallet={self.around.wallet}\nsigner_port={signer_port}\n"
        write_whole(self.data / "run" / "addresses", lines.encode(), 0o600)

    def _write_services(self) -> None:
        """Where the people's commands ask each service whether it takes work."""
        ports = {child.process.name: child.process.health_port for child in self.children if child.process.health_port}
        if ports != self._told:
            write_whole(self.data / "run" / "services.json", json.dumps(ports).encode())
            self._told = ports


async def until_open(port: int, child: Child) -> None:
    """Wait until a child listens. Raises Unavailable, at once when it ended over its configuration."""
    for _ in range(int(READY_S_MAX / 0.05)):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if child.state == BAD_CONFIG:
                break
            await asyncio.sleep(0.05)
            continue
        writer.close()
        await writer.wait_closed()
        return
    raise Unavailable(child.process.name, f"nothing listens on port {port}; see {child.log_path}")


@contextlib.contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Hold the data folder's lock: two stacks on one ledger would each believe they are the writer. Raises ConfigError."""
    (data / "run").mkdir(parents=True, exist_ok=True)
    (data / "logs").mkdir(parents=True, exist_ok=True)
    with (data / "run" / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigError(f"another `memesnipe up` runs on {data}; stop it first") from None
        yield


def port_taken(host: str, port: int) -> bool:
    """Return whether somebody listens there already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


async def up(settings: UpSettings) -> int:
    """Run the stack until Ctrl-C or SIGTERM; return the exit code."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with only_one(Path(settings.data_dir)), Screen() as screen:
        stack = Stack(settings, screen)
        if told := unprotected.warning(settings):
            screen.say(f"memesnipe: {told}")
        try:
            await _start_unless_stopped(stack, stop)
            await _watch(stack, stop)
        except (Unavailable, ConfigError) as error:
            screen.say(f"memesnipe: {error}")
            return 1
        finally:
            screen.say("memesnipe: stopping …")
            await stack.stop()
            screen.say("memesnipe: stopped; nothing is left running")
    return 0


async def _start_unless_stopped(stack: Stack, stop: asyncio.Event) -> None:
    """Ctrl-C must work while starting, too."""
    starting, stopping = asyncio.ensure_future(stack.start()), asyncio.ensure_future(stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not starting.done():
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        return
    starting.result()


async def _watch(stack: Stack, stop: asyncio.Event) -> None:
    announced = False
    page = f"http://localhost:{stack.settings.dashboard_port}"
    while not stop.is_set():
        ready = await stack.turn()
        stack.screen.show(stack.children, ready, f"MemeSnipe · {page} · Ctrl-C stops everything")
        if not announced and all(good for good, _ in ready.values()):
            announced = True
            stack.screen.say(f"memesnipe: all services are ready; the page is at {page}")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.5)


def run_up(settings: UpSettings) -> int:
    """Run `up` on a new event loop."""
    configure("supervisor", level="WARNING" if settings.log_level == "INFO" else settings.log_level)
    own.prepare(settings)
    if port_taken(settings.dashboard_host, settings.dashboard_port):
        raise ConfigError(f"MEMESNIPE_DASHBOARD_PORT: port {settings.dashboard_port} is taken; name another")
    if not settings.rpc_url and port_taken("127.0.0.1", settings.localnet_port):
        raise ConfigError(f"MEMESNIPE_LOCALNET_PORT: port {settings.localnet_port} is taken; name another")
    return asyncio.run(up(settings))
