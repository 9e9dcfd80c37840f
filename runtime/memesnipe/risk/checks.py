"""One function per limit, and the table of them in the order they run. A check can only refuse; none can approve.

Comparisons are written `not (x <= limit)`, so that a value which compares with nothing is refused.
"""

from memesnipe.kernel.clock import NS_PER_MS
from memesnipe.kernel.ids import derive
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import HaltState, Mode, Side
from memesnipe.messages.control import RiskLimits
from memesnipe.messages.orders import ExitIntent, Intent, OrderIntent
from memesnipe.risk.breakers.refusal import against
from memesnipe.risk.case import Case, Check, Finding, within
from memesnipe.risk.market.checks import MARKET_CHECKS

BASE_FEE_LAMPORTS = 5_000
"""Solana's fee per signature."""
TOKEN_ACCOUNT_RENT_LAMPORTS = 2_039_280
"""Rent-exempt minimum of a 165-byte token account."""


def room_of(intent: Intent, limits: RiskLimits) -> int:
    """Return the most a buy may take: its size, fee and tip at their limits, rent of its token account and of wrapped SOL.

    Without the costs a fill could take more than was reserved, and the next order would see room that is gone.
    """
    if not (isinstance(intent, OrderIntent) and intent.side is Side.BUY):
        return 0
    costs = BASE_FEE_LAMPORTS + limits.priority_fee_lamports_max + limits.tip_lamports_max + 2 * TOKEN_ACCOUNT_RENT_LAMPORTS
    return intent.size_lamports + costs


def genuine(intent: Intent, strategy: str) -> bool:
    """Return whether an intent belongs to the strategy whose stream it came on; its id proves it, because the id holds the strategy."""
    if intent.strategy != strategy:
        return False
    return isinstance(intent, ExitIntent) or intent.id == derive("intent", strategy, intent.spec_hash, intent.event_id, intent.sequence)


def belongs(case: Case) -> Finding | None:
    """A message that claims another strategy, or an id that is not its own, could end or pre-empt another's order."""
    if not genuine(case.intent, case.strategy):
        return Finding(ReasonCode.BAD_INPUT, f"strategy: this intent is not of {case.strategy}, whose stream it came on")
    return None


def one_size(case: Case) -> Finding | None:
    """A buy is sized in lamports and a sell in token units; both or neither is no order."""
    intent = case.intent
    if isinstance(intent, ExitIntent):
        return None
    wanted, other = (intent.size_lamports, intent.size_units) if case.buys else (intent.size_units, intent.size_lamports)
    if not (wanted > 0 and other == 0):
        return Finding(ReasonCode.BAD_INPUT, "size: a buy is in lamports, a sell in units")
    return None


def strategy_known(case: Case) -> Finding | None:
    """Only an applied Strategy that is not paused may ask."""
    applied = case.rules.strategies.get(case.strategy)
    if applied is None:
        return Finding(ReasonCode.UNKNOWN_STRATEGY, f"{case.strategy} is not applied")
    return Finding(ReasonCode.PAUSED, f"{case.strategy} is paused") if applied.paused else None


def spec_applied(case: Case) -> Finding | None:
    """The intent must come from the spec in force: an old pod must not trade on parameters a person took back."""
    applied = case.rules.strategies[case.strategy].spec_hash
    if isinstance(case.intent, OrderIntent) and case.intent.spec_hash != applied:
        return Finding(ReasonCode.SPEC_MISMATCH, f"intent of spec {case.intent.spec_hash[:16]}, in force is {applied[:16]}")
    return None


def not_halted(case: Case) -> Finding | None:
    """REDUCE_ONLY lets a strategy sell; HALTED and FROZEN silence it."""
    state = case.rules.halt(case.strategy)
    if state is HaltState.FROZEN:
        return Finding(ReasonCode.FROZEN, "nothing is signed")
    if state is HaltState.HALTED:
        return Finding(ReasonCode.HALTED, "strategies are silent")
    if state is HaltState.REDUCE_ONLY and case.buys:
        return Finding(ReasonCode.REDUCE_ONLY, "a buy adds risk")
    return None


