"""Limits of market quality and of concentration, one function each, in the table's manner (`risk.checks`). Only buys are ever refused."""

from memesnipe.kernel.clock import NS_PER_MS, NS_PER_S
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.control import MarketLimits
from memesnipe.messages.orders import OrderIntent
from memesnipe.risk.case import Case, Check, Finding, within
from memesnipe.risk.market import clocks, exposure
from memesnipe.risk.market.memory import RETURNS_MIN, Token
from memesnipe.risk.market.returns import BPS, expected_shortfall_lamports, volatility_bps

QUOTE_AGE_NS_MAX = 60 * NS_PER_S
"""A quote of depth that is older says nothing of the pool of now."""


def clocks_agree(case: Case) -> Finding | None:
    """While events come from the future one of the clocks is wrong, and no age can be trusted."""
    limit, ends_ns = case.limits.market.skewed_events_max, clocks.reopens_ns(case.skew, case.now_ns)
    if not (limit and case.buys and ends_ns):
        return None
    left_s = -(-(ends_ns - case.now_ns) // NS_PER_S)
    detail = f"{case.skew.count} events from the future, limit {limit} a minute; ends in {left_s} s without one"
    return Finding(ReasonCode.CLOCK_BREAKER, detail)


def feed_fresh(case: Case) -> Finding | None:
    """A feed that stopped shows a market that stands still, the most dangerous one to buy in."""
    return _fresh(case, case.market.feed.time_ns, case.limits.market.feed_age_s_max, "any price", "the next price")


def token_price_fresh(case: Case) -> Finding | None:
    """An order in a token of which no price is known, or only an old one, is priced by its strategy alone."""
    token = case.market.tokens.get(case.intent.mint)
    return _fresh(case, token.time_ns if token else 0, case.limits.market.token_price_age_s_max, "a price of this token", "its next")


def bought_once(case: Case) -> Finding | None:
    """Two executors of one Strategy ask twice, under two ids, and each believes that it holds nothing yet."""
    window_ms = case.limits.market.duplicate_window_ms
    if not (window_ms and case.buys):
        return None
    since_ms = (case.now_ns - case.account.bought.get(case.intent.mint, 0)) // NS_PER_MS
    if not (since_ms >= window_ms):
        ends = f"ends in {window_ms - since_ms} ms"
        return Finding(ReasonCode.REPEATED_BUY, f"{case.strategy} bought it {since_ms} ms ago, limit {window_ms}; {ends}")
    return None


def not_from_ourselves(case: Case) -> Finding | None:
    """A buy while another of our strategies sells pays fees twice to take over our own loss, and looks like a wash trade."""
    if not case.buys:
        return None
    seller = exposure.seller_beside(case.strategy, case.intent.mint, case.portfolio)
    return Finding(ReasonCode.SELF_TRADE, f"{seller} is selling it; ends when that sale has an outcome") if seller else None


def pool_share(case: Case) -> Finding | None:
    """What is a large part of a pool moves its price against us on the way in, and again on the way out."""
    limit_bps = case.limits.market.pool_share_bps_max
    if not (limit_bps and case.buys and isinstance(case.intent, OrderIntent)):
        return None
    mint, token = case.intent.mint, case.market.tokens.get(case.intent.mint)
    size = case.intent.size_lamports + exposure.being_bought(mint, case.portfolio)
    most = most_lamports(token, limit_bps, case.now_ns) if token else None
    if most is None:
        return Finding(ReasonCode.POOL_SHARE, "nobody states the pool's reserves or quotes its depth; ends when one does")
    if not (size <= most):
        return Finding(ReasonCode.POOL_SHARE, f"{size} lamports with buys in flight, limit {most}: {limit_bps} bps of the pool")
    return None


def most_lamports(token: Token, limit_bps: int, now_ns: int) -> int | None:
    """Return the largest buy within a share of the pool (lamports); None where its depth is not known.

    Where no reserves are stated it is the largest quoted buy that loses no more than the share by its impact: in a pool of constant
    product a buy of a share x of the reserve loses about x.
    """
    if token.reserve_lamports:
        return token.reserve_lamports * limit_bps // BPS
    if not token.levels or not (now_ns - token.quoted_ns <= QUOTE_AGE_NS_MAX):
        return None
    return max((size for size, impact_bps in token.levels if impact_bps <= limit_bps), default=0)


def calm_enough(case: Case) -> Finding | None:
    """The wilder the price, the further from its stop a position is sold."""
    limit = case.limits.market.volatility_bps_max
    if not (limit and case.buys):
        return None
    returns = case.market.returns(case.intent.mint)
    if returns is None:
        return Finding(ReasonCode.VOLATILITY, f"fewer than {RETURNS_MIN} minutes of it are known; ends when they are")
    found = volatility_bps(returns)
    if not (found <= limit):
        return Finding(ReasonCode.VOLATILITY, f"{found:.0f} bps a minute, limit {limit}; ends when it calmed down")
    return None


def venue_exposure(case: Case) -> Finding | None:
    """A venue that is drained or stops takes all of its tokens along."""
    limit = case.limits.market.venue_exposure_lamports_max
    if not (limit and case.buys):
        return None
    committed, venue = exposure.committed_by_mint(case.portfolio), exposure.venue_of(case.intent.mint, case.market)
    beside = exposure.of_venue(venue, committed, case.market) if venue else sum(committed.values())
    return within(case, beside, limit, ReasonCode.VENUE_EXPOSURE, f" on {venue or 'an unknown venue'}")


def group_exposure(case: Case) -> Finding | None:
    """Tokens that fall together are one position, whatever they are called."""
    limit = case.limits.market.group_exposure_lamports_max
    if not (limit and case.buys):
        return None
    committed = exposure.committed_by_mint(case.portfolio)
    for name, beside in exposure.groups_of(case.intent.mint, committed, case.market, case.limits.market):
        if finding := within(case, beside, limit, ReasonCode.GROUP_EXPOSURE, f" in {name}"):
            return finding
    return None


def shortfall_bearable(case: Case) -> Finding | None:
    """What the worst minutes of the last hour would cost with this order in the book."""
    limit_bps = case.limits.market.expected_shortfall_bps_max
    if not (limit_bps and case.buys):
        return None
    values, mint = exposure.values_by_mint(case.portfolio), case.intent.mint
    found = expected_shortfall_lamports({**values, mint: values.get(mint, 0) + case.room_lamports}, case.market)
    limit = case.capital_lamports * limit_bps // BPS
    if not (found <= limit):
        return Finding(ReasonCode.EXPECTED_SHORTFALL, f"{found:.0f} lamports with this order, limit {limit}, {limit_bps} bps of capital")
    return None


def asks_for_minutes(limits: MarketLimits) -> bool:
    """Return whether a limit is in force that needs to know how tokens moved."""
    return bool(limits.volatility_bps_max or limits.group_exposure_lamports_max or limits.expected_shortfall_bps_max)


MARKET_CHECKS: tuple[Check, ...] = (
    clocks_agree,
    feed_fresh,
    token_price_fresh,
    bought_once,
    not_from_ourselves,
    pool_share,
    calm_enough,
    venue_exposure,
    group_exposure,
    shortfall_bearable,
)
"""In the order they run: the cheapest first, and what is known first before what is worked out of it."""


def _fresh(case: Case, last_ns: int, limit_s: int, what: str, ends_with: str) -> Finding | None:
    age_ns = case.now_ns - last_ns
    if limit_s and case.buys and not (age_ns <= limit_s * NS_PER_S):
        since = f"{age_ns // NS_PER_S} s without" if last_ns else "never had"
        return Finding(ReasonCode.STALE_FEED, f"{since} {what}, limit {limit_s} s; ends with {ends_with}")
    return None
