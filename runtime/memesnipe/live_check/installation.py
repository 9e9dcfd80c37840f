"""Which settings the services of this installation have: the very ones, loaded as each service loads its own.

`memesnipe up` gives every process an environment of its own; the same plan is asked here, so a setting that `up` does not hand on is
not taken for one that is in force. In a pod, or on a host whose services are started by something else, the environment is the
service's own, and it shows that service's part alone.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from memesnipe.allocator.settings import AllocatorSettings
from memesnipe.consumers.settings import ConsumerSettings
from memesnipe.control.settings import ControlSettings
from memesnipe.dashboard.settings import DashboardSettings
from memesnipe.executor.settings import ExecutorSettings
from memesnipe.factory.settings import FactorySettings
from memesnipe.guard.settings import GuardSettings
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.settings import PREFIX, load, variable
from memesnipe.live_check.facts import Place, Unseen
from memesnipe.notify.settings import NotifySettings
from memesnipe.positions.settings import PositionSettings
from memesnipe.risk.settings import RiskSettings
from memesnipe.signer.environment import refuse_keys_in
from memesnipe.signer.settings import SignerSettings
from memesnipe.supervisor import plan
from memesnipe.supervisor.plan import Surroundings
from memesnipe.supervisor.settings import UpSettings
from memesnipe.supervisor.wallet import public_key
from memesnipe.tracing.settings import TracingSettings

IN_A_CLUSTER = "KUBERNETES_SERVICE_HOST"
SIGNERS_POD = "the signer's pod alone has it; how to look there: docs/howto/go-live.md#before-the-first-live-order"
OF_TESTS = {"MEMESNIPE_FAILPOINT", "MEMESNIPE_FAILPOINT_ONCE", "MEMESNIPE_PAPER_SLOTS_MAX", "MEMESNIPE_TEST_REDIS_URL"}
ALL = (
    GuardSettings, SignerSettings, ConsumerSettings, PositionSettings, ControlSettings, RiskSettings, ExecutorSettings,
    NotifySettings, TracingSettings, AllocatorSettings, FactorySettings, DashboardSettings, UpSettings,
)  # fmt: skip
"""Whoever reads MEMESNIPE_ variables where the services are started one by one."""


class Running(msgspec.Struct, frozen=True):
    """What a stack that runs on this host left for commands. `addresses` holds a password: never print it."""

    runs: bool
    addresses: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Running({self.runs})"


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """The settings, where things lie, and what cannot be seen from here."""

    place: Place
    by_up: bool
    """Whether `memesnipe up` starts the services here."""
    runs: bool
    signer_runs: bool
    """Whether there should be a door to knock at: on paper `up` starts no signer."""
    embedded_chain: bool
    data: Path
    guard: GuardSettings
    signer: SignerSettings | Unseen
    consumers: ConsumerSettings
    positions: PositionSettings
    control: ControlSettings | None
    paper: bool
    """The switch as it is set here, which a stack that runs may have otherwise."""
    wallet: str
    named: frozenset[str]
    """Variables that are set here: in a pod they tell which parts can be seen."""
    strangers: tuple[str, ...] = ()
    key_in_environment: str = ""

    @property
    def sees_guard(self) -> bool:
        """Whether wallet_guard's own settings are here."""
        return self.place == "host" or self.is_set("jupiter_url", "wallet") or self.is_set("signer_url")

    @property
    def sees_positions(self) -> bool:
        """Whether position_manager's own settings are here."""
        return self.place == "host" or self.is_set("wallet_pubkey")

    def __repr__(self) -> str:
        return f"Installation({self.place}, {self.data})"

    @property
    def chain_url(self) -> str:
        """The RPC host with its key; never to be printed."""
        return self.guard.rpc_url_with_key

    @property
    def jupiter_url(self) -> str:
        """Jupiter's host."""
        return self.guard.jupiter_url

    def is_set(self, *fields: str) -> bool:
        """Return whether every one of these settings is given here."""
        return all(variable(field) in self.named for field in fields)


def read(env: Mapping[str, str], running: Running) -> Installation:
    """Return the installation that an environment and a data folder describe. Raises ConfigError naming every wrong variable."""
    pod = env.get(IN_A_CLUSTER, "") != ""
    own = pod or env.get(variable("signer_url"), "") != ""
    return _of_services(env, "pod" if pod else "host") if own else _of_up(env, running)


