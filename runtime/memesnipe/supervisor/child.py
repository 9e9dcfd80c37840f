"""One child process: started so that it cannot outlive us, restarted with growing patience, stopped politely, then not."""

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import sys
import time
from pathlib import Path

from memesnipe.kernel.logs import logger
from memesnipe.kernel.service import EXIT_CONFIG
from memesnipe.supervisor.plan import Process

BACKOFF_S_MAX = 5.0
SETTLED_S = 20.0
"""A child that lived this long starts again at once when it dies."""
PR_SET_PDEATHSIG = 1
BAD_CONFIG = "bad config"
"""The state of a child that must not be started again before its configuration changes."""
TAIL_BYTES = 16_384
log = logger()


class Child:
    """Keeps one process running until told to stop. Without a folder for its log it writes where we do, as in a container."""

    def __init__(self, process: Process, log_folder: Path | None = None) -> None:
        self.process = process
        self.restarts = 0
        self.state = "starting"
        self.pid = 0
        self._log_folder = log_folder
        self.log_path = log_folder / f"{process.name.replace(':', '-')}.log" if log_folder else Path("/dev/stderr")
        self._running: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start it and keep it started."""
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.process.name}")

    async def stop(self, grace_s: float = 9.0) -> None:
        """SIGTERM, wait, SIGKILL. Returns when it is gone."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        child = self._running
        if child is not None and child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
            try:
                await asyncio.wait_for(child.wait(), grace_s)
            except TimeoutError:
                log.warning("child_killed", child=self.process.name, grace_s=grace_s)
                child.kill()
                await child.wait()
        self.state = "stopped"

    def complaint(self) -> str:
        """Return the last configuration error that it logged, in its own words; where to look when there is none."""
        tail = self.log_path.read_bytes()[-TAIL_BYTES:] if self.log_path.is_file() else b""
        for line in reversed(tail.splitlines()):
            with contextlib.suppress(ValueError, KeyError, TypeError):
                if (told := json.loads(line))["event"] == "config_error":
                    return str(told["detail"])
        return f"{self.process.name} does not start; see {self.log_path}"

    async def _keep(self) -> None:
        backoff_s = 0.2
        while True:
            born = time.monotonic()
            code = await self._once()
            if code == EXIT_CONFIG:
                self.state = BAD_CONFIG
                log.info("child_misconfigured", child=self.process.name, see=str(self.log_path))
                return
            backoff_s = 0.2 if time.monotonic() - born > SETTLED_S else min(BACKOFF_S_MAX, backoff_s * 2)
            self.restarts += 1
            self.state = "restarting"
            log.warning("child_ended", child=self.process.name, code=code, again_in_s=backoff_s)
            await asyncio.sleep(backoff_s)

    async def _once(self) -> int:
        # A container's own output cannot be opened anew by a user who does not own it: it is inherited.
        with self.log_path.open("ab") if self._log_folder else contextlib.nullcontext() as output:
            self._running = await asyncio.create_subprocess_exec(
                *self.process.command,
                env={**_inherited(), **self.process.env},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for us; we stop the children in order
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
        self.pid, self.state = self._running.pid, "running"
        return await self._running.wait()


def _inherited() -> dict[str, str]:
    """Pass on what a process needs to run and what the person set for tests, not our own settings: each child is given its own."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONSAFEPATH", "SSL_CERT_FILE")
    passed = ("MEMESNIPE_FAILPOINT", "MEMESNIPE_FAILPOINT_ONCE", "MEMESNIPE_PAPER_SLOTS_MAX")
    return {name: os.environ[name] for name in kept + passed if name in os.environ}


def _die_with_parent() -> None:
    """A supervisor that is killed must not leave a trading process behind (Linux)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
