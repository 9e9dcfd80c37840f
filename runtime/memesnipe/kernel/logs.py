"""Structured JSON logs on stderr. Secrets are stripped by key name before anything is written."""

import json
import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

import msgspec
import structlog

_LEVELS = {"exception": "error", "warn": "warning"}
_encode = msgspec.json.Encoder(enc_hook=repr).encode
_SECRET_WORDS = ("secret", "password", "private", "keypair", "api_key", "apikey", "api-key", "token_auth", "authorization", "seed_phrase")


def configure(service: str, *, level: str = "INFO") -> None:
    """Set up logging for this process; call once, first."""
    structlog.configure(
        processors=[partial(line, service)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def logger() -> structlog.typing.FilteringBoundLogger:
    """Return the process's logger: `log.info("event_name", field=value)`."""
    bound: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return bound


def line(service: str, _logger: object, method: str, event: MutableMapping[str, Any]) -> str:
    """Return one event as its line. One step instead of structlog's six: a signature's own line cost a fifth of what signing costs."""
    if event.get("exc_info"):
        event = structlog.processors.format_exc_info(None, method, event)
    redact(event)
    event["service"], event["level"] = service, _LEVELS.get(method, method)
    event["timestamp"] = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return rendered(event)


def redact(event: MutableMapping[str, Any]) -> None:
    """Replace values whose key names a secret, so that a careless call cannot leak one."""
    for key in event:
        if _names_a_secret(key):
            event[key] = "[redacted]"


@lru_cache(maxsize=4_096)
def _names_a_secret(key: str) -> bool:
    return any(word in key.lower() for word in _SECRET_WORDS)


def rendered(event: MutableMapping[str, Any]) -> str:
    """Return an event as one JSON object, ASCII only, so that no stranger's text can reorder or hide what a person reads.

    A log call must never raise: what msgspec will not encode (a lone surrogate, a key that is no text) the slower way does.
    """
    try:
        raw = _encode(event)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return json.dumps(event, default=repr, skipkeys=True)
    return raw.decode("ascii") if raw.isascii() else json.dumps(event, default=repr, skipkeys=True)