def not_frozen(case: Case) -> Finding | None:
    """The only halt that stops an exit: for a stolen key, when the fewest signatures are the safest."""
    frozen = case.rules.halt(case.strategy) is HaltState.FROZEN
    return Finding(ReasonCode.FROZEN, "nothing is signed") if frozen else None


def event_from_the_past(case: Case) -> Finding | None:
    """An event from the future means a wrong clock, and then no age can be trusted."""
    ahead_ns = case.intent.time_ns - case.now_ns
    if not (ahead_ns <= case.limits.clock_skew_ms_max * NS_PER_MS):
        return Finding(ReasonCode.CLOCK_SKEW, f"{ahead_ns // NS_PER_MS} ms ahead, limit {case.limits.clock_skew_ms_max}")
    return None


def event_fresh(case: Case) -> Finding | None:
    """An idea older than the limit was about a market that is gone."""
    age_ns = case.now_ns - case.intent.time_ns
    if not (age_ns <= case.limits.event_age_ms_max * NS_PER_MS):
        return Finding(ReasonCode.STALE_EVENT, f"{age_ns // NS_PER_MS} ms old, limit {case.limits.event_age_ms_max}")
    return None


def order_rate(case: Case) -> Finding | None:
    """A looping strategy pays fees on every turn; it is stopped before fees become the loss."""
    count = case.account.orders_last_minute(case.now_ns) + 1
    if not (count <= case.limits.orders_per_minute_max):
        return Finding(ReasonCode.ORDER_RATE, f"{count} in a minute, limit {case.limits.orders_per_minute_max}")
    return None


def nothing_in_flight(case: Case) -> Finding | None:
    """One order at a time for a strategy and token: the second was decided without knowing how the first ended."""
    mint = case.intent.mint
    if case.account.awaits(mint):
        return Finding(ReasonCode.IN_FLIGHT, f"{mint} has an order without an outcome")
    return None


def slippage(case: Case) -> Finding | None:
    """Slippage is what a sandwich may take."""
    asked = case.intent.slippage_bps_max
    if not (asked <= case.limits.slippage_bps_max):
        return Finding(ReasonCode.SLIPPAGE_LIMIT, f"{asked} bps, limit {case.limits.slippage_bps_max}")
    return None


def holds_units(case: Case) -> Finding | None:
    """A sell needs the tokens, and nobody else may be selling the same ones."""
    if case.buys:
        return None
    free = case.account.sellable_units(case.intent.mint)
    if not (case.intent.size_units <= free):
        return Finding(ReasonCode.NO_POSITION, f"{case.intent.size_units} units asked, {free} held and not being sold")
    return None


def no_drawdown(case: Case) -> Finding | None:
    """Past the drawdown limit no risk is added until a person resumes; the halt itself may still be on its way."""
    if not case.buys:
        return None
    drawdown = case.portfolio.drawdown_bps(case.capital_lamports)
    if case.portfolio.tripped or not (drawdown <= case.limits.drawdown_bps_max):
        return Finding(ReasonCode.DRAWDOWN, f"{drawdown} bps below the peak, limit {case.limits.drawdown_bps_max}")
    return None


def no_breaker(case: Case) -> Finding | None:
    """Where a breaker stands nothing is bought until it ends; what is held may be sold at any time."""
    limits = case.limits.breakers
    if limits is None or not case.buys:
        return None
    found = against(case.portfolio.breakers, case.account.breakers, case.intent.mint, limits, case.now_ns)
    return Finding(*found) if found else None


def trade_size(case: Case) -> Finding | None:
    """No single order may be larger than the policy says (lamports, before fees)."""
    if not isinstance(case.intent, OrderIntent):
        return None
    size = case.intent.size_lamports
    if not (size <= case.limits.trade_size_lamports_max):
        return Finding(ReasonCode.TRADE_SIZE, f"{size} lamports, limit {case.limits.trade_size_lamports_max}")
    return None


