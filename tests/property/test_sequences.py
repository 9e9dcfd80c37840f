"""Allocator, risk_guardian and position_manager together over ten thousand courses of events; a bug planted in any of their rules is found.

`MEMESNIPE_EXAMPLES=10` runs ten times as many, others each time.
"""

import os
import random
from collections import Counter
from collections.abc import Callable
from types import ModuleType
from typing import Any

import msgspec
import pytest

from memesnipe.allocator import decide as allocating
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.orders import ExitCause
from memesnipe.positions import causes, exits
from memesnipe.positions import decide as position_manager
from memesnipe.positions.book import Book as PositionsBook
from memesnipe.risk import book as books
from memesnipe.risk import decide as risk_guardian
from memesnipe.risk.checks import EXIT_CHECKS, INTENT_CHECKS, no_drawdown
from memesnipe.risk.market.checks import MARKET_CHECKS
from memesnipe.testing.exploring import FACTOR
from memesnipe.testing.sequences.breakers import PORTFOLIO, STRATEGY, TOKEN
from memesnipe.testing.sequences.play import broken_within, play_many

SHARES, EACH = 4, 2_500
FACTOR_NOW = float(os.environ.get(FACTOR, "1"))
FIRST = random.SystemRandom().randrange(2**40) if FACTOR_NOW > 1 else 0
"""In CI the sequences are the same each time."""
ENOUGH = 250
"""Sequences within which a planted bug must show."""

REFUSALS = {
    f"risk_guardian/{reason}" for reason in (
        "bad_input", "unknown_strategy", "paused", "spec_mismatch", "frozen", "halted", "reduce_only", "clock_skew", "stale_event",
        "order_rate", "in_flight", "slippage_limit", "no_position", "drawdown", "trade_size", "no_allocation", "strategy_exposure",
        "token_exposure", "portfolio_exposure", "open_positions", "approval_invalid",
    )
}  # fmt: skip
EXITS = {f"exits/{cause}" for cause in ExitCause}
OTHERS = {"halts/drawdown", "allocator/equal_weight", "allocator/fixed_weight", "allocator/weights_refused"}
MUST_HAPPEN = REFUSALS | EXITS | OTHERS
BREAKERS = {f"risk_guardian/{reason}" for reason in PORTFOLIO | STRATEGY | TOKEN} - {"risk_guardian/order_loop"}
"""A strategy that loops is Halted before it is refused for it."""
MUST_HAPPEN |= BREAKERS


@pytest.mark.parametrize("share", range(SHARES))
def test_every_promise_holds_at_every_event_and_every_limit_was_met(share: int, record_property: Callable[[str, object], None]) -> None:
    count = max(1, round(EACH * FACTOR_NOW))
    first = FIRST + share * count

    told = play_many(range(first, first + count))

    record_property("sequences", dict(told))
    print(", ".join(f"{name} {number}" for name, number in sorted(told.items())))
    assert told["sequences"] == count
    assert not MUST_HAPPEN - told.keys(), "a run in which a rule never bound says nothing of it"


def without(check: Callable[..., Any]) -> dict[str, Any]:
    """The tables of checks without one of them."""
    return {
        "INTENT_CHECKS": tuple(one for one in INTENT_CHECKS if one is not check),
        "EXIT_CHECKS": tuple(one for one in EXIT_CHECKS if one is not check),
    }


