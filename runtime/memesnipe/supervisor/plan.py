"""Which processes a host runs, with which environment. Pure: read this file to know what `memesnipe up` starts, and in which order."""

import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from memesnipe.kernel.settings import variable
from memesnipe.supervisor.settings import UpSettings

STAGES = (
    "strategy_factory",
    "autonomous_allocator",
    "risk_guardian",
    "wallet_guard",
    "position_manager",
    "data_consumers",
    "dashboard",
)
"""Started after control; the executors come and go with the strategies."""
NOTIFIER = "notifier"
"""Started beside them where somebody named addresses to tell."""
TRACER = "tracer"
"""Started beside them where somebody named a collector of traces."""

MANIFESTS = "manifests:strategies/memesnipe_strategies"
MANIFESTS_REPLAY = "manifests/replay"
FACTORY_INTERVAL_S = "5"
"""On a host strategies are written while the stack runs; a look costs the import of a few files."""

LANDING_FIELDS = (
    "jito_url", "sender_url", "rpc_check_url", "tip_floor_url", "fee_percentile", "exit_fee_percentile", "rpc_per_s", "rpc_sends_per_s",
    "jupiter_per_s",
)  # fmt: skip
MINT_FIELDS = ("token_transfer_fee_bps_max", "token_mint_authority", "token_freeze_authority")
TOKEN_FIELDS = (
    *MINT_FIELDS, "token_holder_bps_max", "token_lp_burnt_bps_min", "token_round_trip_bps_max", "token_round_trip",
    "token_creator_launches_max", "token_check_ms_max", "token_remember_ms",
)  # fmt: skip
KEY_FIELDS = (
    "key_source", "wallet_address", "vault_url", "vault_mount", "vault_key", "vault_key_version", "vault_token_file", "vault_ca_file",
    "vault_timeout_ms",
)  # fmt: skip

NOTIFY_FIELDS = (
    "notify_urls_file", "notify_fills", "notify_per_minute", "notify_summary_hour_utc", "notify_alerts_port",
    "notify_runbooks_url", "notify_timeout_s",
)  # fmt: skip
TRACING_FIELDS = ("otlp_url", "otlp_headers_file", "otlp_ca_file", "otlp_timeout_s")


class Process(msgspec.Struct, frozen=True):
    """One process to keep running."""

    name: str
    command: tuple[str, ...]
    env: dict[str, str]
    health_port: int
    """0: it has no health endpoint of ours."""


class Surroundings(msgspec.Struct, frozen=True):
    """What became known while starting: addresses, users, files."""

    redis_url_of: dict[str, str]
    """By Redis user."""
    rpc_url: str
    ws_url: str
    jupiter_url: str
    signer_port: int
    wallet_file: str
    """Empty: the key is in Vault."""
    wallet: str
    replay: str = ""


def service(name: str, env: Mapping[str, str], port: int) -> Process:
    """Return the process of one of our services."""
    common = {variable("health_port"): str(port)}
    return Process(name, (sys.executable, "-m", "memesnipe", name.partition(":")[0]), {**env, **common}, port)


def control(settings: UpSettings, around: Surroundings, port: int) -> Process:
    """Return the control process; it alone gets the Redis administrator's address."""
    env = {
        **_common(settings, around, "default"),
        "MEMESNIPE_MANIFESTS": manifests(settings, around),
        "MEMESNIPE_EVIDENCE": settings.evidence,
        "MEMESNIPE_PROMOTION_GOLIVE": str(settings.promotion_golive).lower(),
        "MEMESNIPE_RPC_URL": around.rpc_url,
        "MEMESNIPE_ACL": "true",
    }
    return service("control", env, port)


def manifests(settings: UpSettings, around: Surroundings) -> str:
    """Return the folders of manifests: those that were named, else what ships and a person's own."""
    return settings.manifests or f"{MANIFESTS_REPLAY if around.replay else MANIFESTS}:{settings.strategies_path}"


def localnet(settings: UpSettings) -> Process:
    """Return the embedded chain and its market, moved by seeded agents."""
    command = [sys.executable, "-m", "memesnipe.localnet", "--port", str(settings.localnet_port), "--seed", str(settings.seed)]
    command += ["--data-dir", str(Path(settings.data_dir) / "localnet"), "--moved-by", "agents"]
    return Process("localnet", tuple(command), {}, 0)