def _of_services(env: Mapping[str, str], place: Place) -> Installation:
    _refuse_wrong(env, GuardSettings, ConsumerSettings, PositionSettings)
    guard, positions = load(GuardSettings, env), load(PositionSettings, env)
    sees_signer = any(env.get(variable(field), "") for field in ("wallet_file", "key_source"))
    return Installation(
        place=place,
        by_up=False,
        runs=True,
        signer_runs=guard.signer_url != "",
        embedded_chain=False,
        data=Path(guard.data_dir),
        guard=guard,
        signer=load(SignerSettings, env)
        if sees_signer
        else Unseen(SIGNERS_POD if place == "pod" else "run this with the signer's environment, too"),
        consumers=load(ConsumerSettings, env),
        positions=positions,
        control=load(ControlSettings, env) if env.get(variable("manifests"), "") else None,
        paper=guard.paper_trading_mode,
        wallet=positions.wallet_pubkey or guard.wallet,
        named=frozenset(name for name, value in env.items() if value),
        strangers=_strangers(env, *ALL),
        key_in_environment=_key_in(env),
    )


def _of_up(env: Mapping[str, str], running: Running) -> Installation:
    settings = load(UpSettings, env)
    around = surroundings(settings, running.addresses)
    guard = load(GuardSettings, plan.stage("wallet_guard", settings, around, 0).env)
    return Installation(
        place="host",
        by_up=True,
        runs=running.runs,
        signer_runs=running.addresses.get("signer_port", "0") != "0",
        embedded_chain=not settings.rpc_url,
        data=Path(settings.data_dir),
        guard=guard,
        signer=load(SignerSettings, plan.signer(settings, around, 0).env),
        consumers=load(ConsumerSettings, plan.stage("data_consumers", settings, around, 0).env),
        positions=load(PositionSettings, plan.stage("position_manager", settings, around, 0).env),
        control=load(ControlSettings, plan.control(settings, around, 0).env),
        paper=settings.paper_trading_mode,
        wallet=around.wallet,
        named=frozenset(env),
        strangers=_strangers(env, UpSettings),
        key_in_environment=_key_in(env),
    )


class _AnyUser(dict[str, str]):
    """One address whoever asks: a person's commands have a Redis user of their own."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def __missing__(self, user: str) -> str:
        return self._url


def surroundings(settings: UpSettings, known: Mapping[str, str]) -> Surroundings:
    """Return what `up` would find: from the stack that runs, else from the settings."""
    chain = known.get("rpc_url") or settings.rpc_url or f"http://127.0.0.1:{settings.localnet_port}"
    wallet_file, wallet = _wallet(settings)
    return Surroundings(
        redis_url_of=_AnyUser(known.get("redis_url", "")),
        rpc_url=chain,
        ws_url=settings.ws_url or chain.replace("http", "ws", 1),
        jupiter_url=settings.jupiter_beside(chain),
        signer_port=int(known.get("signer_port", "0")) or settings.signer_port,
        wallet_file=wallet_file,
        wallet=known.get("wallet") or wallet,
    )


def _wallet(settings: UpSettings) -> tuple[str, str]:
    """Return where `up` would look for the wallet, and its address, "" while that is not known."""
    if settings.key_in_vault:
        return settings.wallet_file, settings.wallet_address
    path = settings.wallet_file or "my_wallet.json" if settings.rpc_url else f"{settings.data_dir}/keys/localnet_wallet.json"
    return path, _public(Path(path))


def _public(path: Path) -> str:
    """Return a wallet's address, "" where the file is missing or wrong: its own check says so."""
    try:
        return public_key(path) if path.is_file() else ""
    except ConfigError:
        return ""


def _refuse_wrong(env: Mapping[str, str], *kinds: type[msgspec.Struct]) -> None:
    """Raise ConfigError with all that is wrong: who corrects one variable wants to know the others."""
    wrong = list[str]()
    for kind in kinds:
        try:
            load(kind, env)
        except ConfigError as error:
            wrong.append(str(error))
    if wrong:
        raise ConfigError("; ".join(dict.fromkeys(wrong)))


def _strangers(env: Mapping[str, str], *kinds: type[msgspec.Struct]) -> tuple[str, ...]:
    known = {variable(field.name) for kind in kinds for field in msgspec.structs.fields(kind)} | OF_TESTS
    return tuple(sorted(name for name in env if name.startswith(PREFIX) and name not in known))


def _key_in(env: Mapping[str, str]) -> str:
    """Return what the signer would say of a secret key in its environment, "" without one."""
    try:
        refuse_keys_in(env)
    except ConfigError as error:
        return str(error)
    return ""
