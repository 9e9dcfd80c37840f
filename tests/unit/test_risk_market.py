"""Limits of market quality and concentration: each refuses the buy it is for, lets others pass, and never refuses a sale."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from memesnipe.kernel.clock import NS_PER_MS, NS_PER_S
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.market.curves import GUESSED
from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.control import MarketLimits, TokenGroup
from memesnipe.messages.market import DepthLevel, DepthQuote, PriceTick
from memesnipe.risk import book as books
from memesnipe.risk.book import Account, Book, Portfolio, Position, Reservation
from memesnipe.risk.case import Case, Finding
from memesnipe.risk.market import checks, clocks
from memesnipe.risk.market.clocks import Skew
from memesnipe.risk.market.memory import MINUTE_NS, TOKENS_MAX, Memory, restored
from memesnipe.risk.rules import Rules
from memesnipe.testing.builders import MINT, OTHER_MINT, SOL, START_NS, STRATEGY, a_fill, a_tick, an_intent, limits

NOW_NS = START_NS + 3_600 * NS_PER_S
ALL = MarketLimits(500, 100, SOL, SOL, 7_000, (TokenGroup("cats", (MINT, OTHER_MINT)),), 500, 60, 300, 3, 2_000)


def a_memory(*ticks: PriceTick) -> Memory:
    memory = Memory()
    for tick in ticks:
        memory.see(tick)
    return memory


def minutes(mint: str, moves: list[int], venue: str = "raydium") -> list[PriceTick]:
    """Return one price a minute, the last one now; moves are in thousandths of the first."""
    first_ns = NOW_NS - (len(moves) - 1) * MINUTE_NS
    return [
        a_tick(mint=mint, venue=venue, time_ns=first_ns + at * MINUTE_NS, quote_lamports=30 * SOL * move // 1_000, event_id=f"{mint}{at}")
        for at, move in enumerate(moves)
    ]


def asked(market: Memory, held: MarketLimits, account: Account = Account(), side: Side = Side.BUY, **others: Any) -> Case:  # noqa: B008 - frozen
    size: dict[str, Any] = {"size_lamports": SOL // 10, "size_units": 0} if side is Side.BUY else {"size_lamports": 0, "size_units": 1}
    intent = an_intent(mint=MINT, side=side, time_ns=NOW_NS, **size)
    buys = side is Side.BUY
    portfolio = Portfolio({STRATEGY: account, **others.pop("beside", {})})
    given = {"skew": Skew(), **others}
    return Case(
        intent, STRATEGY, Mode.PAPER, account, portfolio, Rules(), limits(market=held), 10 * SOL, NOW_NS, buys,
        SOL // 10 if buys else 0, market, given["skew"],
    )  # fmt: skip


def refused(finding: Finding | None) -> ReasonCode | None:
    return finding.reason if finding else None


NOW = a_tick(mint=MINT, venue="raydium", time_ns=NOW_NS)
CALM = minutes(MINT, [1_000 + at % 2 for at in range(30)])
OTHER_CALM = minutes(OTHER_MINT, [1_000 + (at // 2) % 2 for at in range(30)])


@pytest.mark.parametrize("check", checks.MARKET_CHECKS)
def test_a_sale_is_refused_by_none_of_them(check: Callable[[Case], Finding | None]) -> None:
    tripped = Skew(NOW_NS, 99, NOW_NS, tripped=True)

    assert check(asked(Memory(), ALL, side=Side.SELL, skew=tripped)) is None


@pytest.mark.parametrize("check", [one for one in checks.MARKET_CHECKS if one is not checks.not_from_ourselves])
def test_limits_of_a_control_that_knew_none_refuse_nothing(check: Callable[[Case], Finding | None]) -> None:
    assert check(asked(Memory(), MarketLimits())) is None


def test_a_buy_larger_than_its_share_of_the_pool_is_refused() -> None:
    exact = asked(a_memory(a_tick(mint=MINT, venue="raydium", time_ns=NOW_NS, quote_lamports=2 * SOL)), ALL)
    small = asked(a_memory(a_tick(mint=MINT, venue="raydium", time_ns=NOW_NS, quote_lamports=2 * SOL - 20)), ALL)

    assert refused(checks.pool_share(exact)) is None
    assert refused(checks.pool_share(small)) is ReasonCode.POOL_SHARE


def test_two_buys_in_flight_cannot_each_take_the_whole_share_of_a_pool() -> None:
    flying = Account(reservations={"other": Reservation(MINT, Side.BUY, 1, 0, NOW_NS)})
    case = asked(a_memory(a_tick(mint=MINT, venue="raydium", time_ns=NOW_NS, quote_lamports=2 * SOL)), ALL, beside={"other": flying})

    assert refused(checks.pool_share(case)) is ReasonCode.POOL_SHARE


def test_a_pool_of_which_nobody_knows_the_depth_is_not_bought_from_until_it_is_quoted() -> None:
    memory = a_memory(a_tick(mint=MINT, venue=GUESSED, time_ns=NOW_NS))

    unknown = checks.pool_share(asked(memory, ALL))
    memory.hear(DepthQuote("d", NOW_NS, 1, MINT, "jupiter", 1, 1, (DepthLevel(SOL, 1, 499), DepthLevel(2 * SOL, 1, 900))))

    assert refused(unknown) is ReasonCode.POOL_SHARE
    assert checks.pool_share(asked(memory, ALL)) is None
    memory.forget_depths()
    assert refused(checks.pool_share(asked(memory, ALL))) is ReasonCode.POOL_SHARE


@pytest.mark.parametrize(("age_s", "mint", "check"), [(61, MINT, checks.feed_fresh), (0, OTHER_MINT, checks.token_price_fresh)])
def test_stale_prices_refuse_a_buy_until_the_next_one(age_s: int, mint: str, check: Callable[[Case], Finding | None]) -> None:
    memory = a_memory(a_tick(mint=mint, time_ns=NOW_NS - age_s * NS_PER_S))

    stale = check(asked(memory, ALL))
    memory.see(NOW)

    assert refused(stale) is ReasonCode.STALE_FEED
    assert check(asked(memory, ALL)) is None


def test_more_events_from_the_future_than_allowed_stop_buys_until_a_minute_has_none() -> None:
    within = clocks.seen(Skew(), 3, 3, NOW_NS)
    over = clocks.seen(within, 1, 3, NOW_NS + NS_PER_S)
    again = clocks.seen(over, 1, 3, NOW_NS + 60 * NS_PER_S)

    assert clocks.reopens_ns(within, NOW_NS) == 0
    assert clocks.reopens_ns(again, NOW_NS + 119 * NS_PER_S) == NOW_NS + 120 * NS_PER_S
    assert clocks.reopens_ns(again, NOW_NS + 120 * NS_PER_S) == 0
    assert not clocks.seen(again, 1, 3, NOW_NS + 120 * NS_PER_S).tripped


def test_a_second_executors_buy_is_refused_within_the_window() -> None:
    intent = an_intent(mint=MINT)
    book = books.reserve(Book(), Mode.PAPER, STRATEGY, intent, SOL, 0, NOW_NS - 1_999 * NS_PER_MS)
    account = books.apply_fill(book, STRATEGY, a_fill(intent)).paper.account(STRATEGY)

    assert refused(checks.bought_once(asked(a_memory(NOW), ALL, account))) is ReasonCode.REPEATED_BUY
    older = msgspec.structs.replace(account, bought={MINT: NOW_NS - 2_000 * NS_PER_MS})
    assert checks.bought_once(asked(a_memory(NOW), ALL, older)) is None


def test_nothing_is_bought_from_another_strategy_of_ours() -> None:
    selling = Account(reservations={"sale": Reservation(MINT, Side.SELL, 0, 5, NOW_NS)})

    assert refused(checks.not_from_ourselves(asked(a_memory(NOW), ALL, beside={"other": selling}))) is ReasonCode.SELF_TRADE
    assert checks.not_from_ourselves(asked(a_memory(NOW), ALL, selling)) is None


def test_a_wild_token_and_one_of_which_too_little_is_known_are_not_bought() -> None:
    wild = minutes(MINT, [1_000 + 50 * (at % 2) for at in range(30)])

    assert checks.calm_enough(asked(a_memory(*CALM), ALL)) is None
    assert refused(checks.calm_enough(asked(a_memory(*wild), ALL))) is ReasonCode.VOLATILITY
    assert refused(checks.calm_enough(asked(a_memory(*CALM[:5]), ALL))) is ReasonCode.VOLATILITY


@pytest.mark.parametrize(("venue", "passes"), [("raydium", False), ("pumpfun", True), ("", False)])
def test_exposure_of_a_venue_counts_what_trades_there_and_what_trades_nobody_knows_where(venue: str, passes: bool) -> None:
    account = Account(positions={OTHER_MINT: Position(1, SOL, SOL)}, cost_lamports=SOL)
    other = [a_tick(mint=OTHER_MINT, venue=venue, time_ns=NOW_NS)] if venue else []

    found = checks.venue_exposure(asked(a_memory(*other, NOW), ALL, account))

    assert refused(found) is (None if passes else ReasonCode.VENUE_EXPOSURE)


@pytest.mark.parametrize(("groups", "ticks", "passes"), [
    (ALL.token_groups, [*CALM, *OTHER_CALM], False),
    ((), [*CALM, *OTHER_CALM], True),
    ((), [*CALM, *minutes(OTHER_MINT, [1_000 + at % 2 for at in range(30)])], False),
    ((), CALM, False),
])  # fmt: skip
def test_tokens_of_a_group_or_that_move_together_share_one_limit(groups: Any, ticks: list[PriceTick], passes: bool) -> None:
    account = Account(positions={OTHER_MINT: Position(1, SOL, SOL)}, cost_lamports=SOL)
    held = msgspec.structs.replace(ALL, token_groups=groups)

    found = checks.group_exposure(asked(a_memory(*sorted(ticks, key=lambda tick: tick.time_ns)), held, account))

    assert refused(found) is (None if passes else ReasonCode.GROUP_EXPOSURE)


def test_a_token_without_enough_minutes_counts_as_lost_whole_in_the_shortfall() -> None:
    account = Account(positions={OTHER_MINT: Position(1, SOL, SOL)}, cost_lamports=SOL, value_lamports=SOL)
    both = sorted([*CALM, *OTHER_CALM], key=lambda tick: tick.time_ns)

    assert checks.shortfall_bearable(asked(a_memory(*both), ALL, account)) is None
    assert refused(checks.shortfall_bearable(asked(a_memory(*CALM), ALL, account))) is ReasonCode.EXPECTED_SHORTFALL


def test_minutes_before_a_hole_in_the_feed_count_no_more() -> None:
    memory = a_memory(*CALM)

    memory.see(a_tick(mint=MINT, time_ns=NOW_NS + 3 * MINUTE_NS))

    assert memory.returns(MINT) is None


def test_the_memory_is_bounded_and_comes_back_as_it_was_stored() -> None:
    memory = a_memory(*(a_tick(mint=f"{at:032d}".replace("0", "A"), time_ns=NOW_NS) for at in range(TOKENS_MAX + 5)), *CALM)

    stored = {name: part for name, part in memory.changed_parts().items() if part}
    back = restored(stored)

    assert len(memory.tokens) == TOKENS_MAX
    assert list(back.tokens) == list(memory.tokens)
    assert back.returns(MINT) == memory.returns(MINT)
