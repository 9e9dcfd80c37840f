"""What is said to a person: a kind, one line, and a few more. Plain text, bounded, with nothing a terminal or a chat would obey."""

from enum import StrEnum

import msgspec

from memesnipe.kernel.texts import printable

TITLE_MAX, BODY_MAX = 120, 1_500
"""Characters; the smallest limit among the services is some 1,600 for both."""


class Kind(StrEnum):
    """Each has a limit of its own on how often it is said: a hundred fills must not keep a halt from being heard."""

    FILL = "fill"
    HALT = "halt"
    MODE = "mode"
    PROMOTION = "promotion"
    ALLOCATION = "allocation"
    POSITION = "position"
    ALERT = "alert"
    SUMMARY = "summary"
    SELF = "self"


class Level(StrEnum):
    """How a destination colours it; apprise's own words."""

    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"


class Note(msgspec.Struct, frozen=True):
    """One message. `lamports` is what it moved in the wallet, for the sum of those that were not said one by one."""

    kind: Kind
    level: Level
    title: str
    body: str
    time_ns: int
    lamports: int = 0


def note(kind: Kind, level: Level, title: str, body: str, time_ns: int, *, lamports: int = 0) -> Note:
    """Return a message, cut to what every destination takes; some take none without a body."""
    return Note(kind, level, clean(title, TITLE_MAX).replace("\n", " "), clean(body or title, BODY_MAX), time_ns, lamports)


def clean(text: str, length_max: int) -> str:
    """Return a text without control characters, and no longer than that: names and reasons come from strangers."""
    shown = printable(text, "\n")
    return shown if len(shown) <= length_max else shown[: length_max - 1] + "…"
