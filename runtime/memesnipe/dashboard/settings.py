"""What the dashboard reads from the environment, beside the common settings."""

from typing import Annotated

from msgspec import Meta

from memesnipe.kernel.settings import CommonSettings


class DashboardSettings(CommonSettings, frozen=True, kw_only=True):
    """The page is for the person at this machine: it binds to loopback unless told otherwise."""

    dashboard_host: str = "127.0.0.1"
    """Where the page is served."""
    dashboard_port: Annotated[int, Meta(ge=0, le=65_535)] = 8_080
    """0 takes a free port and logs it."""
    dashboard_password_file: str = ""
    """File with the password for whoever is not at this machine, 12 letters or more. Empty: nobody else sees the page."""
    dashboard_trusted_peers: str = ""
    """Addresses that count as this machine, comma-separated: the gateway of a container network, where the port is on loopback alone."""
    database_url: str = ""
    """Ledger database; empty: SQLite in `data_dir`."""
    dashboard_refresh_ms: Annotated[int, Meta(ge=100, le=60_000)] = 1_000
    """How often streams and ledger are read for a new picture."""
    dashboard_clients_max: Annotated[int, Meta(ge=1, le=200)] = 16
    """Pages that get live updates at once; each holds a thread. One more is told to come again."""
