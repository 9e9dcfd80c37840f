"""Who may write from the page: the person at this machine, on this page, and nobody through their browser.

Three locks on every POST: the peer and the Host header are loopback (a name that resolves to 127.0.0.1 is not: DNS rebinding),
the Origin is the page's own, and the token that only the page knows is there.
"""

import secrets
from urllib.parse import urlsplit

from flask import Request, Response

from memesnipe.kernel.errors import Refused
from memesnipe.kernel.hosts import is_loopback
from memesnipe.kernel.reasons import ReasonCode

CSRF_HEADER = "X-CSRF-Token"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


def may_write(request: Request) -> bool:
    """Return whether this peer, by this name, may write at all."""
    return is_loopback(request.remote_addr or "") and is_loopback(urlsplit(f"//{request.host}").hostname or "")


def check_write(request: Request, token: str) -> None:
    """Raise Refused unless the request comes from the page itself, on this machine."""
    if not may_write(request):
        raise Refused(ReasonCode.APPROVAL_INVALID, "commands are taken on this machine only, by its loopback address")
    if request.headers.get("Origin") != f"{request.scheme}://{request.host}":
        raise Refused(ReasonCode.APPROVAL_INVALID, "the request does not come from this page")
    if not secrets.compare_digest(request.headers.get(CSRF_HEADER, "").encode(), token.encode()):
        raise Refused(ReasonCode.APPROVAL_INVALID, "the page is from before a restart: load it again")


def add_headers(response: Response) -> Response:
    """Return the response with the headers that every answer carries."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
