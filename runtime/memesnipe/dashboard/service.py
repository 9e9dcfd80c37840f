"""The dashboard's process: a thread that looks, waitress that serves, and a main thread that waits to be told to stop."""

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, cast

import redis
from flask import Flask
from redis.backoff import NoBackoff
from redis.retry import Retry
from waitress.server import create_server

from memesnipe.dashboard.app import make_app
from memesnipe.dashboard.attribution import AttributionFeed, add_attribution
from memesnipe.dashboard.commands import Commands
from memesnipe.dashboard.door import Door, password_of, peers_of
from memesnipe.dashboard.feed import Feed
from memesnipe.dashboard.lookups import Lookups
from memesnipe.dashboard.settings import DashboardSettings
from memesnipe.dashboard.streams import StreamReader
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.health import Health, serve_health
from memesnipe.kernel.logs import configure, logger
from memesnipe.kernel.service import EXIT_CONFIG, EXIT_FAILED
from memesnipe.kernel.settings import load
from memesnipe.ledger.engine import ledger_url, open_engine

NAME = "dashboard"
CLOSE_S_MAX = 1.0
SPARE_THREADS = 8
"""Threads for pages, probes and commands beside those that hold live updates."""


class Dispatcher(Protocol):
    """waitress's threads."""

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End idle threads and wait for the others."""
        ...


class Server(Protocol):
    """What we use of waitress's server, which has no types."""

    effective_port: int
    task_dispatcher: Dispatcher

    def run(self) -> None:
        """Serve until closed."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...


class Page:
    """A serving page: where it is, and how to end it."""

    def __init__(self, settings: DashboardSettings) -> None:
        clock, self.health = SystemClock(), Health(NAME)  # wall clock even in a replay: the page is looked at in our time
        # Tried again at once and no more: the next look comes in a second, and the page must soon say that Redis is away.
        client = redis.Redis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=2, retry=Retry(NoBackoff(), 1))
        engine = open_engine(ledger_url(settings.data_dir, settings.database_url))
        reader = StreamReader(client, settings.key_prefix)
        self._feed = Feed(reader, engine, clock, self.health, clients_max=settings.dashboard_clients_max)
        lookups = Lookups(self._feed, engine, client, settings.key_prefix, Path(settings.data_dir))
        door = Door(password_of(settings.dashboard_password_file), peers_of(settings.dashboard_trusted_peers), time.monotonic)
        app = make_app(self._feed, lookups, Commands(settings, clock), self.health, door, refresh_ms=settings.dashboard_refresh_ms)
        self._attribution = AttributionFeed(engine)
        add_attribution(app, self._attribution)
        self._server = _bind(app, settings)
        self.port = self._server.effective_port
        self._closing = False
        self.failed = threading.Event()
        self._start(self._serve)
        self._start(lambda: self._feed.run(settings.dashboard_refresh_ms / 1_000))
        self._start(self._attribution.run)

    def close(self) -> None:
        """End every live update, then the server; what is left are daemon threads, which end with the process."""
        self._closing = True
        self._feed.close()
        self._attribution.close()
        # Threads first: one that answers into a closed server would log an error for every page that was open.
        self._server.task_dispatcher.shutdown(timeout=CLOSE_S_MAX)
        self._server.close()

    def _serve(self) -> None:
        try:
            self._server.run()
        except OSError:  # its sockets are closed under its loop: that is how another thread ends it
            if not self._closing:
                logger().exception("server_failed")
        self.failed.set()

    @staticmethod
    def _start(work: Callable[[], None]) -> None:
        threading.Thread(target=work, daemon=True).start()


def _bind(app: Flask, settings: DashboardSettings) -> Server:
    host, port = settings.dashboard_host, settings.dashboard_port
    threads = settings.dashboard_clients_max + SPARE_THREADS
    try:
        # One address, not a name: "localhost" may be two, and waitress would make another kind of server of it.
        server = cast(
            "Server",
            create_server(
                app,
                host="127.0.0.1" if host == "localhost" else host,
                port=port,
                ident="",
                threads=threads,
                channel_timeout=60,
                clear_untrusted_proxy_headers=False,  # the door must see that a proxy was there
            ),
        )
    except (OSError, ValueError) as error:  # waitress' word for a name that nobody knows
        raise ConfigError(f"MEMESNIPE_DASHBOARD_PORT: cannot listen on {host}:{port}: {error}") from None
    return server


def main() -> int:
    """Serve until SIGTERM or SIGINT; return the process's exit code."""
    settings = load(DashboardSettings)
    configure(NAME, level=settings.log_level)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        page = Page(settings)
        if settings.health_port:
            serve_health(page.health, settings.health_host, settings.health_port)
    except ConfigError as error:
        logger().error("config_error", detail=str(error))
        return EXIT_CONFIG
    logger().info("started", page=f"http://{settings.dashboard_host}:{page.port}")
    while not stop.wait(0.5):
        if page.failed.is_set():
            return EXIT_FAILED
    page.close()
    logger().info("stopped")
    return 0
