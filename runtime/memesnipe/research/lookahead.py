"""Does a strategy know the future? Replay it on shorter and shorter histories: what it did then must be what it does in the whole.

A run that is shown only the first k events cannot use the rest. If its actions differ from those that the run on the whole history
made by event k, the later events changed the past. Short histories are run FIRST: code that remembers between runs what it once
saw would else take the future into the short runs and look honest.

It cannot see a future that is inside the events themselves (a candle stamped with its opening time, a token list made of survivors)
or that comes by another way than the events (a file, a clock): recordings carry the time at which each thing was known, and
strategies read nothing else.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np

from memesnipe.kernel.errors import BadInput

PREFIXES = 64
FINDINGS_MAX = 20
Event = TypeVar("Event")


class Action(NamedTuple):
    """What a strategy did at an event: `what` is anything that compares equal when the same was done."""

    at: int
    """Position of the event in the history that the run was given."""
    what: Hashable


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One prefix on which the past was another."""

    prefix: int
    """How many events the short run saw."""
    at: int
    """The first event at which the runs differ."""
    short: str
    whole: str

    def sentence(self) -> str:
        """Say it to a person."""
        return f"with the first {self.prefix} events it did {self.short} at event {self.at}, with all of them {self.whole}"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What the replay found. A strategy that never acted shows nothing: `actions` is 0, and the gate does not take that for clean."""

    prefixes: int
    actions: int
    findings: tuple[Finding, ...] = ()
    deterministic: bool = True

    @property
    def clean(self) -> bool:
        """Whether it acted, always in the same way, and never by the future."""
        return self.deterministic and not self.findings and self.actions > 0


Run = Callable[[Sequence[Event]], Sequence[Action]]
"""A FRESH run of the strategy on these events alone, from an empty state: what it did, in order."""


def replay(run: Run[Event], events: Sequence[Event], *, seed: int, prefixes: int = PREFIXES) -> Report:
    """Compare runs on `prefixes` shorter histories with the whole, and the whole with itself.

    Half of the prefixes are drawn by `seed`; the others end right at an event where the strategy acted. Raises BadInput on fewer than
    two events.
    """
    if len(events) < 2 or prefixes < 2:
        raise BadInput("events", "want at least two events and two prefixes to compare")
    drawn = _drawn(len(events), prefixes // 2, seed)
    short = {length: _checked(run, events[:length]) for length in drawn}
    whole = _checked(run, events)
    for length in _at_actions(whole, len(events), prefixes - len(short), seed):
        if length not in short:
            short[length] = _checked(run, events[:length])
    findings = [found for length in sorted(short) if (found := _compare(short[length], whole, length)) is not None]
    return Report(
        prefixes=len(short),
        actions=len(whole),
        findings=tuple(findings[:FINDINGS_MAX]),
        deterministic=_checked(run, events) == whole,
    )


def _drawn(events: int, number: int, seed: int) -> list[int]:
    draw = np.random.default_rng(seed)
    return sorted({int(length) for length in draw.choice(np.arange(1, events), size=min(number, events - 1), replace=False)})


def _at_actions(actions: Sequence[Action], events: int, number: int, seed: int) -> list[int]:
    """Return lengths that end with an event at which the strategy acted: there the future would have had to decide."""
    ends = sorted({action.at + 1 for action in actions if action.at + 1 < events})
    if len(ends) <= number:
        return ends
    draw = np.random.default_rng(seed + 1)
    return sorted(int(end) for end in draw.choice(ends, size=number, replace=False))


def _checked(run: Run[Event], events: Sequence[Event]) -> list[Action]:
    actions = list(run(events))
    if any(not 0 <= action.at < len(events) for action in actions):
        raise BadInput("actions", "an action at an event that the run was not given")
    return sorted(actions, key=lambda action: action.at)


def _compare(short: list[Action], whole: list[Action], length: int) -> Finding | None:
    did, does = _by_event(short), _by_event([action for action in whole if action.at < length])
    for at in sorted({*did, *does}):
        if did.get(at) != does.get(at):
            return Finding(prefix=length, at=at, short=_said(did.get(at, [])), whole=_said(does.get(at, [])))
    return None


def _by_event(actions: list[Action]) -> dict[int, list[Hashable]]:
    found: dict[int, list[Hashable]] = {}
    for action in actions:
        found.setdefault(action.at, []).append(action.what)
    return found


def _said(what: list[Hashable]) -> str:
    return ", ".join(map(repr, what))[:256] if what else "nothing"
