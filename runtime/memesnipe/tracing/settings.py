"""What tracer reads from the environment. What opens the collector's door comes in a file of its own and in nothing else."""

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta

from memesnipe.approvals.secret_files import read_secret
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.settings import CommonSettings, variable

HEADERS_MAX = 16
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?)\Z")
"""A header's name and value by RFC 9110, without what is above ASCII."""


class TracingSettings(CommonSettings, frozen=True, kw_only=True):
    """`MEMESNIPE_<FIELD>`."""

    otlp_url: str = ""
    """Where a collector takes traces by OTLP over HTTP, such as `http://collector:4318/v1/traces`. Empty: tracer is not started."""
    otlp_headers_file: str = ""
    """File of headers for the collector, `Name: value`, one a line, `#` begins a comment; its owner's alone. Empty: none."""
    otlp_ca_file: str = ""
    """CA that signed the collector's certificate. Empty: those that everybody trusts."""
    otlp_timeout_s: Annotated[float, Meta(gt=0, le=60)] = 10.0
    """How long the collector may take for a batch."""

    def url(self) -> str:
        """Return the collector's address. Raises ConfigError, which does not repeat it, where it is none."""
        if not is_address(self.otlp_url):
            raise ConfigError(
                f"{variable('otlp_url')}: must be where a collector takes traces, such as http://collector:4318/v1/traces"
                " (http or https, no name or password in it); docs/howto/traces.md"
            )
        return self.otlp_url

    def headers(self) -> dict[str, str]:
        """Return the headers for the collector. Raises ConfigError naming file and line, never what stands there."""
        if not self.otlp_headers_file:
            return {}
        return headers_in(Path(self.otlp_headers_file))

    def ca_file(self) -> str:
        """Return the CA's file, "" for none. Raises ConfigError where it is not there."""
        if self.otlp_ca_file and not Path(self.otlp_ca_file).is_file():
            raise ConfigError(f"{variable('otlp_ca_file')}: {self.otlp_ca_file} is no file")
        return self.otlp_ca_file


def is_address(url: str) -> bool:
    """Return whether a URL says by http or https where to, and nothing secret."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    plain = url.isprintable() and url.isascii() and " " not in url
    return plain and parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None and not parts.fragment


def headers_in(file: Path) -> dict[str, str]:
    """Return the headers of a file. Raises ConfigError naming file and line, never what stands there."""
    try:
        lines = read_secret(file).decode().splitlines()
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: is not UTF-8 text") from None
    wanted = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")]
    if not wanted:
        raise ConfigError(f"{file}: holds no header")
    if len(wanted) > HEADERS_MAX:
        raise ConfigError(f"{file}: {len(wanted)} headers, want at most {HEADERS_MAX}")
    return dict(_header(file, number, line) for number, line in wanted)


def _header(file: Path, number: int, line: str) -> tuple[str, str]:
    found = _HEADER.match(line)
    if not found:
        raise ConfigError(f"{file}:{number}: must be a header, `Name: value`")
    return found[1], found[2]
