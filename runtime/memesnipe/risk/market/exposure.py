"""Who holds how much of what falls together: exposure and orders in flight by token, venue and group (lamports). Pure.

A token whose venue is not known counts to every venue, and one whose moves are not known moves with every other.
"""

from collections.abc import Callable, Iterable, Mapping

from memesnipe.messages.bounds import Side
from memesnipe.messages.control import MarketLimits
from memesnipe.risk.book import Portfolio, Position
from memesnipe.risk.market.memory import Memory
from memesnipe.risk.market.returns import move_together


def committed_by_mint(portfolio: Portfolio) -> dict[str, int]:
    """Return cost of positions and room of orders in flight, by token."""
    return _by_mint(portfolio, lambda position: position.cost_lamports)


def values_by_mint(portfolio: Portfolio) -> dict[str, int]:
    """Return what could be lost, by token: positions at their last price, buys in flight at their room."""
    return _by_mint(portfolio, lambda position: position.value_lamports)


def of_venue(venue: str, committed: Mapping[str, int], memory: Memory) -> int:
    """Return what is committed to tokens of a venue."""
    return sum(lamports for mint, lamports in committed.items() if venue_of(mint, memory) in (venue, ""))


def venue_of(mint: str, memory: Memory) -> str:
    """Return where a token traded last, "" where that is not known."""
    token = memory.tokens.get(mint)
    return token.venue if token else ""


def groups_of(mint: str, committed: Mapping[str, int], memory: Memory, limits: MarketLimits) -> Iterable[tuple[str, int]]:
    """Yield what is committed to each group of the policy that has the token, and to the tokens that move with it."""
    for group in limits.token_groups:
        if mint in group.mints:
            yield f"group {group.name}", sum(committed.get(one, 0) for one in group.mints)
    together = (one for one in committed if move_together(mint, one, memory, limits.correlation_bps_min))
    yield "tokens that move with it", sum(committed[one] for one in together)


def being_bought(mint: str, portfolio: Portfolio) -> int:
    """Return the room of buys of a token that have no outcome yet, of all strategies."""
    return sum(
        [
            reservation.lamports
            for account in portfolio.accounts.values()
            for reservation in account.reservations.values()
            if reservation.mint == mint and reservation.side is Side.BUY
        ]
    )


def seller_beside(strategy: str, mint: str, portfolio: Portfolio) -> str:
    """Return another strategy of ours that has a sale of the token in flight, "" if there is none."""
    for name, account in portfolio.accounts.items():
        if name != strategy and any(r.side is Side.SELL and r.mint == mint for r in account.reservations.values()):
            return name
    return ""


def _by_mint(portfolio: Portfolio, lamports_of: Callable[[Position], int]) -> dict[str, int]:
    """Return positions by what each counts for, and the room of orders in flight, by token."""
    found = dict[str, int]()
    for account in portfolio.accounts.values():
        for mint, position in account.positions.items():
            found[mint] = found.get(mint, 0) + lamports_of(position)
        for reservation in account.reservations.values():
            found[reservation.mint] = found.get(reservation.mint, 0) + reservation.lamports
    return found
