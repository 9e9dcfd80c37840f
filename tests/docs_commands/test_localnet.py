"""The market in a box by itself, as the pages start it: it serves, and Ctrl-C ends it."""

import shlex
import signal
import subprocess
from pathlib import Path

import httpx
import pytest

from memesnipe.kernel.ports import free_port
from memesnipe.market.pumpfun_csv import convert
from memesnipe.testing.documented.market import write_trades
from memesnipe.testing.documented.table import ELSEWHERE, SERVED
from memesnipe.testing.stacks import until


def serves(port: int) -> bool:
    """Whether a localnet answers there."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/localnet/state", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.parametrize("command", [command for command, runner in ELSEWHERE.items() if runner == SERVED])
def test_a_localnet_of_a_page_serves_until_ctrl_c(checkout: Path, surroundings: dict[str, str], command: str) -> None:
    write_trades(checkout / "trades.csv", 20)
    convert(checkout / "trades.csv", checkout / "trades.parquet")
    port = free_port()
    words = shlex.split(command.replace(" --port 8899", ""))
    with (checkout / "localnet.log").open("wb") as log:
        started = subprocess.Popen([*words, "--port", str(port)], cwd=checkout, env=surroundings, stdout=log, stderr=log)
    try:
        until(lambda: serves(port) or started.poll() is not None, 120, "an answer")
        started.send_signal(signal.SIGINT)
        code = started.wait(60)
    finally:
        started.kill()

    assert code == 0, (checkout / "localnet.log").read_text()
