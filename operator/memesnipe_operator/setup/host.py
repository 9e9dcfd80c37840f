"""`python -m memesnipe_operator.setup.host`: set-up on one host, as compose runs it.

Exit code 0: done; 78: what only a person can put right; 70: try again. It makes what the chart's set-up makes, by the same steps, keeps
it in a volume of its own, and deals each service's files out to that service's volume. A file that says the same is not touched.
"""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from memesnipe.control.files import write_whole
from memesnipe.kernel.errors import ConfigError, MemeSnipeError
from memesnipe.kernel.logs import configure, logger
from memesnipe.kernel.service import EXIT_CONFIG, EXIT_FAILED, exit_with
from memesnipe.kernel.settings import load
from memesnipe_operator.setup import dealing, redis_users, steps, strangers
from memesnipe_operator.setup.dealing import CONTROL, REDIS, WALLET_ADDRESS, WALLET_FILE, Deal
from memesnipe_operator.setup.folder import MODE, Folder
from memesnipe_operator.setup.keeping import Keeping
from memesnipe_operator.setup.objects import Stored
from memesnipe_operator.setup.settings import SetupSettings


class HostSettings(SetupSettings, frozen=True, kw_only=True):
    """What the steps read, which chain it is, and where the volumes are."""

    redis_address: str = "redis:6379"
    data_dir: str = "/var/lib/memesnipe"
    """What was made."""
    setup_volumes: str = "/setup"
    """Each service's volume, under its name."""
    settle_s: float = 0.0
    """Both ends read files of this host: nothing takes time to reach them."""
    rpc_url: str = ""
    paper_trading_mode: bool = True

    def with_wallet(self) -> "HostSettings":
        """Return the settings that make a wallet where it can do no harm: on the localnet, and on paper, where nothing is signed."""
        on_localnet = urlsplit(self.rpc_url).hostname == dealing.LOCALNET
        return msgspec.structs.replace(self, localnet=on_localnet or self.paper_trading_mode)


async def run(settings: HostSettings, now: datetime) -> None:
    """Make what is missing, then deal it out. Raises ConfigError naming the object or file, Unavailable."""
    keeping = Keeping(Folder(Path(settings.data_dir)))
    await steps.run(keeping, settings, now)
    for deal in dealing.deals(settings):
        stored = await keeping.found(deal.place)
        if stored is None:
            raise ConfigError(f"{deal.place}: is gone")
        _deal(deal, stored, Path(settings.setup_volumes) / deal.service / deal.file)
    if not settings.localnet:
        _forget_localnet(Path(settings.setup_volumes))


def _deal(deal: Deal, stored: Stored, path: Path) -> None:
    data = _content(deal, stored.require(deal.key).data[deal.key])
    if path.exists() and (deal.service == REDIS or path.read_bytes() == data):
        return  # Redis keeps the users that control makes in the file it was started with
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, data, MODE)


def _content(deal: Deal, raw: bytes) -> bytes:
    """Return a file's bytes: of the services' users control gets the password alone."""
    if deal.service == CONTROL and deal.file.startswith("redis/"):
        return redis_users.password_in(raw.decode(), deal.file.removeprefix("redis/"), str(deal.place)).encode()
    return raw


def _forget_localnet(volumes: Path) -> None:
    """Live beside a real chain nobody may sign with, or send money to, a wallet that a program made for a toy market."""
    for service in dealing.services():
        for file in (WALLET_FILE, WALLET_ADDRESS):
            (volumes / service / file).unlink(missing_ok=True)


def main() -> int:
    """Set the host up; return the exit code. No error shows more than its text and type: a stranger's could quote a secret."""
    configure("setup")
    try:
        settings = load(HostSettings).with_wallet()
        configure("setup", level=settings.log_level)
        asyncio.run(run(settings, datetime.now(UTC)))
    except ConfigError as error:
        logger().error("config_error", detail=str(error))
        return EXIT_CONFIG
    except MemeSnipeError as error:
        logger().error("setup_failed", detail=str(error))
        return EXIT_FAILED
    except OSError as error:
        logger().error("setup_failed", detail=f"{error.filename}: {error.strerror}")
        return EXIT_FAILED
    except Exception as error:
        logger().error("setup_failed", detail=strangers.said(error))
        return EXIT_FAILED
    logger().info("set_up", volumes=settings.setup_volumes, localnet=settings.localnet)
    return 0


if __name__ == "__main__":
    exit_with(main())
