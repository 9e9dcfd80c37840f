"""`python -m memesnipe.localnet`: the localnet as a process of its own."""

import argparse
import asyncio
import sys
from pathlib import Path

from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.logs import configure, logger
from memesnipe.localnet.app import serve
from memesnipe.localnet.settings import LocalnetSettings

EXIT_CONFIG = 78


def settings_of(arguments: list[str] | None = None) -> LocalnetSettings:
    """Command line to settings."""
    defaults = LocalnetSettings()
    parser = argparse.ArgumentParser(prog="memesnipe localnet", description="A Solana memecoin market in a box.")
    parser.add_argument("--host", default=defaults.host)
    parser.add_argument("--port", type=int, default=defaults.port)
    parser.add_argument("--seed", type=int, default=defaults.seed)
    parser.add_argument("--slot-ms", type=int, default=defaults.slot_ms, help="0 stops the clock: POST /localnet/tick moves it")
    parser.add_argument("--data-dir", type=Path, default=None, help="keep the chain here between runs")
    parser.add_argument("--recording", action="store_true", help="pools are moved by POST /localnet/pool alone")
    parser.add_argument("--no-agents", dest="agents", action="store_false", help="nobody trades but you")
    return LocalnetSettings(**vars(parser.parse_args(arguments)))


def main(arguments: list[str] | None = None) -> None:
    """Serve until told to stop. A start that can only fail again exits with 78."""
    settings = settings_of(arguments)
    configure("localnet")
    try:
        asyncio.run(serve(settings))
    except ConfigError as error:
        logger().error("config_error", detail=str(error))
        sys.exit(EXIT_CONFIG)


if __name__ == "__main__":
    main()