def signer(settings: UpSettings, around: Surroundings, port: int) -> Process:
    """Return the signer: no Redis address, no API key, the only wallet file."""
    env = {
        variable("data_dir"): settings.data_dir,
        variable("log_level"): settings.log_level,
        variable("paper_trading_mode"): str(settings.paper_trading_mode).lower(),
        "MEMESNIPE_WALLET_FILE": around.wallet_file,
        "MEMESNIPE_SIGNER_PORT": str(around.signer_port),
        **_named(settings, "jito_auth_file", *MINT_FIELDS, *(KEY_FIELDS if settings.rpc_url else ())),
    }
    return service("signer", env, port)


def stages(settings: UpSettings, around: Surroundings) -> tuple[str, ...]:
    """Return the stages that run: nobody is told of a replay, whose trades were never made, and its times are of another day."""
    more = ((NOTIFIER, settings.notify_urls_file), (TRACER, settings.otlp_url))
    return (*STAGES, *(name for name, wanted in more if wanted and not around.replay))


def stage(name: str, settings: UpSettings, around: Surroundings, port: int) -> Process:
    """Return one of `stages`."""
    extra = {
        "strategy_factory": _own(settings) | {"MEMESNIPE_FACTORY_INTERVAL_S": FACTORY_INTERVAL_S},
        "data_consumers": _sources(settings, around)
        | _named(settings, "jupiter_api_key", "jetstream_url", "pumpportal_url", "wormholescan_url"),
        "wallet_guard": _chain(around)
        | {"MEMESNIPE_SIGNER_URL": f"http://127.0.0.1:{around.signer_port}"}
        | _rehearsal(around)
        | _named(settings, "jupiter_api_key", "helius_api_key", *LANDING_FIELDS, *TOKEN_FIELDS, "drift_gateway_url", "drift_markets"),
        "position_manager": _chain(around) | _named(settings, "token_watch_s"),
        NOTIFIER: _named(settings, *NOTIFY_FIELDS),
        TRACER: _named(settings, *TRACING_FIELDS),
        "dashboard": {
            "MEMESNIPE_DASHBOARD_HOST": settings.dashboard_host,
            "MEMESNIPE_DASHBOARD_PORT": str(settings.dashboard_port),
            "MEMESNIPE_RPC_URL": around.rpc_url,
            **_named(settings, "dashboard_password_file", "dashboard_trusted_peers"),
        },
    }
    return service(name, {**_common(settings, around, name), **extra.get(name, {})}, port)


def executor(strategy: str, spec_file: Path, settings: UpSettings, around: Surroundings, port: int) -> Process:
    """Return one strategy's executor, under its own Redis user."""
    env = {**_common(settings, around, f"executor-{strategy}"), **_own(settings), "MEMESNIPE_STRATEGY_FILE": str(spec_file)}
    return service(f"executor:{strategy}", env, port)


def _common(settings: UpSettings, around: Surroundings, user: str) -> dict[str, str]:
    return {
        variable("redis_url"): around.redis_url_of[user],
        variable("data_dir"): settings.data_dir,
        variable("log_level"): settings.log_level,
        variable("clock"): "replay" if around.replay else settings.clock,
        variable("seed"): str(settings.seed),
        variable("paper_trading_mode"): str(settings.paper_trading_mode).lower(),
        **({variable("database_url"): settings.database_url} if settings.database_url else {}),
    }


def _own(settings: UpSettings) -> dict[str, str]:
    return {variable("strategies_path"): settings.strategies_path}


def _named(settings: UpSettings, *fields: str) -> dict[str, str]:
    """Return what a person set of these, for the one process that needs it: a key is nobody else's business."""
    return {variable(field): value for field in fields if (value := getattr(settings, field))}


def _rehearsal(around: Surroundings) -> dict[str, str]:
    """Paper goes to the signer's door: quoted, built and judged as a live order would be. A replay has no aggregator to ask."""
    return {"MEMESNIPE_PAPER_QUOTES": "jupiter", "MEMESNIPE_WALLET": around.wallet} if around.wallet and not around.replay else {}


def _chain(around: Surroundings) -> dict[str, str]:
    return {
        "MEMESNIPE_RPC_URL": around.rpc_url,
        "MEMESNIPE_JUPITER_URL": around.jupiter_url,
        "MEMESNIPE_WALLET_PUBKEY": around.wallet,
    }


def _sources(settings: UpSettings, around: Surroundings) -> dict[str, str]:
    if around.replay:
        speed = str(settings.replay_speed)
        return {"MEMESNIPE_SOURCE": "recording", "MEMESNIPE_RECORDING": around.replay, "MEMESNIPE_REPLAY_SPEED": speed}
    return {"MEMESNIPE_SOURCE": "chain", "MEMESNIPE_WS_URL": around.ws_url, **_chain(around)}
