"""What a check says: a status, what was found, and the fix in one sentence."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from memesnipe.live_check.facts import Silent, Unseen


class Status(StrEnum):
    """From good to bad; `unseen` is neither, and is always shown."""

    OK = "ok"
    UNSEEN = "unseen"
    WARN = "warn"
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True):
    """One check's word. `fix` is empty where nothing needs one; for `unseen` it says where to look."""

    status: Status
    found: str
    fix: str = ""


class Reported(msgspec.Struct, frozen=True):
    """A finding under the name of its check."""

    area: str
    check: str
    status: Status
    found: str
    fix: str = ""


def ok(found: str) -> Finding:
    """Nothing to do."""
    return Finding(Status.OK, found)


def warn(found: str, fix: str) -> Finding:
    """It works, and somebody should know."""
    return Finding(Status.WARN, found, fix)


def fail(found: str, fix: str) -> Finding:
    """A live order would not go out, or should not."""
    return Finding(Status.FAIL, found, fix)


def unseen(where: str, what: str = "") -> Finding:
    """It cannot be looked at from here."""
    return Finding(Status.UNSEEN, f"not visible from here{f': {what}' if what else ''}", where)


def waits(fact: Silent | Unseen, check: str) -> Finding:
    """What a check says whose fact another one judges: one cause is one failure, and what hangs on it is not looked at."""
    return unseen(fact.where if isinstance(fact, Unseen) else f"first see to `{check}`")


def hangs_on(fact: Silent | Unseen, cause: object, check: str, fix: str) -> Finding:
    """What a fact that is not there says where the reason may be one that another check tells already: `cause` is that one's fact."""
    return waits(fact, check) if isinstance(fact, Silent) and isinstance(cause, Silent) else untold(fact, fix)


def untold(fact: Silent | Unseen, fix: str) -> Finding:
    """What a fact that is not there says: unseen, or a failure to get an answer, which is never a pass."""
    return unseen(fact.where) if isinstance(fact, Unseen) else fail(fact.why, fix)


def exit_code(findings: Iterable[Reported]) -> int:
    """Return 1 where anything failed, else 0."""
    return 1 if any(each.status is Status.FAIL for each in findings) else 0
