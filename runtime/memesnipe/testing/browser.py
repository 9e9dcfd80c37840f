"""A real Chromium for tests, spoken to over its DevTools protocol: load a page, run a script in it, take a picture."""

import base64
import itertools
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

START_S_MAX = 30.0
ANSWER_S_MAX = 60.0
LEFT = "Inspected target navigated or closed"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--remote-debugging-port=0",
)  # fmt: skip


def chromium() -> str | None:
    """Return the path of a Chromium on this machine, None without one."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Tab:
    """One open tab."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection, self._ids = connection, itertools.count(1)
        self.complaints: list[str] = []
        """What the page wrote to its console as an error, broken security policy included."""

    def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Run one DevTools command and return its result. Raises RuntimeError with the browser's words."""
        number = next(self._ids)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            said = json.loads(self._connection.recv(timeout=ANSWER_S_MAX))
            self._note(said)
            if said.get("id") == number:
                if "error" in said:
                    raise RuntimeError(f"{method}: {said['error']['message']}")
                result: dict[str, Any] = said["result"]
                return result

    def open(self, url: str, *, width: int, height: int) -> None:
        """Load a page at a window size."""
        for domain in ("Page", "Runtime", "Log"):
            self.do(f"{domain}.enable")
        self.do("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.do("Page.navigate", url=url)

    def value(self, script: str) -> Any:
        """Return what an expression is worth in the page."""
        return self.do("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)["result"].get("value")

    def wait_for(self, script: str, wait_s_max: float = 60.0) -> None:
        """Wait until an expression is true in the page. Raises TimeoutError naming it."""
        deadline = time.monotonic() + wait_s_max
        while not self._holds(script):
            if time.monotonic() > deadline:
                raise TimeoutError(f"never true in the page: {script}; complaints: {self.complaints}")
            time.sleep(0.05)

    def _holds(self, script: str) -> bool:
        """Return whether it is true now; on a page that is just being left nothing is."""
        try:
            return bool(self.value(script))
        except RuntimeError as error:
            if LEFT in str(error):
                return False
            raise

    def picture(self, path: Path) -> None:
        """Write a PNG of what the window shows."""
        path.write_bytes(base64.b64decode(self.do("Page.captureScreenshot", format="png")["data"]))

    def _note(self, said: dict[str, Any]) -> None:
        if said.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(said["params"]["exceptionDetails"].get("exception", {}).get("description")))
        if said.get("method") == "Log.entryAdded" and said["params"]["entry"]["level"] == "error":
            self.complaints.append(said["params"]["entry"]["text"])


@contextmanager
def a_tab(program: str, profile: Path, *flags: str) -> Iterator[Tab]:
    """Start a Chromium of our own with an empty profile and more flags, yield its tab, end it."""
    process = subprocess.Popen(  # noqa: S603 - a program found on this machine's path
        [program, *FLAGS, *flags, f"--user-data-dir={profile}", "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with connect(_tab_url(_port(profile)), max_size=None) as connection:
            yield Tab(connection)
    finally:
        process.terminate()
        process.wait(60)


def _port(profile: Path) -> int:
    deadline, told = time.monotonic() + START_S_MAX, profile / "DevToolsActivePort"
    while not told.exists() or "\n" not in told.read_text():
        if time.monotonic() > deadline:
            raise TimeoutError("Chromium did not start")
        time.sleep(0.05)
    return int(told.read_text().splitlines()[0])


def _tab_url(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=ANSWER_S_MAX) as answer:
        tabs = json.loads(answer.read())
    return str(next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"))
