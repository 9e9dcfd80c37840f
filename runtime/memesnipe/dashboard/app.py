"""The page's routes. Everything it shows comes from the feed; everything it may ask for goes through `commands`."""

import secrets
from collections.abc import Callable
from typing import TypeVar

import msgspec
from flask import Flask, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from werkzeug.exceptions import HTTPException

from memesnipe.dashboard import metrics
from memesnipe.dashboard.commands import CloseAsked, Commands, HaltAsked
from memesnipe.dashboard.feed import Feed
from memesnipe.dashboard.guards import add_headers, check_write, may_write
from memesnipe.kernel.errors import Refused, Unavailable
from memesnipe.kernel.health import Health
from memesnipe.kernel.logs import logger

BODY_BYTES_MAX = 4_096

T = TypeVar("T", bound=msgspec.Struct)


def make_app(feed: Feed, commands: Commands, health: Health) -> Flask:
    """Return the WSGI application."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    app.after_request(add_headers)
    app.register_error_handler(Exception, _failed)
    token = secrets.token_urlsafe(32)  # tells the page from a stranger's; decides nothing about trading
    _add_reading(app, feed, health, token)
    _add_writing(app, commands, token)
    return app


def _failed(error: Exception) -> ResponseReturnValue:
    if isinstance(error, HTTPException):
        return error
    logger().exception("request_failed", path=request.path)
    return jsonify({"ok": False, "detail": "the dashboard failed; its log says why"}), 500


def _add_reading(app: Flask, feed: Feed, health: Health, token: str) -> None:
    @app.get("/")
    def page() -> ResponseReturnValue:
        writes = may_write(request)
        return render_template("page.html", token=token if writes else "", writes=writes)

    @app.get("/api/snapshot")
    def snapshot() -> ResponseReturnValue:
        return Response(feed.newest() or b"{}", content_type="application/json")

    @app.get("/events")
    def events() -> ResponseReturnValue:
        if not feed.take_place():
            return Response("all places for live updates are taken\n", 503, {"Retry-After": "10"}, content_type="text/plain")
        # Closed by the server however the connection ends, also before the first picture was taken.
        response = Response(feed.pictures(), content_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        response.call_on_close(feed.give_back)
        return response

    @app.get("/metrics")
    def exposition() -> ResponseReturnValue:
        return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)

    def probe() -> ResponseReturnValue:
        status, body = health.answer(request.path)
        return jsonify(body), status

    for path in ("/health", "/healthz", "/readyz"):
        app.add_url_rule(path, view_func=probe)


def _add_writing(app: Flask, commands: Commands, token: str) -> None:
    @app.post("/api/halt")
    def halt() -> ResponseReturnValue:
        return _do("halt", HaltAsked, commands.halt, token)

    @app.post("/api/close")
    def close() -> ResponseReturnValue:
        return _do("close", CloseAsked, commands.close, token)


def _do(name: str, kind: type[T], act: Callable[[T], None], token: str) -> ResponseReturnValue:
    try:
        check_write(request, token)
        asked = msgspec.json.decode(request.get_data(), type=kind)
        act(asked)
    except Refused as error:
        return _no(name, "refused", error.detail, 403)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _no(name, "bad_input", str(error), 400)
    except Unavailable as error:
        return _no(name, "unavailable", f"{error}: it is NOT known whether the command was written", 503)
    metrics.COMMANDS.labels(name, "written").inc()
    logger().warning("command", command=name, asked=msgspec.to_builtins(asked))
    return jsonify({"ok": True})


def _no(name: str, outcome: str, detail: str, status: int) -> ResponseReturnValue:
    metrics.COMMANDS.labels(name, outcome).inc()
    logger().warning("command_refused", command=name, outcome=outcome, detail=detail)
    return jsonify({"ok": False, "detail": detail}), status
