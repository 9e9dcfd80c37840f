"""`memesnipe up --replay`: the same stack on a recording, on paper, in a data folder of its own, and a summary at the end.

The folder is named by the recording's content and the seed and starts empty, so a second run has the same start and, because
stages take turns (see `bus.turns`), the same end: the summary is the same text, its digest the same digits.
"""

import asyncio
import contextlib
import hashlib
import shutil
import signal
import sys
from pathlib import Path

import msgspec
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from memesnipe.bus.api import Bus
from memesnipe.bus.folds import Halts, fold_halts
from memesnipe.bus.redis_bus import connect
from memesnipe.bus.topology import KILL_SWITCH
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.errors import BadInput, ConfigError, Unavailable
from memesnipe.kernel.logs import configure
from memesnipe.kernel.settings import CommonSettings
from memesnipe.market import recording as recordings
from memesnipe.supervisor import own
from memesnipe.supervisor.child import BAD_CONFIG
from memesnipe.supervisor.probe import paper_orders_waiting
from memesnipe.supervisor.settings import UpSettings
from memesnipe.supervisor.summary import Ending, summarise
from memesnipe.supervisor.table import Screen
from memesnipe.supervisor.up import Stack, only_one, port_taken

DONE_KEY = "replay:done"
PROGRESS_KEY = "replay:progress"


def run_replay(settings: UpSettings, recording: Path, *, stay: bool) -> int:
    """Run the recording to its end and print the summary; return the exit code. Raises ConfigError."""
    configure("supervisor", level="WARNING")
    _look_at(recording)
    own.prepare(settings)
    if port_taken(settings.dashboard_host, settings.dashboard_port):
        raise ConfigError(f"MEMESNIPE_DASHBOARD_PORT: port {settings.dashboard_port} is taken; name another")
    return asyncio.run(_replay(_own_folder(settings, recording), recording.absolute(), stay=stay))


def _look_at(recording: Path) -> None:
    """Raise ConfigError for what is no recording, before anything is started."""
    if recording.is_dir():
        raise ConfigError(f"--replay: {recording} is a folder; name one of its files")
    if not recording.is_file():
        raise ConfigError(f"--replay: {recording} does not exist")
    if recording.suffix == ".csv":
        raise ConfigError(f"--replay: convert it first: memesnipe import pumpfun-csv {recording} {recording.stem}.parquet")
    try:
        if next(recordings.read(recording), None) is None:
            raise ConfigError(f"--replay: {recording} holds no events")
    except BadInput as error:
        raise ConfigError(f"--replay: {error.reason}") from None


def _own_folder(settings: UpSettings, recording: Path) -> UpSettings:
    """Return the settings with an empty data folder of this recording and seed; a replay never touches the real ledger."""
    name = f"{hashlib.sha256(recording.read_bytes()).hexdigest()[:12]}-{settings.seed}"
    folder = Path(settings.data_dir) / "replays" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return msgspec.structs.replace(settings, data_dir=str(folder), paper_trading_mode=True, database_url="", rpc_url="")


async def _replay(settings: UpSettings, recording: Path, *, stay: bool) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with only_one(Path(settings.data_dir)):
        stack = Stack(settings, Screen(), replay=str(recording))
        try:
            await stack.start()
            ending = await _until_done(stack, stop)
            if ending is not None:
                print(summarise(Path(settings.data_dir), recording, settings.seed, ending), flush=True)
            if ending is not None and stay:
                stack.screen.say(f"memesnipe: the page stays at http://localhost:{settings.dashboard_port} until Ctrl-C")
                await stop.wait()
        except (Unavailable, ConfigError) as error:
            stack.screen.say(f"memesnipe: {error}")
            return 1
        finally:
            await stack.stop()
    return 130 if ending is None else 0


async def _until_done(stack: Stack, stop: asyncio.Event) -> Ending | None:
    """Follow the replay on a progress bar; return how it ended, None when it was stopped before."""
    assert stack.around is not None  # noqa: S101 - start() ran first
    settings = CommonSettings(redis_url=stack.around.redis_url_of["default"])
    bus = await connect(settings, SystemClock(), service="supervisor")
    bar = Progress(TextColumn("replay"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), disable=not sys.stderr.isatty())
    try:
        with bar:
            task = bar.add_task("replay", total=None)
            while not stop.is_set():
                await stack.turn()
                _check(stack)
                if await bus.get(DONE_KEY) is not None:
                    return await _ending(stack, bus)
                _show(bar, task, await bus.get(PROGRESS_KEY))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), 0.25)
    finally:
        await bus.close()
    return None


async def _ending(stack: Stack, bus: Bus) -> Ending:
    halts = fold_halts(Halts(), await bus.fold(KILL_SWITCH.name))
    return Ending(await paper_orders_waiting(stack.child("wallet_guard")), halts)


def _check(stack: Stack) -> None:
    """Raise ConfigError for a service that cannot start: the replay would wait for it forever."""
    for child in stack.children:
        if child.state == BAD_CONFIG:
            raise ConfigError(child.complaint())


def _show(bar: Progress, task: TaskID, progress: bytes | None) -> None:
    """Show `done/total`, as the recording source writes it."""
    if progress is not None:
        done, _, total = progress.decode().partition("/")
        bar.update(task, completed=int(done), total=int(total))
