"""What the risk guardian believes: positions, reservations and equity, one portfolio for paper and one for live.

Paper and live never share a book: paper gains would hide live losses, and a paper position cannot back a live sell.
Every value is frozen; each function returns the next one. The whole book is one msgpack value (`encode`/`decode`).
"""

from collections.abc import Mapping

import msgspec

from memesnipe.bus.stored import stored
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.messages.bounds import AMOUNT_MAX, Mode, Side
from memesnipe.messages.codec import encode as pack
from memesnipe.messages.control import HeldAccount, Holdings
from memesnipe.messages.market import PriceTick
from memesnipe.messages.orders import ExitCause, ExitIntent, Fill, FillStatus, Intent, Rejection
from memesnipe.risk.breakers.falls import fall_bps
from memesnipe.risk.breakers.state import Mark, PortfolioState, StrategyState, bounded
from memesnipe.risk.market.clocks import Skew

RECENT_MAX = 64
"""Decided and settled ids remembered for each strategy; the bus's own fence remembers longer, this is the second lock."""
RATE_WINDOW_S = 60
CALM = frozenset({ExitCause.TAKE_PROFIT, ExitCause.TIME_STOP, ExitCause.PERSON, ExitCause.LADDER})
"""Exits that say nothing against the market; of all others a stop guard counts those that lose."""


