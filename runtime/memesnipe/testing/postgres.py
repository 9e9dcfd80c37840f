"""A PostgreSQL of a test's own, on a free port of this machine, gone when the test is."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from memesnipe.kernel.ports import free_port
from memesnipe.ledger.engine import ledger_url, open_engine

UNPRIVILEGED = "nobody"


def missing() -> str:
    """Return why no server can be started here; empty if one can."""
    if not shutil.which("initdb") or not shutil.which("postgres"):
        return "no PostgreSQL server binaries (initdb, postgres) on PATH"
    if os.getuid() == 0 and not shutil.which("setpriv"):
        return "PostgreSQL refuses to run as root, and there is no setpriv to leave root with"
    return ""


@contextmanager
def a_postgres() -> Iterator[str]:
    """Run a server; yields its URL."""
    folder = Path(tempfile.mkdtemp(prefix="memesnipe-pg-", dir="/tmp"))
    folder.chmod(0o755)
    if os.getuid() == 0:
        shutil.chown(folder, UNPRIVILEGED)
    data, port = str(folder / "data"), free_port()
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(folder)}
    _run(["initdb", "-D", data, "-U", "memesnipe", "-A", "trust", "-N"], env)
    command = [*_as_server_user(), "postgres", "-D", data, "-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1", "-F"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - fixed arguments
    url = f"postgresql://memesnipe@127.0.0.1:{port}/postgres"
    try:
        _until_it_answers(ledger_url("", url), process)
        yield url
    finally:
        process.send_signal(signal.SIGINT)  # a fast shutdown; SIGTERM would wait for every pooled connection
        process.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: Sequence[str], env: dict[str, str]) -> None:
    subprocess.run([*_as_server_user(), *command], check=True, env=env, capture_output=True)  # noqa: S603 - fixed arguments


def _as_server_user() -> Sequence[str]:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return ()
    user = pwd.getpwnam(UNPRIVILEGED)
    return ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")


def _until_it_answers(url: str, process: "subprocess.Popen[bytes]") -> None:
    engine = open_engine(url)
    for _ in range(300):
        if process.poll() is not None:
            raise AssertionError("postgres ended by itself")
        try:
            with engine.connect():
                engine.dispose()
                return
        except Exception:
            time.sleep(0.1)
    raise AssertionError("postgres did not start in 30 s")
