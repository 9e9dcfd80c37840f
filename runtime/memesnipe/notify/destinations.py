"""Where messages go: apprise, loaded here alone and only when there is an address. No address ever leaves this module.

What apprise logs may hold the address, so its logger is silenced, and that of what it sends with; a failure is counted under the
destination's number and service.
"""

import logging
from pathlib import Path
from typing import Any

from memesnipe.approvals.secret_files import read_secret
from memesnipe.kernel.errors import ConfigError
from memesnipe.notify.notes import Note

DESTINATIONS_MAX = 16
TITLED = "MemeSnipe"


class Destination:
    """One address, known to everybody else by its number and service, such as `1-telegram`."""

    def __init__(self, name: str, plugin: Any) -> None:
        self.name, self._plugin = name, plugin

    def __repr__(self) -> str:
        return f"Destination({self.name})"

    def send(self, one: Note) -> bool:
        """Say a note; return whether the destination took it. Blocks until it answers or its time is over."""
        try:
            return bool(self._plugin.notify(title=one.title, body=one.body, notify_type=one.level.value))
        except Exception:  # a plugin of a hundred; its words may hold the address, so they are dropped
            return False


def destinations_in(file: Path, *, timeout_s: float) -> list[Destination]:
    """Return the destinations of a file of apprise URLs. Raises ConfigError naming file and line, never what stands there."""
    lines = [(number, line.strip()) for number, line in enumerate(_text(file).splitlines(), 1)]
    wanted = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if not wanted:
        raise ConfigError(f"{file}: holds no address")
    if len(wanted) > DESTINATIONS_MAX:
        raise ConfigError(f"{file}: {len(wanted)} addresses, want at most {DESTINATIONS_MAX}")
    return [_destination(file, number, place, line, timeout_s) for place, (number, line) in enumerate(wanted, 1)]


def _text(file: Path) -> str:
    try:
        return read_secret(file).decode()
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: is not UTF-8 text") from None


def _destination(file: Path, number: int, place: int, url: str, timeout_s: float) -> Destination:
    try:
        import apprise
    except ModuleNotFoundError:
        raise ConfigError("apprise is not installed: pip install 'memesnipe[notify]', or the runtime image") from None
    for library in ("apprise", "urllib3"):
        # By level, for a logger that is disabled leaves the ones below it: urllib3.connectionpool writes whole addresses.
        logging.getLogger(library).setLevel(logging.CRITICAL + 1)
    asset = apprise.AppriseAsset(app_id=TITLED, app_desc=TITLED, secure_logging=True, async_mode=False)
    try:
        plugin: Any = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    except Exception:  # as above: its words may hold the address
        plugin = None
    if plugin is None:
        raise ConfigError(f"{file}:{number}: not an address that apprise knows; https://github.com/caronc/apprise/wiki lists them")
    plugin.socket_connect_timeout = plugin.socket_read_timeout = timeout_s
    service = "".join(letter for letter in str(plugin.service_name).lower() if letter.isascii() and letter.isalnum())
    return Destination(f"{place}-{service or 'unnamed'}", plugin)
