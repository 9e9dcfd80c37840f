"""TLS under the signer's door, as bytes in and bytes out: who is not the guard is refused before a byte of HTTP is read.

By memory buffers, not by the event loop's own TLS: there the first request can be delivered before anybody looked at the name.
"""

import ssl
from typing import Any

from memesnipe.approvals.certificates import GUARD_NAME

READ_BYTES = 64 * 1024


class Stranger(Exception):  # noqa: N818 - it is who it is, not what went wrong
    """Whoever knocks is not the guard; the text says why, for the log."""


class Channel:
    """One connection's TLS, from handshake to close."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._arrived, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._arrived, self._leaving, server_side=True)
        self.guard_is_there = False
        """The handshake is done, and the certificate is the guard's."""
        self.expires_s = 0.0
        """When the guard's certificate ends (Unix time)."""

    def opened(self, data: bytes) -> bytes:
        """Return what the guard says in clear. Raises Stranger, also for bytes that are no TLS."""
        self._arrived.write(data)
        clear = bytearray()
        try:
            if not self.guard_is_there:
                self._shake_hands()
            while chunk := self._tls.read(READ_BYTES):
                clear += chunk
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            raise Stranger(getattr(error, "verify_message", "") or error.reason or "no TLS 1.3 with a certificate") from None
        return bytes(clear)

    def sealed(self, data: bytes) -> bytes:
        """Return the bytes to send for an answer."""
        self._tls.write(data)
        return self.leaving()

    def leaving(self) -> bytes:
        """Return what TLS itself has to say: its part of the handshake, an alert."""
        return self._leaving.read()

    def _shake_hands(self) -> None:
        self._tls.do_handshake()
        shown: Any = self._tls.getpeercert() or {}  # its declared type is that of every field at once
        names = [name for kind, name in shown.get("subjectAltName", ()) if kind in ("DNS", "URI")]
        if GUARD_NAME not in names:
            raise Stranger(f"the certificate is made out to {names!r}, not to {GUARD_NAME}")
        self.expires_s = float(ssl.cert_time_to_seconds(shown["notAfter"]))
        self.guard_is_there = True