UNDER_WAY = {*(check.__name__ for check in MARKET_CHECKS)}
CHECKS = [check for check in dict.fromkeys((*INTENT_CHECKS, *EXIT_CHECKS)) if check.__name__ not in UNDER_WAY]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_check_that_is_left_out_is_found(check: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, table in without(check).items():
        monkeypatch.setattr(risk_guardian, name, table)

    assert broken_within(range(ENOUGH)) or MUST_HAPPEN - seen(ENOUGH).keys()


def seen(count: int) -> Counter[str]:
    return play_many(range(count))


def keeps_no_trip(data: bytes) -> books.Book:
    """A breaker that a restart forgets."""
    book = DECODE(data)
    return msgspec.structs.replace(book, paper=msgspec.structs.replace(book.paper, tripped=False))


def any_resume(book: books.Book, rules: Any, command: Any) -> books.Book:
    """A machine's word taken for a person's."""
    return TAKE_HALT(book, rules, msgspec.structs.replace(command, by="me", state=HaltState.ACTIVE, scope="*"))


def forgets_the_exit(one: Any, reason: ReasonCode, now_ns: int) -> Any:
    """A refused exit that nobody asks for again, because it counts as under way."""
    return one


def silent_in_a_halt(self: causes.Rules, one: Any) -> bool:
    """Exits that stop in HALTED."""
    return self.halts(one.position.strategy) in (HaltState.ACTIVE, HaltState.REDUCE_ONLY)


def loud_when_frozen(self: causes.Rules, one: Any) -> bool:
    return True


def generous(config: Any) -> dict[str, int]:
    """More than the whole."""
    return {one.id: 6_000 for one in config.strategies}


def release_twice(book: books.Book, strategy: str, rejection: Any) -> books.Book:
    """A refusal that releases somebody's room."""
    account = msgspec.structs.replace(book.paper.account(strategy), reservations={}, reserved_lamports=0)
    return book.replace(Mode.PAPER, book.paper.with_account(strategy, account))


def no_memory(book: books.Book, strategy: str, intent_id: str) -> bool:
    return False


def books_twice(book: PositionsBook, booked: Any, rules: Any) -> Any:
    """A fill said again that is taken for a new one."""
    doubled = msgspec.structs.replace(booked.position, units=booked.position.units * 2)
    return ON_BOOKED(book, msgspec.structs.replace(booked, position=doubled), rules)


def without_cause(cause: Any) -> Any:
    return tuple(one for one in causes.CAUSES if one is not cause)


DECODE, TAKE_HALT, ON_BOOKED = books.decode, risk_guardian.take_halt, position_manager.on_booked
BUGS: dict[str, tuple[ModuleType | type, str, Any]] = {
    "an exit is refused for a drawdown": (risk_guardian, "EXIT_CHECKS", (*EXIT_CHECKS, no_drawdown)),
    "an approval takes no room": (books, "reserve", lambda book, *_: book),
    "an outcome gives no room back": (books, "_released", lambda account, _: account),
    "a fill costs nothing": (books, "apply_fill", lambda book, *_: book),
    "a refusal gives everybody's room back": (books, "apply_rejection", release_twice),
    "an intent is decided twice": (books, "was_decided", no_memory),
    "costs are not reserved": (risk_guardian, "room_of", lambda intent, limits: getattr(intent, "size_lamports", 0)),
    "no drawdown halts": (books.Portfolio, "drawdown_bps", lambda self, capital: 0),
    "a breaker does not survive a restart": (books, "decode", keeps_no_trip),
    "a machine reopens a breaker": (risk_guardian, "take_halt", any_resume),
    "nothing is sold at its stop": (exits, "CAUSES", without_cause(causes.stop)),
    "nothing is sold for its age": (exits, "CAUSES", without_cause(causes.time_stop)),
    "nothing is sold for a person": (exits, "CAUSES", without_cause(causes.person)),
    "nothing is sold for its token": (exits, "CAUSES", without_cause(causes.token_worse)),
    "a drained pool sells nothing": (exits, "CAUSES", without_cause(causes.liquidity)),
    "silence sells nothing": (exits, "CAUSES", without_cause(causes.stale)),
    "a refused exit is forgotten": (position_manager, "refused", forgets_the_exit),
    "exits stop in a halt": (causes.Rules, "may_exit", silent_in_a_halt),
    "exits go on when frozen": (causes.Rules, "may_exit", loud_when_frozen),
    "more than the whole is given": (allocating, "equal_weights", generous),
    "a fill is booked twice": (position_manager, "on_booked", books_twice),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_that_was_planted_is_found(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, name, wrong = BUGS[bug]
    monkeypatch.setattr(where, name, wrong)

    assert broken_within(range(ENOUGH)) or MUST_HAPPEN - seen(ENOUGH).keys()
