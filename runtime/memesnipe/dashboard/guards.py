"""Who may write from the page: whoever may see it (`door`), on this page, and nobody through their browser.

Two more locks on every POST: the Origin is the page's own, and the token that only the page knows is there.
"""

import secrets
from urllib.parse import urlsplit

from flask import Request, Response

from memesnipe.kernel.errors import Refused
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


def check_origin(request: Request) -> None:
    """Raise Refused unless the browser says that the request comes from a page of ours.

    Behind a proxy that ends TLS we hear http where the browser says https, so host and port decide: a stranger has another one.
    """
    # A Host that is none is "" here, and so is the origin of a request without one: two nothings are not the same page.
    if not request.host or _origin_of(request) != request.host:
        raise Refused(ReasonCode.APPROVAL_INVALID, "the request does not come from this page")


def _origin_of(request: Request) -> str:
    try:
        return urlsplit(request.headers.get("Origin", "")).netloc
    except ValueError:
        return ""


def check_write(request: Request, token: str) -> None:
    """Raise Refused unless the request comes from the page itself, as it was loaded from this process."""
    check_origin(request)
    if not secrets.compare_digest(request.headers.get(CSRF_HEADER, "").encode(), token.encode()):
        raise Refused(ReasonCode.APPROVAL_INVALID, "the page is from before a restart: load it again")


def add_headers(response: Response) -> Response:
    """Return the response with the headers that every answer carries."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
