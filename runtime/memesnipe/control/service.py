"""The edge of control: read the folder, apply what changed, sign leases, keep streams trimmed, a few times a second.

Killed at any instant it comes back to the same place: versions are on disk before they are published, what the newest
publication says already is not said again, and leases simply run out.
"""

import asyncio
from pathlib import Path

import httpx
import msgspec

from memesnipe.approvals.keys import SigningKey, TrustedKeys
from memesnipe.bus.api import Bus
from memesnipe.bus.redis_bus import connect
from memesnipe.bus.trim import trim_forever
from memesnipe.control.access import grant_access
from memesnipe.control.applied import Around, Judged, in_force, judged
from memesnipe.control.desk import Desk
from memesnipe.control.evidence_folder import EvidenceFolder
from memesnipe.control.files import write_specs, write_status
from memesnipe.control.gates import Verdict, asks_for_proof
from memesnipe.control.history import History
from memesnipe.control.known import Known
from memesnipe.control.metrics import CONFIG_ERRORS, CONFIG_VERSION, GATE_FAILING
from memesnipe.control.promotions import Words
from memesnipe.control.proofs import Track
from memesnipe.control.settings import ControlSettings
from memesnipe.control.status import status_file
from memesnipe.control.tracker import Tracker
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.logs import logger
from memesnipe.kernel.service import Running, run
from memesnipe.kernel.settings import load
from memesnipe.manifests.reading import Manifests, contents, understand
from memesnipe.messages.bounds import Pubkey
from memesnipe.messages.control import ConfigApplied

TURN_S = 0.25
LOOK_NS = 2 * NS_PER_S
"""How often the gates are judged anew while no manifest changes: evidence may be withdrawn, age, or be of other code by now."""
GENESIS_S_MAX = 3.0
log = logger()


class _Genesis(msgspec.Struct):
    result: Pubkey
    """A hash is written as a public key is: 32 bytes in base58."""


_genesis = msgspec.json.Decoder(_Genesis)


class Control:
    """The control process's hands; `turn` is one pass of its loop."""

    def __init__(self, settings: ControlSettings, running: Running, bus: Bus) -> None:
        self._settings, self._running = settings, running
        path = settings.data() / "config.db"
        self._history = History(path)
        key, switch = _lease_key(settings), settings.paper_trading_mode
        self._desk = Desk(bus, running.clock, key, Known(path), by="control", paper_switch=switch)
        self._evidence, self._tracker = EvidenceFolder(settings.evidence_folder()), Tracker(bus)
        self._genesis = ""
        self._manifests: tuple[int, Manifests] | None = None
        """The newest version, with its number."""
        self._looked_ns = 0
        """When the gates were judged last."""
        self._verdicts: Judged = {}
        self._words: Words = {}
        self._taken: dict[str, bytes] = {}
        self._last_error = ""

    def strategies(self) -> list[str]:
        """Return the ids of the applied strategies."""
        return [strategy.id for strategy in self._desk.config.strategies] if self._desk.config else []

    async def turn(self) -> None:
        """Apply what changed, then renew leases. Halts come first: who finds a configuration finds the halts that were in force."""
        self._take_folder()
        await self._ask_genesis()
        await self._desk.open()
        await self._desk.fold_halts()
        if await self._desk.fold_words():
            self._looked_ns = 0  # a demotion must not wait for the next look
        await self._apply_newest()
        await self._desk.renew_leases()

    def _take_folder(self) -> None:
        """Take the folder if its bytes changed: parsing YAML four times a second would be most of what an idle control does."""
        try:
            files = contents(self._settings.folders())
            if files == self._taken:
                return
            if self._history.take_folder(self._checked(understand(files)), self._running.clock.now_ns()):
                log.info("config_taken", version=self._history.newest())
            self._taken, self._last_error = files, ""
        except ConfigError as error:
            self._complain(str(error))

    def _checked(self, manifests: Manifests) -> Manifests:
        """A Strategy that changes its code under the same name would trade another's positions: refuse."""
        newest = self._history.newest()
        before = {s.metadata.name: s.spec.strategy for s in self._history.manifests(newest).strategies} if newest else {}
        for strategy in manifests.strategies:
            name, plugin = strategy.metadata.name, strategy.spec.strategy
            if before.get(name, plugin) != plugin:
                raise ConfigError(f"Strategy {name}: spec.strategy cannot be changed from {before[name]} to {plugin}; use a new name")
        return manifests

    def _complain(self, error: str) -> None:
        if not self._history.newest():
            raise ConfigError(error)
        self._taken = {}  # a folder that is refused is looked at again: a rollback may make it right
        if error != self._last_error:
            CONFIG_ERRORS.inc()
            log.error("config_refused", detail=error, kept_version=self._history.newest())
        self._last_error = error

    async def _ask_genesis(self) -> None:
        if self._settings.rpc_url and not self._genesis:
            self._genesis = await genesis_of(self._settings.rpc_url)

    async def _apply_newest(self) -> None:
        version, now_ns, before = self._history.newest(), self._running.clock.now_ns(), self._desk.config
        changed = before is None or (before.version, before.genesis) != (version, self._genesis)
        if not changed and 0 <= now_ns - self._looked_ns < LOOK_NS:
            return
        manifests = self._manifests_of(version)
        around = await self._around(manifests, now_ns)
        verdicts, self._looked_ns = judged(manifests, around), now_ns
        config = in_force(manifests, verdicts, around, version)
        if changed or before is None or config.strategies != before.strategies:
            await self._apply(manifests, config)
            _tell(config, verdicts)
        if verdicts != self._verdicts or self._desk.words != self._words or changed:
            conditions = {name: found for name, (_, found) in verdicts.items()}
            write_status(status_file(self._settings.data()), config, conditions, self._desk.words)
            _show(verdicts)
        self._verdicts, self._words = verdicts, self._desk.words

    def _manifests_of(self, version: int) -> Manifests:
        if self._manifests is None or self._manifests[0] != version:
            self._manifests = (version, self._history.manifests(version))
        return self._manifests[1]

    async def _around(self, manifests: Manifests, now_ns: int) -> Around:
        """Return what to judge by. Where no proof is asked for, nobody is asked for it."""
        names = [one.metadata.name for one in manifests.strategies]
        track = await self._tracker.look(names) if asks_for_proof(self._genesis) else Track()
        return Around(
            paper_switch=self._settings.paper_trading_mode,
            genesis=self._genesis,
            time_ns=now_ns,
            records=self._evidence.look(),
            track=track,
            words=self._desk.words,
            promotes=self._settings.promotion_golive,
        )

    async def _apply(self, manifests: Manifests, config: ConfigApplied) -> None:
        if self._settings.acl:  # users first: a process that starts before its user exists would only fail
            await grant_access(self._settings, [strategy.id for strategy in config.strategies])
        write_specs(manifests, self._settings.data() / "run" / "strategies")
        await self._desk.say(manifests.policy.spec.kill_switch, f"version {config.version}")
        await self._desk.put_in_force(config, self._history.strategies_ever())


