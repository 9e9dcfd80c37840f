"""What tells us of alerts, in two forms, read into one. Pure.

Alertmanager's webhook (version 4) is said once by its sender: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config.
Prometheus itself, where no Alertmanager runs, posts to Alertmanager's API v2 (`postableAlerts`, api/v2/openapi.yaml of
prometheus/alertmanager): a firing alert again and again (`--rules.alert.resend-delay`, a minute) with an `endsAt` four such delays ahead,
an ended one for 15 minutes with an `endsAt` that is past. In batches of 64 or, since version 3, of 256; any 2xx is an acknowledgement.

Whoever reaches the port may say something in our name, so it is bounded, cleaned, limited like everything else, and marked as an alert.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import BadInput

BYTES_MAX = 1_048_576
ALERTS_MAX = 512
TIMEOUT_NS = 300 * NS_PER_S
"""For an alert without an end, as Alertmanager's own `resolve_timeout`."""
UNTIL_NS_MAX = 86_400 * NS_PER_S
"""Nobody's word counts for longer; it must fit what the state is kept as, too."""
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)

T = TypeVar("T")
Labels = Annotated[dict[str, str], Meta(max_length=64)]
Time = Annotated[datetime, Meta(tz=True)]


class Alert(msgspec.Struct, frozen=True):
    """One alert, whichever form it came in."""

    labels: dict[str, str]
    annotations: dict[str, str]
    firing: bool
    until_ns: int = 0
    """It is firing until then unless that is said again. 0: its sender says each thing once, so it is no repetition."""

    @property
    def name(self) -> str:
        """Return what its rule is called."""
        return self.labels.get("alertname", "alert")


class _Told(msgspec.Struct, frozen=True, rename="camel"):
    status: Literal["firing", "resolved"]
    labels: Labels
    annotations: Labels = {}


class _Webhook(msgspec.Struct, frozen=True, rename="camel"):
    alerts: Annotated[list[_Told], Meta(max_length=ALERTS_MAX)]


class _Posted(msgspec.Struct, frozen=True, rename="camel"):
    labels: Annotated[dict[str, str], Meta(min_length=1, max_length=64)]
    annotations: Labels = {}
    ends_at: Time | None = None


_webhook = msgspec.json.Decoder(_Webhook)
_posted = msgspec.json.Decoder(Annotated[list[_Posted], Meta(max_length=ALERTS_MAX)])


def of_alertmanager(body: bytes, now_ns: int) -> list[Alert]:
    """Return the alerts of a webhook's request. Raises BadInput."""
    return [Alert(one.labels, one.annotations, one.status == "firing") for one in _read(_webhook, body).alerts]


def of_prometheus(body: bytes, now_ns: int) -> list[Alert]:
    """Return the alerts of a request to API v2. Raises BadInput."""
    return [_timed(one, now_ns) for one in _read(_posted, body)]


def _timed(one: _Posted, now_ns: int) -> Alert:
    """The zero time of Go, in year 1, stands for none."""
    given = one.ends_at is not None and one.ends_at.year > 1
    until_ns = (one.ends_at - EPOCH) // MICROSECOND * 1_000 if one.ends_at is not None and given else now_ns + TIMEOUT_NS
    return Alert(one.labels, one.annotations, until_ns > now_ns, max(1, min(until_ns, now_ns + UNTIL_NS_MAX)))


def _read(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    if len(body) > BYTES_MAX:
        raise BadInput("body", f"more than {BYTES_MAX} bytes")
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput("body", str(error)) from None
