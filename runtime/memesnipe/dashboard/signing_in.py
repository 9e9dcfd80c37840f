"""Routes to sign in and out. The password comes in a body, is compared, and is in no log, no answer and no exception."""

import msgspec
from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from memesnipe.dashboard import metrics
from memesnipe.dashboard.door import Door, give_cookie
from memesnipe.dashboard.guards import check_origin, check_write
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.logs import logger


class SignInAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/sign-in."""

    password: str

    def __repr__(self) -> str:
        return "SignInAsked(...)"  # never printed


def add_signing_in(app: Flask, door: Door, token: str) -> None:
    """Add both routes; signing in needs no token, for who signs in has seen no page yet."""

    @app.post("/api/sign-in")
    def sign_in() -> ResponseReturnValue:
        try:
            check_origin(request)
            password = msgspec.json.decode(request.get_data(), type=SignInAsked).password
            secret = door.sign_in(password, request.remote_addr or "")
        except Refused as error:
            return _no(error.detail, 403)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return _no("the body is not a password", 400)
        metrics.SIGN_INS.labels("done").inc()
        logger().warning("signed_in", peer=request.remote_addr)
        return give_cookie(jsonify({"ok": True}), secret, secure=_is_secure())

    @app.post("/api/sign-out")
    def sign_out() -> ResponseReturnValue:
        try:
            check_write(request, token)
        except Refused as error:  # no password was tried, so none is counted
            return jsonify({"ok": False, "detail": error.detail}), 403
        door.sign_out(request)
        return give_cookie(jsonify({"ok": True}), "", secure=_is_secure())


def _is_secure() -> bool:
    """A proxy that ends TLS talks http to us; the browser's own word on its page is in Origin."""
    return request.headers.get("Origin", "").startswith("https://")


def _no(detail: str, status: int) -> ResponseReturnValue:
    metrics.SIGN_INS.labels("refused").inc()
    logger().warning("sign_in_refused", peer=request.remote_addr, detail=detail)
    return jsonify({"ok": False, "detail": detail}), status
