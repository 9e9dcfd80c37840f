"""Alertmanager's webhook -> notes. https://prometheus.io/docs/alerting/latest/configuration/#webhook_config, version 4. Pure.

Whoever reaches the port may say something in our name, so it is bounded, cleaned, limited like everything else, and marked as an alert.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from memesnipe.kernel.errors import BadInput
from memesnipe.notify.notes import Kind, Level, Note, note

BYTES_MAX = 262_144
ALERTS_MAX = 100
LEVELS = {"critical": Level.FAILURE, "warning": Level.WARNING}

Labels = Annotated[dict[str, str], Meta(max_length=64)]


class Alert(msgspec.Struct, frozen=True, rename="camel"):
    """One alert, firing or resolved."""

    status: Literal["firing", "resolved"]
    labels: Labels
    annotations: Labels = {}


class Webhook(msgspec.Struct, frozen=True, rename="camel"):
    """The body of a request."""

    alerts: Annotated[list[Alert], Meta(max_length=ALERTS_MAX)]


_webhook = msgspec.json.Decoder(Webhook)


def notes_in(body: bytes, marker: str, now_ns: int) -> list[Note]:
    """Return a note for each alert. Raises BadInput."""
    if len(body) > BYTES_MAX:
        raise BadInput("body", f"more than {BYTES_MAX} bytes")
    try:
        return [_note(one, marker, now_ns) for one in _webhook.decode(body).alerts]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput("body", str(error)) from None


def _note(alert: Alert, marker: str, now_ns: int) -> Note:
    name, severity = alert.labels.get("alertname", "alert"), alert.labels.get("severity", "")
    resolved = alert.status == "resolved"
    level = Level.SUCCESS if resolved else LEVELS.get(severity, Level.WARNING)
    shown = ("summary", "description", "runbook_url")
    lines = [alert.annotations[key] for key in shown if key in alert.annotations]
    about = ", ".join(f"{key}={value}" for key, value in sorted(alert.labels.items()) if key not in ("alertname", "severity"))
    title = f"{marker} {'resolved' if resolved else severity or 'alert'}: {name}"
    return note(Kind.ALERT, level, title, "\n".join([*lines, about]), now_ns)
