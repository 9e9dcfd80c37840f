"""Where a source stopped, as it keeps it: JSON that this code wrote in an earlier life, or that is lost."""

from typing import TypeVar

import msgspec

from memesnipe.consumers.metrics import GAPS
from memesnipe.kernel.logs import logger

C = TypeVar("C", bound=msgspec.Struct)


def cursor_of(source: str, raw: bytes, empty: C) -> C:
    """Return the cursor in `raw`, `empty` where there is none. One that cannot be read is none: the source starts from now, and says so."""
    if not raw:
        return empty
    try:
        return msgspec.json.decode(raw, type=type(empty))
    except (msgspec.ValidationError, msgspec.DecodeError):
        GAPS.labels(source, "unfilled").inc()
        logger().error("cursor_unreadable", source=source)
        return empty