class Position(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Units held, what they cost with all fees, and what the last price says they are worth (lamports)."""

    units: int
    cost_lamports: int
    value_lamports: int
    marked_ns: int = 0


NOTHING = Position(0, 0, 0)


class Reservation(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Room taken by an approved order: lamports on a buy (costs included), units on a sell."""

    mint: str
    side: Side
    lamports: int
    units: int
    time_ns: int
    stop: bool = False
    """An exit that cuts a loss: what a stop guard counts."""


class Account(msgspec.Struct, frozen=True, array_like=True):
    """One strategy's sub-book. The three totals are kept beside the parts so that a check costs no walk over them."""

    positions: dict[str, Position] = {}
    reservations: dict[str, Reservation] = {}
    cost_lamports: int = 0
    value_lamports: int = 0
    reserved_lamports: int = 0
    realized_lamports: int = 0
    orders_by_second: dict[int, int] = {}
    """Approvals of the last minute, by second."""
    decided: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()
    breakers: StrategyState = StrategyState()
    bought: dict[str, int] = {}
    """When the last buy of a token that came to a fill was approved (ns), oldest first."""

    @property
    def pnl_lamports(self) -> int:
        """Realized and unrealized, net of everything paid."""
        return self.realized_lamports + self.value_lamports - self.cost_lamports

    @property
    def committed_lamports(self) -> int:
        """Exposure and reservations together: what a limit is compared with."""
        return self.cost_lamports + self.reserved_lamports

    def committed_to(self, mint: str) -> int:
        """Return exposure and reservations in one token (lamports)."""
        held = self.positions.get(mint)
        reserved = sum([r.lamports for r in self.reservations.values() if r.mint == mint])
        return reserved + (held.cost_lamports if held else 0)

    def sellable_units(self, mint: str) -> int:
        """Return units held that no order in flight is selling."""
        held = self.positions.get(mint)
        return (held.units if held else 0) - sum([r.units for r in self.reservations.values() if r.mint == mint])

    def awaits(self, mint: str) -> bool:
        """Return whether an order for a token has no outcome yet."""
        return mint in [r.mint for r in self.reservations.values()]

    def is_open(self, mint: str) -> bool:
        """Return whether a token is held or being bought."""
        return mint in self.positions or mint in [r.mint for r in self.reservations.values() if r.side is Side.BUY]

    def open_positions(self) -> int:
        """Return how many tokens are held or being bought."""
        return len(self.positions) + len(
            {r.mint for r in self.reservations.values() if r.side is Side.BUY and r.mint not in self.positions}
        )

    def orders_last_minute(self, now_ns: int) -> int:
        """Return how many orders were approved in the last minute; at most a second too many is counted, never too few."""
        oldest = now_ns // NS_PER_S - RATE_WINDOW_S
        return sum([count for second, count in self.orders_by_second.items() if second >= oldest])


EMPTY_ACCOUNT = Account()


class Portfolio(msgspec.Struct, frozen=True, array_like=True):
    """All accounts of one mode, and the high-water mark of their profit and loss."""

    accounts: dict[str, Account] = {}
    peak_pnl_lamports: int = 0
    """Kept as PnL, not equity, so that adding or taking out capital is neither a peak nor a drawdown."""
    trips: int = 0
    tripped: bool = False
    """A drawdown halt was ordered and no person has resumed since."""
    breakers: PortfolioState = PortfolioState()

    def account(self, strategy: str) -> Account:
        """Return a strategy's account; an empty one when it has none."""
        return self.accounts.get(strategy, EMPTY_ACCOUNT)

    def with_account(self, strategy: str, account: Account) -> "Portfolio":
        """Return this portfolio with one account replaced and the high-water mark moved."""
        return self.with_accounts({**self.accounts, strategy: account})

    def with_accounts(self, accounts: dict[str, Account]) -> "Portfolio":
        """Return this portfolio with its accounts replaced and the high-water mark moved."""
        peak = max(self.peak_pnl_lamports, bounded(sum(a.pnl_lamports for a in accounts.values())))
        return Portfolio(accounts, peak, self.trips, self.tripped, self.breakers)

    @property
    def pnl_lamports(self) -> int:
        """Profit and loss of all accounts, realized and unrealized."""
        return sum(account.pnl_lamports for account in self.accounts.values())

    @property
    def committed_lamports(self) -> int:
        """Exposure and reservations of all accounts."""
        return sum(account.committed_lamports for account in self.accounts.values())

    def committed_to(self, mint: str) -> int:
        """Return exposure and reservations of all accounts in one token (lamports)."""
        return sum(account.committed_to(mint) for account in self.accounts.values())

    def open_positions(self) -> int:
        """Return how many positions are open or being opened; two strategies in one token are two."""
        return sum(account.open_positions() for account in self.accounts.values())

    def open_positions_at_most(self) -> int:
        """Return a number that `open_positions` never passes, without a walk over the orders in flight."""
        return sum([len(account.positions) + len(account.reservations) for account in self.accounts.values()])

    def drawdown_bps(self, capital_lamports: int) -> int:
        """Return the fall from the highest equity, in bps of it, rounded up; 10,000 or more when there is no equity left."""
        return fall_bps(Mark(self.peak_pnl_lamports, capital_lamports), self.pnl_lamports)


class Book(msgspec.Struct, frozen=True, array_like=True):
    """The stage's whole state."""

    paper: Portfolio = Portfolio()
    live: Portfolio = Portfolio()
    halt_epoch: int = 0
    """Kill-switch entries already taken into the book."""
    skew: Skew = Skew()

    def of(self, mode: Mode) -> Portfolio:
        """Return the portfolio of a mode."""
        return self.live if mode is Mode.LIVE else self.paper

    def replace(self, mode: Mode, portfolio: Portfolio) -> "Book":
        """Return the book with one portfolio replaced."""
        if mode is Mode.LIVE:
            return Book(self.paper, portfolio, self.halt_epoch, self.skew)
        return Book(portfolio, self.live, self.halt_epoch, self.skew)

    def at_epoch(self, epoch: int) -> "Book":
        """Return the book with the kill switch read up to `epoch`."""
        return Book(self.paper, self.live, epoch, self.skew)

    def holds(self, mint: str) -> bool:
        """Return whether a token is held in either mode: only then its price matters here."""
        for portfolio in (self.paper, self.live):
            for account in portfolio.accounts.values():
                if mint in account.positions:
                    return True
        return False

    def held_mints(self) -> frozenset[str]:
        """Return every token held in either mode."""
        accounts = (*self.paper.accounts.values(), *self.live.accounts.values())
        return frozenset(mint for account in accounts for mint in account.positions)

    def strategies_in_use(self) -> frozenset[str]:
        """Return strategies with a position or an order in flight: they are heard even after their manifest is gone."""
        sides = (self.paper.accounts.items(), self.live.accounts.items())
        return frozenset(name for side in sides for name, account in side if account.positions or account.reservations)


_decoder = msgspec.msgpack.Decoder(Book)


def encode(book: Book) -> bytes:
    """Return the book as stored."""
    return pack(book)


def decode(data: bytes) -> Book:
    """Return the stored book; an empty one from no bytes. Raises Bug when it is not ours."""
    return stored(_decoder, data, Book(), "risk_guardian")


def adopt(book: Book, holdings: Holdings) -> Book:
    """Return an empty book with what the ledger knows; the fills behind it count as settled.

    What the ledger does not hold is gone: reservations come back as outcomes, and the high-water mark starts from the first
    lamport, which may halt for a loss that a person saw before, and never overlooks one.
    """
    for held in holdings.accounts:
        portfolio = book.of(held.mode)
        book = book.replace(held.mode, portfolio.with_accounts({**portfolio.accounts, held.strategy: _adopted(held)}))
    return book


def reserve(book: Book, mode: Mode, strategy: str, intent: Intent, lamports: int, units: int, now_ns: int) -> Book:
    """Take the room of an approved order; it is given back by the order's terminal outcome alone."""
    account = book.of(mode).account(strategy)
    side = Side.SELL if units else Side.BUY
    taken = msgspec.structs.replace(
        account,
        reservations={**account.reservations, intent.id: Reservation(intent.mint, side, lamports, units, now_ns, _cuts_a_loss(intent))},
        reserved_lamports=account.reserved_lamports + lamports,
        orders_by_second=_counted(account.orders_by_second, now_ns // NS_PER_S),
        decided=_remember(account.decided, intent.id),
    )
    return book.replace(mode, book.of(mode).with_account(strategy, taken))


def note_refused(book: Book, mode: Mode, strategy: str, intent_id: str) -> Book:
    """Remember a refused intent, so that the same one cannot come back and end a second time."""
    account = book.of(mode).account(strategy)
    refused = msgspec.structs.replace(account, decided=_remember(account.decided, intent_id))
    return book.replace(mode, book.of(mode).with_account(strategy, refused))


def was_decided(book: Book, strategy: str, intent_id: str) -> bool:
    """Return whether this intent was decided before, in either mode."""
    return _knows(book.paper.account(strategy), intent_id) or _knows(book.live.account(strategy), intent_id)


def _knows(account: Account, intent_id: str) -> bool:
    return intent_id in account.reservations or intent_id in account.decided or intent_id in account.settled


def apply_rejection(book: Book, strategy: str, rejection: Rejection) -> Book:
    """Release the room of an order that ended without a fill; nothing happens if it holds none (our own refusals, redelivery)."""
    for mode in (Mode.LIVE, Mode.PAPER):
        account = book.of(mode).account(strategy)
        if rejection.intent_id in account.reservations:
            return book.replace(mode, book.of(mode).with_account(strategy, _released(account, rejection.intent_id)))
    return book


def apply_fill(book: Book, strategy: str, fill: Fill) -> Book:
    """Take a fill into the book once. A fill nobody reserved counts all the same: the money moved."""
    portfolio = book.of(fill.mode)
    account = portfolio.account(strategy)
    failed_attempt = fill.status is FillStatus.FAILED
    key = fill.settled_key
    if key in account.settled:
        return book
    after = _paid(account, fill) if failed_attempt else _traded(_released(account, fill.intent_id), fill)
    after = msgspec.structs.replace(after, settled=_remember(after.settled, key), bought=_bought(account, fill))
    return book.replace(fill.mode, portfolio.with_account(strategy, after))


def apply_price(book: Book, tick: PriceTick) -> Book:
    """Mark every position in the tick's token; an older price than the last is ignored."""
    for mode in (Mode.PAPER, Mode.LIVE):
        portfolio = book.of(mode)
        marked = {name: _marked(account, tick) for name, account in portfolio.accounts.items() if tick.mint in account.positions}
        if marked:
            book = book.replace(mode, portfolio.with_accounts({**portfolio.accounts, **marked}))
    return book


def trip(book: Book, mode: Mode) -> Book:
    """Note that a drawdown halt was ordered for a portfolio."""
    portfolio = book.of(mode)
    return book.replace(mode, msgspec.structs.replace(portfolio, trips=portfolio.trips + 1, tripped=True))


def rearm(book: Book, mode: Mode) -> Book:
    """Start the high-water mark anew from where we are: a person saw the loss and resumed; the same loss must not halt again."""
    portfolio = book.of(mode)
    return book.replace(mode, msgspec.structs.replace(portfolio, peak_pnl_lamports=bounded(portfolio.pnl_lamports), tripped=False))


def _adopted(held: HeldAccount) -> Account:
    return Account(
        positions={one.mint: Position(one.units, one.cost_lamports, one.mark_lamports) for one in held.holdings},
        cost_lamports=sum(one.cost_lamports for one in held.holdings),
        value_lamports=sum(one.mark_lamports for one in held.holdings),
        realized_lamports=held.realized_lamports,
        settled=held.settled,
    )


def _released(account: Account, intent_id: str) -> Account:
    left = account.reservations.copy()
    reservation = left.pop(intent_id, None)
    return msgspec.structs.replace(
        account,
        reservations=left,
        reserved_lamports=account.reserved_lamports - (reservation.lamports if reservation else 0),
    )


def _bought(account: Account, fill: Fill) -> dict[str, int]:
    """Note a filled buy; tokens bought longest ago are forgotten first."""
    reservation = account.reservations.get(fill.intent_id)
    if fill.side is not Side.BUY or fill.status is FillStatus.FAILED:
        return account.bought
    others = {mint: time_ns for mint, time_ns in account.bought.items() if mint != fill.mint}
    noted = [*others.items(), (fill.mint, reservation.time_ns if reservation else fill.time_ns)]
    return dict(noted[-RECENT_MAX:])


def _paid(account: Account, failed: Fill) -> Account:
    """Count a failed attempt's fee; its order may still be tried again, so its room stays taken."""
    return msgspec.structs.replace(account, realized_lamports=account.realized_lamports + failed.sol_delta_lamports)


def _traded(account: Account, fill: Fill) -> Account:
    before = account.positions.get(fill.mint, NOTHING)
    units = before.units + fill.token_delta_units
    if fill.token_delta_units >= 0:
        spent = -fill.sol_delta_lamports
        after = Position(units, before.cost_lamports + spent, before.value_lamports + spent, before.marked_ns)
        return _with_position(account, fill.mint, after, 0)
    # A sale of more than the book knew of (a transfer from outside) closes it at its whole cost, never a negative holding.
    left = max(units, 0)
    cost, value = (part * left // before.units if before.units else 0 for part in (before.cost_lamports, before.value_lamports))
    after = Position(left, cost, value, before.marked_ns)
    return _with_position(account, fill.mint, after, fill.sol_delta_lamports - (before.cost_lamports - cost))


def _with_position(account: Account, mint: str, after: Position, realized_lamports: int) -> Account:
    positions = account.positions.copy()
    before = positions.pop(mint, NOTHING)
    kept = after if after.units else NOTHING
    if kept.units:
        positions[mint] = kept
    return msgspec.structs.replace(
        account,
        positions=positions,
        cost_lamports=account.cost_lamports + kept.cost_lamports - before.cost_lamports,
        value_lamports=account.value_lamports + kept.value_lamports - before.value_lamports,
        realized_lamports=account.realized_lamports + realized_lamports,
    )


def _marked(account: Account, tick: PriceTick) -> Account:
    before = account.positions[tick.mint]
    if tick.time_ns < before.marked_ns:
        return account
    value = min(before.units * tick.quote_lamports // tick.base_units, AMOUNT_MAX)
    return _with_position(account, tick.mint, Position(before.units, before.cost_lamports, value, tick.time_ns), 0)


def _counted(by_second: Mapping[int, int], second: int) -> dict[int, int]:
    if second in by_second:
        return {**by_second, second: by_second[second] + 1}
    return {key: count for key, count in by_second.items() if key >= second - RATE_WINDOW_S} | {second: 1}


def _remember(ids: tuple[str, ...], new: str) -> tuple[str, ...]:
    """A longer memory that was taken over (`adopt`) keeps its length: what is in it may still be said again."""
    return (*ids, new)[-max(RECENT_MAX, len(ids)) :]


def _cuts_a_loss(intent: Intent) -> bool:
    return isinstance(intent, ExitIntent) and intent.cause not in CALM
