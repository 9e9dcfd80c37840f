"""The files behind mutual TLS between wallet_guard and signer, and contexts that follow them.

Both ends read their files again when one changed, so that renewed certificates need no restart. TLS 1.3 alone: both ends are ours.
Nothing here but the standard library: the signer loads it.
"""

import ssl
from collections.abc import Callable
from pathlib import Path

import msgspec

from memesnipe.approvals.secret_files import read_secret
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.logs import logger

GUARD_NAME = "wallet-guard"
"""What the certificate of the signer's one client is made out to (a DNS or URI name), so that no other of the same CA gets in."""

Contexts = Callable[[], ssl.SSLContext]
"""Gives the context for the next connection."""
Stamp = tuple[tuple[int, int, int], ...]


class Files(msgspec.Struct, frozen=True):
    """Whom we believe, who we are, and the key that proves it: three PEM files."""

    ca: Path
    certificate: Path
    key: Path

    @classmethod
    def named(cls, ca: tuple[str, str], certificate: tuple[str, str], key: tuple[str, str]) -> "Files | None":
        """Return the files of three (variable, path); None when no path is set. Raises ConfigError when only some are."""
        given = (ca, certificate, key)
        missing = [variable for variable, path in given if not path]
        if len(missing) == len(given):
            return None
        if missing:
            raise ConfigError(f"{missing[0]}: goes with {', '.join(v for v, path in given if path)}: all three or none")
        return cls(*(Path(path) for _, path in given))

    def stamp(self) -> Stamp:
        """Return what changes when a file is replaced. Raises ConfigError for one that cannot be read."""
        return tuple(_stamp(path) for path in (self.ca, self.certificate, self.key))


def server(files: Files) -> ssl.SSLContext:
    """Return a context that lets in whoever shows a certificate of our CA. Raises ConfigError naming the file.

    No session tickets: a resumed session would skip the look at the certificate, and with it its expiry.
    """
    context = _filled(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), files)
    context.verify_mode = ssl.CERT_REQUIRED
    context.num_tickets = 0
    return context


def client(files: Files) -> ssl.SSLContext:
    """Return a context that believes this CA alone and checks the server's name. Raises ConfigError naming the file."""
    return _filled(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), files)


class Following:
    """The context of some files, made anew after they changed. What cannot be read then leaves the last good one in use."""

    def __init__(self, files: Files, make: Callable[[Files], ssl.SSLContext]) -> None:
        self._files, self._make = files, make
        self._seen = files.stamp()
        self._context = make(files)

    def __call__(self) -> ssl.SSLContext:
        """Return the context for the next connection."""
        try:
            if (stamp := self._files.stamp()) != self._seen:
                self._context = self._make(self._files)
                self._seen = stamp
                logger().info("certificates_read_again", file=str(self._files.certificate))
        except ConfigError as error:
            logger().warning("certificates_unreadable", detail=str(error))
        return self._context


def _filled(context: ssl.SSLContext, files: Files) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    _load(files.ca, lambda: context.load_verify_locations(files.ca))
    read_secret(files.key)  # refuses a key that others can read
    # An empty password: a key that wants one is an error, not a question on a terminal that nobody looks at.
    _load(files.certificate, lambda: context.load_cert_chain(files.certificate, files.key, password=""))
    return context


def _load(path: Path, read: Callable[[], None]) -> None:
    try:
        read()
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(f"{path}: not a usable PEM file: {error.strerror or type(error).__name__}") from None


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        facts = path.stat()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    return facts.st_mtime_ns, facts.st_ino, facts.st_size
