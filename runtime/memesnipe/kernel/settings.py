"""Settings come from the environment, once, at start. A wrong one is a clear error naming the variable.

Each service declares a frozen `msgspec.Struct` whose fields are its variables: field `redis_url` is `MEMESNIPE_REDIS_URL`.
A field may name another variable (the seed's `PAPER_TRADING_MODE`, `DATABASE_URL`) through `ALIASES`. What set-up makes may lie in a
file that another variable names (`FILES`): a password in a container's environment is shown to whoever may look at the container.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from memesnipe.kernel.errors import ConfigError

PREFIX = "MEMESNIPE_"
ALIASES: dict[str, str] = {"paper_trading_mode": "PAPER_TRADING_MODE", "database_url": "DATABASE_URL"}
FILES: dict[str, str] = {"redis_url": "MEMESNIPE_REDIS_URL_FILE", "wallet": "MEMESNIPE_WALLET_PUBKEY_FILE"}
"""Field -> variable naming a file with its value; read where the field's own variable is not set."""

S = TypeVar("S", bound=msgspec.Struct)


class CommonSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What every service on the bus reads."""

    redis_url: str = "redis://127.0.0.1:6379/0"
    """Redis or Valkey, with the service's own user in it."""
    health_host: str = "127.0.0.1"
    """Where `/metrics`, `/healthz` and `/readyz` are served: an address of this machine, or a name of one."""
    health_port: int = 0
    """0 takes a free port and logs it."""
    log_level: Annotated[str, msgspec.Meta(pattern=r"^(DEBUG|INFO|WARNING|ERROR|CRITICAL)\Z")] = "INFO"
    """DEBUG, INFO, WARNING, ERROR or CRITICAL; lines are JSON."""
    data_dir: str = "shared"
    """Where what must survive a restart lies."""
    clock: str = "system"
    """`system`, or `replay`: time moves by the events read, and the stages wait for each other (see `bus.turns`)."""
    seed: int = 7
    """Where luck is needed it comes from this number, so that a run can be repeated."""
    paper_trading_mode: bool = True
    """The installation's master switch. `true` keeps every order on paper, whatever a Strategy asks for."""
    key_prefix: str = ""
    """Put before every key and stream; a Redis Cluster wants a hash tag here, such as `{ms}:`."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"  # every service's addresses hold passwords, some fields are API keys


def variable(field: str) -> str:
    """Return the environment variable a field is read from."""
    return ALIASES.get(field, PREFIX + field.upper())


def environment() -> Mapping[str, str]:
    """Return all that the process was given, for a service that looks through it for what must not be there."""
    return os.environ


def given(name: str, source: Mapping[str, str]) -> str:
    """Return a field's text: its variable's, else that of the file that another one names, else "". Raises ConfigError."""
    if raw := source.get(variable(name), ""):
        return raw
    named = source.get(FILES.get(name, ""), "")
    try:
        return Path(named).read_text().strip() if named else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{FILES[name]}: {named} cannot be read: {type(error).__name__}") from None


def load(kind: type[S], env: Mapping[str, str] | None = None) -> S:
    """Return `kind` filled from the environment. Raises ConfigError naming the variable."""
    source = os.environ if env is None else env
    texts = {field.name: given(field.name, source) for field in msgspec.structs.fields(kind)}
    found = {name: raw for name, raw in texts.items() if raw}
    for name, raw in found.items():
        _check(kind, name, raw)
    try:
        return msgspec.convert(found, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"settings of {kind.__name__}: {error}") from None


def _check(kind: type[msgspec.Struct], name: str, raw: str) -> None:
    field_type = next(f.type for f in msgspec.structs.fields(kind) if f.name == name)
    try:
        msgspec.convert(raw, field_type, strict=False)
    except msgspec.ValidationError as error:
        meant = next((text for kind, text in _MEANT.items() if str(error).startswith(f"Expected `{kind}`, got")), "")
        raise ConfigError(f"{variable(name)}: {f'must be {meant}, not {raw!r}' if meant else error}") from None


_MEANT = {"bool": "true or false", "int": "a whole number", "float": "a number"}
