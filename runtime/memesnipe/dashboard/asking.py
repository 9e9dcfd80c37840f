"""Routes that ask for something: a halt, a resume, a close. Each is one decoded body and one command."""

from collections.abc import Callable
from typing import TypeVar

import msgspec
from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from memesnipe.dashboard import metrics
from memesnipe.dashboard.commands import CloseAsked, Commands, HaltAsked
from memesnipe.dashboard.guards import check_write
from memesnipe.kernel.errors import Refused, Unavailable
from memesnipe.kernel.logs import logger

T = TypeVar("T", bound=msgspec.Struct)


def add_commands(app: Flask, commands: Commands, token: str) -> None:
    """Add the commands; `token` is the page's own."""

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
