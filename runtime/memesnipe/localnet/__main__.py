"""`python -m memesnipe.localnet`: the localnet as a process of its own."""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import get_args

from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.logs import configure, logger
from memesnipe.localnet.app import serve
from memesnipe.localnet.settings import LocalnetSettings, MovedBy

EXIT_CONFIG = 78


def settings_of(arguments: list[str] | None = None) -> LocalnetSettings:
    """Command line to settings. Raises ConfigError naming the option."""
    defaults = LocalnetSettings()
    parser = argparse.ArgumentParser(prog="memesnipe localnet", description="A Solana memecoin market in a box.", fromfile_prefix_chars="@")
    parser.add_argument("--host", default=defaults.host)
    parser.add_argument("--port", type=int, default=defaults.port)
    parser.add_argument("--seed", type=int, default=defaults.seed)
    parser.add_argument("--slot-ms", type=int, default=defaults.slot_ms, help="0 stops the clock: POST /localnet/tick moves it")
    parser.add_argument("--data-dir", type=Path, default=None, help="keep the chain here between runs")
    moved_by = "who moves the pools: seeded agents, a recording, or POST /localnet/pool alone (default: a --recording, else agents)"
    parser.add_argument("--moved-by", choices=get_args(MovedBy), help=moved_by)
    parser.add_argument("--recording", type=Path, metavar="FILE", help="play this Parquet recording onto the pools")
    speed = "recorded slots that pass in one slot while nothing happens"
    parser.add_argument("--recording-speed", type=int, default=defaults.recording_speed, metavar="N", help=speed)
    silence = "slots that the longest recorded silence is cut to"
    parser.add_argument("--recording-silence-slots", type=int, default=defaults.recording_silence_slots, metavar="N", help=silence)
    funded = "a wallet that gets 100 SOL if it has nothing, or @FILE with its address; may be repeated"
    parser.add_argument("--airdrop", action="append", default=[], metavar="PUBKEY", help=funded)
    given = parser.parse_args(arguments)
    given.moved_by = given.moved_by or ("recording" if given.recording else "agents")
    given.airdrop = tuple(given.airdrop)
    return LocalnetSettings(**vars(given))


def main(arguments: list[str] | None = None) -> None:
    """Serve until told to stop. A start that can only fail again exits with 78."""
    configure("localnet")
    try:
        asyncio.run(serve(settings_of(arguments)))
    except ConfigError as error:
        logger().error("config_error", detail=str(error))
        sys.exit(EXIT_CONFIG)


if __name__ == "__main__":
    main()
