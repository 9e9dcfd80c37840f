"""Where a person's command finds the running stack: the environment first, else the file that `memesnipe up` leaves."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.kernel.settings import CommonSettings, given
from memesnipe.positions.settings import given_wallet

if TYPE_CHECKING:
    from sqlalchemy import Engine


class Addresses(msgspec.Struct, frozen=True):
    """Addresses of one stack. `redis_url` holds a password: never print it."""

    data_dir: Path
    redis_url: str
    rpc_url: str = ""
    wallet: str = ""

    def __repr__(self) -> str:
        return f"Addresses(data_dir={self.data_dir})"

    def settings(self) -> CommonSettings:
        """Return the settings that a bus connection takes."""
        return CommonSettings(redis_url=self.redis_url, data_dir=str(self.data_dir))


def find() -> Addresses:
    """Return the addresses of the stack that this folder (or the environment) names. Raises ConfigError with what to do."""
    data = data_dir()
    left = known(data)
    redis_url = elsewhere() or left.get("redis_url", "")
    if not redis_url:
        raise ConfigError(f"no running stack found in {data}: start one with `make up`, or set MEMESNIPE_REDIS_URL or MEMESNIPE_DATA_DIR")
    rpc_url = os.environ.get("MEMESNIPE_RPC_URL") or left.get("rpc_url", "")
    return Addresses(data, redis_url, rpc_url, os.environ.get("MEMESNIPE_WALLET_PUBKEY") or left.get("wallet") or given_wallet(data))


def elsewhere() -> str:
    """Return the Redis address that the environment names, itself or by a file; "" where it is the running stack's. It holds a password."""
    return given("redis_url", os.environ)


def data_dir() -> Path:
    """Return the data folder."""
    return Path(os.environ.get("MEMESNIPE_DATA_DIR") or "shared")


@contextmanager
def ledger(data: Path | None = None) -> "Iterator[Engine]":
    """Give the ledger that DATABASE_URL or the data folder names. Raises ConfigError where there is none, Unavailable where it is away."""
    from sqlalchemy.exc import SQLAlchemyError

    from memesnipe.ledger.engine import FILE_NAME, ledger_url, open_engine

    database = os.environ.get("DATABASE_URL", "")
    data = data or data_dir()
    if not database and not (data / FILE_NAME).is_file():
        raise ConfigError(f"no ledger in {data}: nothing traded here yet; start with `make up`, or set MEMESNIPE_DATA_DIR")
    engine = open_engine(ledger_url(str(data), database))
    try:
        yield engine
    except SQLAlchemyError as error:  # the driver's own text may hold the URL; its class says enough
        raise Unavailable("ledger", type(error).__name__) from None
    finally:
        engine.dispose()


def runs(data: Path) -> bool:
    """Return whether `memesnipe up` holds this folder now; True where it never did, for then somebody else starts the services."""
    path = data / "run" / "up.lock"
    if not path.exists():
        return True
    with path.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


def known(data: Path) -> dict[str, str]:
    """Return what the running stack left for commands, empty where none runs. It holds a password: never print it."""
    return _read(data / "run" / "addresses")


def _read(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    pairs = (line.partition("=") for line in path.read_text().splitlines())
    return {name: value for name, _, value in pairs if value}
