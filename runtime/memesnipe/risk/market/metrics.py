"""Gauges of the market's limits. Labels are modes, groups of the policy and venues we know: all bounded."""

from prometheus_client import Gauge

from memesnipe.market.curves import GUESSED, WITH_RESERVES
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import RiskLimits
from memesnipe.risk.book import Book
from memesnipe.risk.market import clocks, exposure
from memesnipe.risk.market.memory import Memory
from memesnipe.risk.market.returns import expected_shortfall_lamports

FEED_AGE_S = Gauge("memesnipe_risk_feed_age_seconds", "Age of the newest price of all")
TOKENS = Gauge("memesnipe_risk_market_tokens", "Tokens whose last price is remembered")
CLOCK_TRIPPED = Gauge("memesnipe_risk_clock_breaker", "1 while events from the future stop buys")
VENUE_LAMPORTS = Gauge("memesnipe_risk_venue_committed_lamports", "Exposure and orders in flight by venue", ["mode", "venue"])
GROUP_LAMPORTS = Gauge("memesnipe_risk_group_committed_lamports", "The same by group of the policy", ["mode", "group"])
TOKEN_LAMPORTS = Gauge("memesnipe_risk_token_committed_lamports_max", "The same of the token with the most", ["mode"])
SHORTFALL_LAMPORTS = Gauge("memesnipe_risk_expected_shortfall_lamports", "Average of the worst 2.5% of the kept minutes", ["mode"])
LIMIT_LAMPORTS = Gauge("memesnipe_risk_limit_lamports", "Limits of exposure as they are held; 0: the portfolio's alone", ["limit"])
VENUES = (*sorted(WITH_RESERVES), GUESSED)


def show(book: Book, market: Memory, limits: RiskLimits, now_ns: int) -> None:
    """Set the gauges."""
    FEED_AGE_S.set(max(0, now_ns - market.feed.time_ns) / 1e9 if market.feed.time_ns else 0)
    TOKENS.set(len(market.tokens))
    CLOCK_TRIPPED.set(1 if clocks.reopens_ns(book.skew, now_ns) else 0)
    for name, lamports in _limits(limits):
        LIMIT_LAMPORTS.labels(name).set(lamports)
    for mode in Mode:
        _show(book, market, limits, mode)


def _limits(limits: RiskLimits) -> tuple[tuple[str, int], ...]:
    return (
        ("strategy", limits.strategy_exposure_lamports_max),
        ("token", limits.token_exposure_lamports_max),
        ("portfolio", limits.portfolio_exposure_lamports_max),
        ("venue", limits.market.venue_exposure_lamports_max),
        ("group", limits.market.group_exposure_lamports_max),
    )


def _show(book: Book, market: Memory, limits: RiskLimits, mode: Mode) -> None:
    committed = exposure.committed_by_mint(book.of(mode))
    for venue in VENUES:
        VENUE_LAMPORTS.labels(mode.value, venue).set(exposure.of_venue(venue, committed, market))
    for group in limits.market.token_groups:
        GROUP_LAMPORTS.labels(mode.value, group.name).set(sum(committed.get(mint, 0) for mint in group.mints))
    TOKEN_LAMPORTS.labels(mode.value).set(max(committed.values(), default=0))
    SHORTFALL_LAMPORTS.labels(mode.value).set(expected_shortfall_lamports(exposure.values_by_mint(book.of(mode)), market))
