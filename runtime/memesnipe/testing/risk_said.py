"""The risk guardian's decision as its tests put it: one message to a book under rules, and what came out, by its kind."""

from typing import Any

from memesnipe.bus.api import Entry, Output
from memesnipe.bus.topology import APPROVED, FILLS, KILL_SWITCH, REJECTED
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.control import HaltCommand
from memesnipe.messages.orders import ApprovedOrder, Intent, Rejection
from memesnipe.risk.book import Book, apply_fill
from memesnipe.risk.decide import decide
from memesnipe.risk.rules import Rules
from memesnipe.testing.builders import SOL, STRATEGY, a_halt
from memesnipe.testing.risk_cases import NOW_NS, moved

UNITS = 1_000_000


def seal(intent: Intent, mode: Mode, rules: Rules, now_ns: int) -> bytes:
    """Stand in for the risk key."""
    return b"sealed"


def say(book: Book, rules: Rules, message: Any, *, strategy: str = STRATEGY, now_ns: int = NOW_NS) -> tuple[Book, tuple[Output, ...]]:
    """Put a message to the book as if it came from a strategy's stream."""
    return decide(book, rules, Entry("stream", "1-0", message, strategy), now_ns, seal)


def pulled(state: HaltState, scope: str = "*") -> Entry:
    """Return a person's halt as the kill switch's stream has it."""
    return Entry(KILL_SWITCH.name, "1-0", a_halt(state, scope=scope))


def holding(units: int = UNITS, cost: int = SOL, mode: Mode = Mode.PAPER) -> Book:
    """Return a book in which the strategy holds a token, at what it cost (lamports)."""
    return apply_fill(Book(), STRATEGY, moved("bought", lamports=-cost, units=units, mode=mode))


def refusal(outputs: tuple[Output, ...]) -> ReasonCode:
    """Return why an intent was refused, having seen that everybody is told who must be."""
    rejections = [output.message for output in outputs]
    assert all(isinstance(message, Rejection) for message in rejections), outputs  # noqa: S101 - a part of tests
    assert [output.stream for output in outputs] == [REJECTED.name, FILLS.of(rejections[0].strategy)]  # noqa: S101 - as above
    reason: ReasonCode = rejections[0].reason
    return reason


def approved(outputs: tuple[Output, ...]) -> ApprovedOrder:
    """Return the one order that was approved."""
    (output,) = outputs
    assert isinstance(output.message, ApprovedOrder), output  # noqa: S101 - as above
    assert output.stream == APPROVED.name  # noqa: S101 - as above
    return output.message


def halts(outputs: tuple[Output, ...]) -> list[HaltCommand]:
    """Return the halts among what came out."""
    return [output.message for output in outputs if isinstance(output.message, HaltCommand)]
