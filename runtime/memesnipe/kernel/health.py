"""Liveness, readiness and metrics over HTTP, in one daemon thread: it answers even while the event loop is busy.

`/healthz` and `/health`: the process runs and its loop has turned within `stall_s_max`. `/readyz`: the service takes work.
`/metrics`: Prometheus text.
"""

import errno
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import make_wsgi_app

from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.metrics import READY


class Health:
    """The state the endpoints show. `beat()` is called by the loop, `ready(...)` by the service."""

    def __init__(self, service: str, stall_s_max: float = 30.0) -> None:
        self.service = service
        self._stall_s_max = stall_s_max
        self._beat_s = time.monotonic()
        self._ready = False
        self._why = "starting"
        self.was_ready = False
        """Whether it took work at any time since it started."""

    def beat(self) -> None:
        """Note that the event loop turned."""
        self._beat_s = time.monotonic()

    def ready(self, ready: bool, why: str = "") -> None:
        """Say whether the service takes work; `why` is shown to the person who asks."""
        self._ready, self._why = ready, why
        self.was_ready = self.was_ready or ready
        READY.set(1 if ready else 0)

    def alive(self) -> bool:
        """Return whether the loop turned recently."""
        return time.monotonic() - self._beat_s <= self._stall_s_max

    def answer(self, path: str) -> tuple[int, dict[str, object]]:
        """Return (HTTP status, body) for a health path."""
        good = self._ready and self.alive() if path == "/readyz" else self.alive()
        return (200 if good else 503), {"service": self.service, "ready": self._ready, "alive": self.alive(), "why": self._why}


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the standard library's
        """Stay silent: a probe every second is not news."""


def serve_health(health: Health, host: str, port: int) -> Callable[[], None]:
    """Serve in a daemon thread; return a function that stops it.

    `host` is an address of this machine or a name of one, looked up once: on a machine in many networks it says who may ask.
    Raises ConfigError where it is neither, OSError if the port is taken, which may pass.
    """
    metrics = make_wsgi_app()

    def app(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            exposition: Iterable[bytes] = metrics(environ, start)
            return exposition
        if path not in ("/healthz", "/health", "/readyz"):
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"paths: /healthz /health /readyz /metrics\n"]
        status, body = health.answer(path)
        start("200 OK" if status == 200 else "503 Service Unavailable", [("Content-Type", "application/json")])
        return [json.dumps(body).encode()]

    server = _bound(host, port, app)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server.shutdown


def _bound(host: str, port: int, app: WSGIApplication) -> WSGIServer:
    try:
        return make_server(host, port, app, server_class=_Server, handler_class=_Quiet)
    except socket.gaierror as error:
        raise ConfigError(f"MEMESNIPE_HEALTH_HOST: {host!r} is not a name that is known here: {error.strerror}") from None
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise ConfigError(f"MEMESNIPE_HEALTH_HOST: {host!r} leads to no address of this machine") from None
        raise
