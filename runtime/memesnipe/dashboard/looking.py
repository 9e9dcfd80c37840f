"""Routes that only show: the page, its pictures, what a click asks for, and what probes and Prometheus ask for."""

from collections.abc import Callable

import msgspec
from flask import Flask, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from memesnipe.dashboard.door import Door
from memesnipe.dashboard.feed import Feed
from memesnipe.dashboard.lookups import Lookups
from memesnipe.kernel.errors import BadInput, Unavailable
from memesnipe.kernel.health import Health
from memesnipe.messages.control import ALLOWS


def add_looking(app: Flask, feed: Feed, token: str, door: Door, stale_ms: int) -> None:
    """Add the page and its live updates; after `stale_ms` without one the page says that it is old."""

    @app.get("/")
    def page() -> ResponseReturnValue:
        return render_template("page.html", token=token, signed_in=not door.is_here(request), stale_ms=stale_ms, allows=ALLOWS)

    @app.get("/api/snapshot")
    def snapshot() -> ResponseReturnValue:
        return Response(feed.newest() or b"{}", content_type="application/json")

    @app.get("/events")
    def events() -> ResponseReturnValue:
        if not feed.take_place():
            return Response("all places for live updates are taken\n", 503, {"Retry-After": "10"}, content_type="text/plain")
        # Closed by the server however the connection ends, also before the first picture was taken.
        pictures = feed.pictures(door.still_lets_in(request))
        response = Response(pictures, content_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        response.call_on_close(feed.give_back)
        return response


def add_lookups(app: Flask, lookups: Lookups) -> None:
    """Add what a click asks for."""

    @app.get("/api/strategy/<name>")
    def strategy(name: str) -> ResponseReturnValue:
        return _found(lambda: lookups.strategy(name), "no strategy of this name is applied")

    @app.get("/api/order/<name>")
    def order(name: str) -> ResponseReturnValue:
        return _found(lambda: lookups.order(name), "nothing is known of this order")


def _found(look: Callable[[], msgspec.Struct | None], otherwise: str) -> ResponseReturnValue:
    try:
        found = look()
    except BadInput as error:
        return jsonify({"ok": False, "detail": str(error)}), 400
    except Unavailable as error:
        return jsonify({"ok": False, "detail": f"{error.part} does not answer: try again"}), 503
    if found is None:
        return jsonify({"ok": False, "detail": otherwise}), 404
    return Response(msgspec.json.encode(found), content_type="application/json")


def add_probes(app: Flask, health: Health) -> None:
    """Add what probes and Prometheus ask for."""

    @app.get("/metrics")
    def exposition() -> ResponseReturnValue:
        return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)

    def probe() -> ResponseReturnValue:
        status, body = health.answer(request.path)
        return jsonify(body), status

    for path in ("/health", "/healthz", "/readyz"):
        app.add_url_rule(path, view_func=probe)