async def genesis_of(rpc_url: str) -> str:
    """Return the chain's genesis hash, "" when it does not answer, or with something else: then nothing goes live.

    The time-out is for the whole answer: a host that sends a byte now and then would hold up every lease and configuration.
    """
    body = {"jsonrpc": "2.0", "id": 1, "method": "getGenesisHash"}
    try:
        async with asyncio.timeout(GENESIS_S_MAX), httpx.AsyncClient(timeout=GENESIS_S_MAX, trust_env=False) as client:
            return _genesis.decode((await client.post(rpc_url, json=body)).content).result
    except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def _lease_key(settings: ControlSettings) -> SigningKey:
    """Return the key that leases are signed with. On a host without set-up every role's key is made on first use."""
    folder = settings.data() / "keys"
    if settings.role_keys == "given":
        return SigningKey.load(folder / "lease.key")
    folder.mkdir(parents=True, exist_ok=True)
    keys = {role: _key(folder / f"{role}.key") for role in ("risk", "guard", "lease")}
    TrustedKeys.of(**{role: key.public_hex for role, key in keys.items()}).save(folder / "trusted.json")
    return keys["lease"]


def _key(path: Path) -> SigningKey:
    return SigningKey.load(path) if path.exists() else SigningKey.create(path)


def _tell(config: ConfigApplied, verdicts: Judged) -> None:
    CONFIG_VERSION.set(config.version)
    for strategy in config.strategies:
        failing = [c for c in verdicts[strategy.id][1] if c.status is Verdict.FALSE]
        log.info("strategy_applied", strategy=strategy.id, mode=strategy.mode, gates=[f"{c.type}: {c.message}" for c in failing])


def _show(verdicts: Judged) -> None:
    for strategy, (_, conditions) in verdicts.items():
        for condition in conditions:
            GATE_FAILING.labels(strategy, condition.type).set(condition.status is Verdict.FALSE)


async def serve(settings: ControlSettings, running: Running) -> None:
    """Take turns until stopped."""
    bus = await connect(settings, running.clock, service="control")
    control = Control(settings, running, bus)
    trimming = asyncio.create_task(trim_forever(settings, control.strategies))
    try:
        while not running.stop.is_set():
            await control.turn()
            running.health.ready(True)
            await asyncio.sleep(TURN_S)
    finally:
        trimming.cancel()
        await bus.close()


def main() -> int:
    """Run the control process; return its exit code."""
    settings = load(ControlSettings)
    return run("control", settings, lambda running: serve(settings, running))
