"""Breakers in the book: which states a fill, a price, a refusal or a person's resume changes. Pure; the book stays the one value."""

from collections.abc import Iterator

import msgspec

from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import PORTFOLIO, BreakerLimits
from memesnipe.messages.orders import Fill
from memesnipe.risk.book import NOTHING, Account, Book, Portfolio
from memesnipe.risk.breakers import falls, trades
from memesnipe.risk.breakers.state import NEVER_NS, Mark, Pause, PortfolioState, StrategyState, bounded
from memesnipe.risk.rules import Rules


class Trip(msgspec.Struct, frozen=True):
    """A breaker that tripped between two books."""

    mode: Mode
    scope: str
    """PORTFOLIO or a strategy id."""
    reason: str
    pause: Pause


def limits_of(rules: Rules) -> BreakerLimits | None:
    """Return what breakers are held to; None where nothing is applied yet, or by a control that knew none."""
    return rules.config.limits.breakers if rules.config else None


def filled(before: Book, book: Book, strategy: str, fill: Fill, rules: Rules, now_ns: int) -> Book:
    """Return the book with a fill, which it just took in, counted to its trade; and with what a closed trade trips."""
    limits, portfolio = limits_of(rules), book.of(fill.mode)
    was, now = before.of(fill.mode).account(strategy), portfolio.account(strategy)
    if limits is None or now is was:
        return book
    state = trades.tallied(now.breakers, fill, was.positions.get(fill.mint, NOTHING).cost_lamports)
    if fill.mint not in now.positions and fill.mint in was.positions:
        taken = was.reservations.get(fill.intent_id)
        state = trades.closed(state, fill.mint, taken is not None and taken.stop, now_ns)
        state = trades.judged(state, rules.capital.get(strategy, 0), limits, now_ns)
        return book.replace(fill.mode, _portfolio_judged(_with_state(portfolio, strategy, state), state, limits, now_ns))
    if fill.mint not in now.positions:
        return book  # a failed attempt to open one, or a sale of what the book never held: no trade
    return book.replace(fill.mode, _with_state(portfolio, strategy, state))


def looked(before: Book, book: Book, rules: Rules, now_ns: int) -> Book:
    """Return the book with the highest profits moved, and with what a fall from them trips. `before`: before prices and fills moved it."""
    limits = limits_of(rules)
    if limits is None:
        return book
    for mode in Mode:
        was, now = before.of(mode), book.of(mode)
        if now is not was:
            book = book.replace(mode, _looked(was, now, rules, limits, now_ns))
    return book


def refused_for_rate(book: Book, mode: Mode, strategy: str, rules: Rules, now_ns: int) -> Book:
    """Return the book with one more order of a strategy that came too fast."""
    limits, portfolio = limits_of(rules), book.of(mode)
    if limits is None:
        return book
    state = trades.breached(portfolio.account(strategy).breakers, limits, now_ns)
    return book.replace(mode, _with_state(portfolio, strategy, state))


def resumed(book: Book, scope: str) -> Book:
    """Return the book after a person resumed a strategy, or everyone: its pauses end, and what tripped them is counted anew.

    A high-water mark alone starts anew only where a pause stood: a resume after something else forgives no fall.
    """
    for mode in Mode:
        portfolio = book.of(mode)
        names = portfolio.accounts if scope == PORTFOLIO else {scope} & portfolio.accounts.keys()
        accounts = {name: _account_resumed(portfolio.accounts[name]) for name in names}
        state = _portfolio_resumed(portfolio) if scope == PORTFOLIO else portfolio.breakers
        if accounts or state is not portfolio.breakers:
            now = msgspec.structs.replace(portfolio, accounts={**portfolio.accounts, **accounts}, breakers=state)
            book = book.replace(mode, now)
    return book


def tripped(before: Book, book: Book) -> Iterator[Trip]:
    """Yield what tripped between two books."""
    for mode in Mode:
        was, now = before.of(mode), book.of(mode)
        yield from _newer(mode, PORTFOLIO, was.breakers.pauses, now.breakers.pauses)
        for name, account in now.accounts.items():
            if account is not was.accounts.get(name):
                yield from _newer(mode, name, was.account(name).breakers.pauses, account.breakers.pauses)


def halting(before: Book, book: Book, rules: Rules) -> Iterator[Trip]:
    """Yield the trips that only a person ends, of strategies that trade in that mode: a loss on paper must not stop what is live."""
    for trip in tripped(before, book):
        if trip.pause.until_ns == NEVER_NS and rules.mode_of(trip.scope) is trip.mode:
            yield trip


def _looked(was: Portfolio, now: Portfolio, rules: Rules, limits: BreakerLimits, now_ns: int) -> Portfolio:
    capital = rules.config.capital_lamports if rules.config else 0
    changed = dict[str, Account]()
    for name, account in now.accounts.items():
        if account is was.accounts.get(name):
            continue
        before = was.account(name).pnl_lamports
        state = falls.strategy_looked(account.breakers, before, account.pnl_lamports, rules.capital.get(name, 0), limits, now_ns)
        if state is not account.breakers:
            changed[name] = msgspec.structs.replace(account, breakers=state)
    together = falls.portfolio_looked(now.breakers, was.pnl_lamports, now.pnl_lamports, capital, limits, now_ns)
    if not changed and together is now.breakers:
        return now
    return msgspec.structs.replace(now, accounts={**now.accounts, **changed}, breakers=together)


def _with_state(portfolio: Portfolio, strategy: str, state: StrategyState) -> Portfolio:
    account = msgspec.structs.replace(portfolio.account(strategy), breakers=state)
    return msgspec.structs.replace(portfolio, accounts={**portfolio.accounts, strategy: account})


def _portfolio_judged(portfolio: Portfolio, last: StrategyState, limits: BreakerLimits, now_ns: int) -> Portfolio:
    """Return the portfolio with what a closed trade trips for everyone."""
    state = portfolio.breakers
    everyone = (trade for account in portfolio.accounts.values() for trade in account.breakers.closed)
    pauses = trades.portfolio_stops(state.pauses, everyone, last.closed[-1], limits, now_ns)
    if pauses is state.pauses:
        return portfolio
    return msgspec.structs.replace(portfolio, breakers=PortfolioState(state.day, state.week, pauses))


def _account_resumed(account: Account) -> Account:
    state, profit = account.breakers, bounded(account.pnl_lamports)
    marks = (state.top, state.day, state.week)
    if state.pauses:
        marks = (Mark(profit), Mark(profit, 0, state.day.period), Mark(profit, 0, state.week.period))
    return msgspec.structs.replace(account, breakers=StrategyState(*marks, open=state.open))


def _portfolio_resumed(portfolio: Portfolio) -> PortfolioState:
    state, profit = portfolio.breakers, bounded(portfolio.pnl_lamports)
    if not state.pauses:
        return state
    return PortfolioState(Mark(profit, 0, state.day.period), Mark(profit, 0, state.week.period))


def _newer(mode: Mode, scope: str, was: dict[str, Pause], now: dict[str, Pause]) -> Iterator[Trip]:
    if now is was:
        return
    for reason, pause in now.items():
        if reason not in was or was[reason].since_ns != pause.since_ns:
            yield Trip(mode, scope, reason, pause)
