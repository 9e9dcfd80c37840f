"""A live share is for one spec and one code: what is unlike them buys nothing on it, and may always sell."""

import msgspec
import pytest

from memesnipe.bus.api import Entry
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import ApprovedOrder, OrderIntent, Rejection
from memesnipe.messages.promotion import PromotionTerms
from memesnipe.risk import book as books
from memesnipe.risk.book import Book
from memesnipe.risk.decide import decide
from memesnipe.risk.rules import Rules
from memesnipe.testing.builders import SOL, SPEC_HASH, a_config, a_strategy
from memesnipe.testing.risk_cases import NOW_NS, a_decision, moved, roomy, wish

UNITS = 1_000_000
CODE_HASH = "c0" * 32


def promoted(*, live_spec: str, live_code: str = CODE_HASH, registered: str = CODE_HASH, mode: Mode = Mode.LIVE) -> Rules:
    """Return rules under which promotion decides and the strategy is live, with a share for this spec's live trading; "" is for paper."""
    strategy = a_strategy(mode=mode, code_hash=registered)
    config = a_config(strategy, limits=roomy(), capital_lamports=100 * SOL, promotion=PromotionTerms())
    decision = a_decision()
    shares = tuple(msgspec.structs.replace(share, live_spec=live_spec, live_code=live_code) for share in decision.shares)
    return Rules().with_config(config).with_allocation(msgspec.structs.replace(decision, shares=shares))


def say(rules: Rules, intent: OrderIntent) -> Mode | ReasonCode:
    """Return the mode it is approved in by a book that holds UNITS, or the reason why not."""
    book = books.apply_fill(Book(), "momentum", moved("bought", lamports=-SOL, units=UNITS, mode=rules.mode_of("momentum")))
    _, outputs = decide(book, rules, Entry("stream", "1-0", intent, "momentum"), NOW_NS, lambda *_: b"sealed")
    told = outputs[0].message
    assert isinstance(told, ApprovedOrder | Rejection)
    return told.mode if isinstance(told, ApprovedOrder) else told.reason


def test_what_just_went_live_buys_nothing_on_its_share_for_paper() -> None:
    told = say(promoted(live_spec=""), wish())

    assert told is ReasonCode.NO_ALLOCATION


def test_what_just_went_live_may_sell_before_it_has_a_share() -> None:
    told = say(promoted(live_spec=""), wish(units=UNITS))

    assert told is Mode.LIVE


def test_what_another_spec_has_live_is_not_this_ones() -> None:
    told = say(promoted(live_spec="an0ther"), wish())

    assert told is ReasonCode.NO_ALLOCATION


@pytest.mark.parametrize("live_code", ["an0ther", ""], ids=["another", "unknown"])
def test_what_other_code_has_live_is_not_this_ones(live_code: str) -> None:
    told = say(promoted(live_spec=SPEC_HASH, live_code=live_code), wish())

    assert told is ReasonCode.NO_ALLOCATION


def test_with_a_share_for_live_it_buys() -> None:
    told = say(promoted(live_spec=SPEC_HASH), wish(code_hash=CODE_HASH))

    assert told is Mode.LIVE


def test_code_that_nobody_registered_yet_buys_nothing_on_the_share_of_the_code_before() -> None:
    told = say(promoted(live_spec=SPEC_HASH), wish(code_hash="an0ther"))

    assert told is ReasonCode.CODE_MISMATCH


def test_an_executor_that_does_not_name_its_code_buys_nothing_for_a_reason_that_older_releases_can_read() -> None:
    told = say(promoted(live_spec=SPEC_HASH), wish())

    assert told is ReasonCode.NO_ALLOCATION


def test_code_that_nobody_registered_yet_may_sell() -> None:
    told = say(promoted(live_spec=SPEC_HASH), wish(units=UNITS, code_hash="an0ther"))

    assert told is Mode.LIVE


@pytest.mark.parametrize("made_by", ["an0ther", ""], ids=["some", "none that is known"])
def test_a_share_for_code_that_is_not_known_is_the_first_step_and_any_code_may_have_it(made_by: str) -> None:
    told = say(promoted(live_spec=SPEC_HASH, live_code="", registered=""), wish(code_hash=made_by))

    assert told is Mode.LIVE


def test_on_paper_any_code_buys() -> None:
    told = say(promoted(live_spec="", mode=Mode.PAPER), wish(code_hash="an0ther"))

    assert told is Mode.PAPER


def test_where_promotion_is_not_asked_for_any_code_buys_live() -> None:
    rules = promoted(live_spec=SPEC_HASH)
    assert rules.config is not None

    told = say(rules.with_config(msgspec.structs.replace(rules.config, promotion=None)), wish(code_hash="an0ther"))

    assert told is Mode.LIVE
