"""What a build needs of this machine to reach a package index, as build secrets: in no layer, no history and no repository."""

import configparser
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
"""Where Debian keeps the certificates that a machine believes."""
_INDEX_KEYS = ("index-url", "extra-index-url", "trusted-host", "timeout", "proxy")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
"""Variables by which a machine names its proxies, and a build is told of them."""


@contextmanager
def build_secrets() -> Iterator[dict[str, str]]:
    """Yield the file of each secret by its id; no `ca.crt` where there is none. What was written for it is gone afterwards."""
    with TemporaryDirectory(prefix="build-secrets-") as folder:  # made with mode 0700
        pip_conf = Path(folder) / "pip.conf"
        with pip_conf.open("w") as file:
            _for_the_image().write(file)
        certificates = _certificates()
        yield {"pip.conf": str(pip_conf), **({"ca.crt": certificates} if certificates else {})}


def proxies() -> list[str]:
    """Return options for a build, which takes their values from its environment: a proxy's address may hold a password."""
    return [option for name in PROXIES if name in os.environ for option in ("--build-arg", name)]


def _for_the_image() -> configparser.RawConfigParser:
    """This machine's index settings; its certificates lie elsewhere inside a build, which knows where."""
    here, there = _of_this_machine(), configparser.RawConfigParser()
    there["global"] = {key: here[key] for key in _INDEX_KEYS if key in here}
    return there


def _certificates() -> str:
    here = _of_this_machine()
    named = [here.get("cert"), os.environ.get("SSL_CERT_FILE"), os.environ.get("REQUESTS_CA_BUNDLE"), CERTIFICATES]
    return next((path for path in named if path and Path(path).is_file()), "")


def _of_this_machine() -> dict[str, str]:
    """As pip reads them: files from the system's to the person's own, then the environment."""
    found = configparser.RawConfigParser()
    own = Path.home()
    files = [Path("/etc/pip.conf"), own / ".pip/pip.conf", own / ".config/pip/pip.conf"]
    if named := os.environ.get("PIP_CONFIG_FILE"):
        files.append(Path(named))
    found.read(files, encoding="utf-8")
    settings = {key: value for section in ("global", "install") if section in found for key, value in found[section].items()}
    names = (*_INDEX_KEYS, "cert")
    variables = {name: os.environ.get(f"PIP_{name.replace('-', '_').upper()}", "") for name in names}
    return settings | {name: value for name, value in variables.items() if value}
