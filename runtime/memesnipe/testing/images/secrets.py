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
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


@contextmanager
def build_arguments() -> Iterator[list[str]]:
    """Yield options for `docker build`. The files behind them are gone afterwards."""
    with TemporaryDirectory(prefix="build-secrets-") as folder:  # made with mode 0700
        options = [option for name in _PROXIES if name in os.environ for option in ("--build-arg", name)]
        pip_conf = Path(folder) / "pip.conf"
        with pip_conf.open("w") as file:
            _for_the_image().write(file)
        options += ["--secret", f"id=pip.conf,src={pip_conf}"]
        if certificates := _certificates():
            options += ["--secret", f"id=ca.crt,src={certificates}"]
        yield options


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
