"""The page as one WSGI application: the door before everything, the headers on everything, and a clear answer when we fail."""

import secrets

from flask import Flask, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from memesnipe.dashboard import metrics
from memesnipe.dashboard.asking import add_commands
from memesnipe.dashboard.commands import Commands
from memesnipe.dashboard.door import Door
from memesnipe.dashboard.feed import Feed
from memesnipe.dashboard.guards import add_headers
from memesnipe.dashboard.looking import add_looking, add_lookups, add_probes
from memesnipe.dashboard.lookups import Lookups
from memesnipe.dashboard.signing_in import add_signing_in
from memesnipe.kernel.health import Health
from memesnipe.kernel.logs import logger

BODY_BYTES_MAX = 4_096
OPEN = ("/health", "/healthz", "/readyz", "/static/", "/api/sign-in")
"""What whoever reaches the port may have: whether we live, and what the page to sign in needs. Not /metrics, which names strategies and
what they earned: Prometheus reads it at the health port."""
STALE_MS_MIN = 5_000
"""An open page says so when it heard nothing for this long, or for three pictures."""
CLOSED = (
    "this page is for whoever sits at its machine, at its loopback address; for others set MEMESNIPE_DASHBOARD_PASSWORD_FILE, "
    "or forward its port (ssh -L, kubectl port-forward)"
)


def make_app(feed: Feed, lookups: Lookups, commands: Commands, health: Health, door: Door, *, refresh_ms: int = 1_000) -> Flask:
    """Return the WSGI application; a new picture is due every `refresh_ms`."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    app.before_request(lambda: _closed(door))
    app.after_request(add_headers)
    app.register_error_handler(Exception, _failed)
    token = secrets.token_urlsafe(32)  # tells the page from a stranger's; decides nothing about trading
    add_looking(app, feed, token, door, max(STALE_MS_MIN, 3 * refresh_ms))
    add_lookups(app, lookups)
    add_probes(app, health)
    add_commands(app, commands, token)
    add_signing_in(app, door, token)
    return app


def _closed(door: Door) -> ResponseReturnValue | None:
    """Return what is said to a request that may not come in; None lets it in."""
    if any(request.path == path or (path.endswith("/") and request.path.startswith(path)) for path in OPEN) or door.lets_in(request):
        return None
    metrics.TURNED_BACK.inc()
    if not door.has_password:
        return jsonify({"ok": False, "detail": CLOSED}), 403
    if request.path == "/":
        return render_template("sign_in.html"), 401
    return jsonify({"ok": False, "detail": "sign in first"}), 401


def _failed(error: Exception) -> ResponseReturnValue:
    if isinstance(error, HTTPException):
        return error
    logger().exception("request_failed", path=request.path)
    return jsonify({"ok": False, "detail": "the dashboard failed; its log says why"}), 500
