"""Times as hosts write them, read into nanoseconds."""

from datetime import UTC, datetime, timedelta

from memesnipe.kernel.errors import BadInput

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
CHARS_MAX = 40


def rfc3339_ns(text: str, field: str) -> int:
    """Return nanoseconds since 1970, to the microsecond. Raises BadInput naming `field` for what is no time or names no zone."""
    try:
        moment = datetime.fromisoformat(text) if len(text) <= CHARS_MAX else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadInput(field, f"{text[:CHARS_MAX]!r} is no time with a zone")
    return (moment - _EPOCH) // _MICROSECOND * 1_000