def capital_allocated(case: Case) -> Finding | None:
    """A strategy without capital from the allocator buys nothing, and one that just went live has none for that yet.

    Control makes a strategy live by itself; until the allocator has decided on it the newest share is the one for paper, without the cap
    of a canary. How long that lasts is up to the allocator, which may be down.
    """
    if not case.buys:
        return None
    if not (case.rules.capital.get(case.strategy, 0) > 0):
        return Finding(ReasonCode.NO_ALLOCATION, f"{case.strategy} has no capital")
    promoted = case.rules.config is not None and case.rules.config.promotion is not None
    return _on_anothers_share(case) if promoted and case.mode is Mode.LIVE else None


def _on_anothers_share(case: Case) -> Finding | None:
    """A live share, a canary's cap included, is for one spec and one code.

    An executor is the first to run new code: until strategy_factory has looked, control and the allocator speak of the code before. So the
    intent says itself which code made it. A share for code that is not known is the first step; there is no smaller one to hold code to.
    """
    runs = case.rules.strategies[case.strategy]
    if case.rules.live_runs.get(case.strategy) != (runs.spec_hash, runs.code_hash):
        return Finding(ReasonCode.NO_ALLOCATION, f"the allocator has not decided yet what {case.strategy} gets live")
    made_by = case.intent.code_hash if isinstance(case.intent, OrderIntent) else ""
    if not runs.code_hash or made_by == runs.code_hash:
        return None
    if not made_by:  # an older release's executor could not read a newer reason, and would wait for this order's end for good
        return Finding(ReasonCode.NO_ALLOCATION, "no live share is for code that its executor does not name: start it anew, read its log")
    return Finding(ReasonCode.CODE_MISMATCH, f"intent of code {made_by[:16]}, the live share is for code {runs.code_hash[:16]}")


def strategy_exposure(case: Case) -> Finding | None:
    """The smaller of capital and limit; counts orders in flight: two of them must not each see the other's room."""
    limit = min(case.rules.capital.get(case.strategy, 0), case.limits.strategy_exposure_lamports_max)
    return within(case, case.account.committed_lamports, limit, ReasonCode.STRATEGY_EXPOSURE)


def token_exposure(case: Case) -> Finding | None:
    """One token may go to zero in one block, in all strategies at once."""
    committed = case.portfolio.committed_to(case.intent.mint)
    return within(case, committed, case.limits.token_exposure_lamports_max, ReasonCode.TOKEN_EXPOSURE)


def portfolio_exposure(case: Case) -> Finding | None:
    """What may be lost if every token goes to zero."""
    return within(case, case.portfolio.committed_lamports, case.limits.portfolio_exposure_lamports_max, ReasonCode.PORTFOLIO_EXPOSURE)


def open_positions(case: Case) -> Finding | None:
    """Buying more of what the strategy holds opens nothing; anything else counts, orders in flight too."""
    if not case.buys or case.portfolio.open_positions_at_most() < case.limits.open_positions_max:
        return None  # room even if every order in flight opened one: counting them is for when it is close
    if case.account.is_open(case.intent.mint):
        return None
    count = case.portfolio.open_positions() + 1
    if not (count <= case.limits.open_positions_max):
        return Finding(ReasonCode.OPEN_POSITIONS, f"{count} positions, limit {case.limits.open_positions_max}")
    return None


INTENT_CHECKS: tuple[Check, ...] = (
    belongs,
    one_size,
    strategy_known,
    spec_applied,
    not_halted,
    event_from_the_past,
    event_fresh,
    order_rate,
    nothing_in_flight,
    slippage,
    holds_units,
    no_drawdown,
    no_breaker,
    trade_size,
    capital_allocated,
    strategy_exposure,
    token_exposure,
    portfolio_exposure,
    open_positions,
    *MARKET_CHECKS,
)
"""For what a strategy wants."""

EXIT_CHECKS: tuple[Check, ...] = (belongs, not_frozen, holds_units)
"""For protective exits and a person's close: never refused for drawdown, rate, age or exposure, or a position would be trapped."""


def first_finding(checks: tuple[Check, ...], case: Case) -> Finding | None:
    """Return what the first failing check found; None when all hold."""
    for check in checks:
        if finding := check(case):
            return finding
    return None
