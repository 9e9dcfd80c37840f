"""Who gets to see the page: whoever sits at this machine, and elsewhere whoever signed in.

At this machine: the peer's address and the name it called us by are loopback's, so a page of a stranger that got our address into its own
name (DNS rebinding) is not, nor is whoever a proxy on this machine speaks for: it may call us by loopback's name. A container's page is
called by its network's gateway; where its port is published on loopback alone, that gateway may be trusted
(`MEMESNIPE_DASHBOARD_TRUSTED_PEERS`). Everyone else needs the password of a file, and gets a session in a cookie that scripts cannot read
and other sites cannot send. Sessions are kept in memory as hashes: a restart ends them all.
"""

import hashlib
import hmac
import ipaddress
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from flask import Request, Response

from memesnipe.kernel.errors import ConfigError, Refused
from memesnipe.kernel.hosts import is_loopback
from memesnipe.kernel.reasons import ReasonCode

COOKIE = "memesnipe_session"
SESSION_S = 12 * 3_600
SESSIONS_MAX = 64
"""One more ends the oldest."""
TRIES_PER_MINUTE_MAX = 5
"""Wrong passwords of one peer: who guesses closes the door to himself, not to the one who knows."""
ALL_TRIES_PER_MINUTE_MAX = 60
"""Of all peers together: who guesses from many addresses gets no more."""
PASSWORD_LETTERS_MIN = 12
PROXIED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
"""What a proxy adds. Whoever adds it himself only closes the door to himself."""


class Door:
    """Lets in, or says why not. Thread-safe. `now_s` is any clock that only goes forward."""

    def __init__(self, password: str, trusted_peers: frozenset[str], now_s: Callable[[], float]) -> None:
        self._password, self._trusted, self._now_s = _digest(password) if password else b"", trusted_peers, now_s
        self._sessions: dict[bytes, float] = {}
        self._wrong: list[tuple[float, str]] = []
        self._lock = threading.Lock()

    @property
    def has_password(self) -> bool:
        """Whether signing in is possible at all."""
        return bool(self._password)

    def is_here(self, request: Request) -> bool:
        """Return whether the request comes from this machine, by its own name, and not through a proxy for somebody else."""
        if any(name in request.headers for name in PROXIED):
            return False
        peer = request.remote_addr or ""
        return (is_loopback(peer) or peer in self._trusted) and is_loopback(urlsplit(f"//{request.host}").hostname or "")

    def lets_in(self, request: Request) -> bool:
        """Return whether this request may see the page."""
        return self.still_lets_in(request)()

    def still_lets_in(self, request: Request) -> Callable[[], bool]:
        """Return what tells, at any later moment and on any thread, whether who sent this request may see the page."""
        here, secret = self.is_here(request), request.cookies.get(COOKIE, "")
        return lambda: here or self._knows(secret)

    def sign_in(self, password: str, peer: str) -> str:
        """Return a new session's secret. Raises Refused for a wrong password, and for any after too many wrong ones of `peer` or of all."""
        with self._lock:
            now_s = self._now_s()
            self._wrong = [one for one in self._wrong if one[0] > now_s - 60]
            of_peer = sum(tried_by == peer for _, tried_by in self._wrong)
            if of_peer >= TRIES_PER_MINUTE_MAX or len(self._wrong) >= ALL_TRIES_PER_MINUTE_MAX:
                raise Refused(ReasonCode.APPROVAL_INVALID, "too many tries: wait a minute")
            if not self._password or not hmac.compare_digest(_digest(password), self._password):
                self._wrong.append((now_s, peer))
                raise Refused(ReasonCode.APPROVAL_INVALID, "that is not the password")
            secret = secrets.token_urlsafe(32)
            self._sessions[_digest(secret)] = now_s + SESSION_S
            while len(self._sessions) > SESSIONS_MAX:
                del self._sessions[next(iter(self._sessions))]
        return secret

    def sign_out(self, request: Request) -> None:
        """End the request's session, if it has one."""
        with self._lock:
            self._sessions.pop(_digest(request.cookies.get(COOKIE, "")), None)

    def _knows(self, secret: str) -> bool:
        with self._lock:
            return self._now_s() < self._sessions.get(_digest(secret), 0.0)


def give_cookie(response: Response, secret: str, *, secure: bool) -> Response:
    """Return the response with the session's cookie; an empty secret takes the cookie away."""
    response.set_cookie(COOKIE, secret, max_age=SESSION_S if secret else 0, httponly=True, samesite="Strict", secure=secure, path="/")
    return response


def password_of(path: str) -> str:
    """Return the password in a file, without the line's end; "" without a file. Raises ConfigError naming the variable."""
    if not path:
        return ""
    try:
        password = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"MEMESNIPE_DASHBOARD_PASSWORD_FILE: {path} cannot be read: {type(error).__name__}") from None
    if len(password) < PASSWORD_LETTERS_MIN:
        raise ConfigError(f"MEMESNIPE_DASHBOARD_PASSWORD_FILE: the password in {path} is shorter than {PASSWORD_LETTERS_MIN} letters")
    return password


def peers_of(text: str) -> frozenset[str]:
    """Return the addresses of a comma-separated list. Raises ConfigError for what is none: a name could lead anywhere tomorrow."""
    peers = frozenset(part.strip() for part in text.split(",") if part.strip())
    for peer in peers:
        try:
            ipaddress.ip_address(peer)
        except ValueError:
            raise ConfigError(f"MEMESNIPE_DASHBOARD_TRUSTED_PEERS: {peer!r} is not an IP address") from None
    return peers


def _digest(text: str) -> bytes:
    # surrogates can come in a cookie or a body; what cannot be encoded must be wrong, not an error
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
