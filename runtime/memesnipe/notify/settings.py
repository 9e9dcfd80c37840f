"""What notifier reads from the environment. Addresses hold tokens, so they come in a file of their own and in nothing else."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.settings import CommonSettings
from memesnipe.messages.bounds import Mode
from memesnipe.notify.book import Terms
from memesnipe.notify.notes import Kind

OTHERS_PER_MINUTE = 10
"""Of every kind but fills."""
FILLS: dict[str, tuple[Mode, ...]] = {"all": (Mode.PAPER, Mode.LIVE), "live": (Mode.LIVE,), "none": ()}


class NotifySettings(CommonSettings, frozen=True, kw_only=True):
    """`MEMESNIPE_<FIELD>`."""

    notify_urls_file: str = ""
    """File of apprise URLs, one a line, `#` begins a comment; its owner's alone. Empty: notifier is not started."""
    notify_fills: Annotated[str, Meta(pattern=r"^(all|live|none)\Z")] = "all"
    """Which fills are said one by one."""
    notify_per_minute: Annotated[int, Meta(ge=1, le=600)] = 10
    """Fills said one by one in a minute; more are said as one sum."""
    notify_summary_hour_utc: Annotated[int, Meta(ge=-1, le=23)] = 7
    """When the daily summary is said; -1: never."""
    notify_alerts_host: str = "127.0.0.1"
    """Where alerts are taken: loopback, or an address or a name of a container."""
    notify_alerts_port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    """Where alerts are taken, of Prometheus at /api/v2/alerts and of Alertmanager's webhook at /alerts; 0: nowhere."""
    notify_runbooks_url: Annotated[str, Meta(pattern=r"^(https?://[^\s#]+)?\Z")] = ""
    """Where docs/reference/alerts.md is to be read from afar, for the link of an alert; empty: its path in the repository."""
    notify_timeout_s: Annotated[float, Meta(gt=0, le=60)] = 10.0
    """How long a destination may take to be reached, and to answer."""
    database_url: str = ""
    """Ledger database; empty: SQLite in `data_dir`."""

    def urls_file(self) -> Path:
        """Return the file of addresses. Raises ConfigError where none is named."""
        if not self.notify_urls_file:
            raise ConfigError("MEMESNIPE_NOTIFY_URLS_FILE: name the file of addresses; docs/howto/notifications.md says what is in it")
        return Path(self.notify_urls_file)

    def terms(self) -> Terms:
        """Return what is said, and how often."""
        per_minute = {kind: self.notify_per_minute if kind is Kind.FILL else OTHERS_PER_MINUTE for kind in Kind}
        return Terms(FILLS[self.notify_fills], per_minute, self.notify_runbooks_url)
