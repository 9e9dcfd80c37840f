"""Perpetuals by a Drift Gateway (see `venue.Venue`): on paper alone, and off until an address and the tokens it is for are set.

The gateway signs with its own key. Neither risk_guardian's approval nor wallet_guard's nor the signer's policy, spend windows, lease or
halt covers what it sends, and after a silence nobody can tell whether an order was placed. So a live order is refused here, whatever is
set: what this venue gives is the price that a buy would have got there, judged against the order's own.

It serves buys alone. What reduces a position always goes to a venue that can carry it out: a token that is put on the list while it is
held must not lose its way out.
"""

from collections.abc import Sequence
from decimal import Decimal, localcontext

import msgspec

from memesnipe.chain.clients.drift import Book, DriftGateway, Level, Market
from memesnipe.chain.clients.limits import Lane
from memesnipe.chain.policy import sells
from memesnipe.chain.programs import BPS, LAMPORTS_PER_SOL, SIGNATURE_FEE_LAMPORTS
from memesnipe.guard.paper import Cost
from memesnipe.guard.settings import GuardSettings
from memesnipe.guard.venue import Ready
from memesnipe.kernel.errors import BadInput, ConfigError, Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.market.base58 import b58decode
from memesnipe.messages.control import RiskLimits
from memesnipe.messages.orders import ExitIntent, Intent

SOL_PERP = 0
"""Market index of SOL-PERP, whose book tells what a SOL is worth in the gateway's dollars."""
KEY_BYTES = 32
DIGITS = 50
"""Enough that no product of amounts here is rounded."""


class Listed(msgspec.Struct, frozen=True):
    """A token's market. `units_a_contract`: base units of the token in one contract (10^decimals, a million times that for 1MBONK-PERP)."""

    index: int
    units_a_contract: int


class DriftVenue:
    """Buys of the listed tokens. See `venue.Venue`."""

    name = "drift"

    def __init__(self, gateway: DriftGateway, listed: dict[str, Listed]) -> None:
        self._gateway, self._listed = gateway, listed

    def serves(self, intent: Intent) -> bool:
        """Return whether this is a buy of a listed token."""
        return intent.mint in self._listed and not sells(intent)

    async def prepare(self, intent: Intent, wallet: str, limits: RiskLimits, lane: Lane) -> Ready:
        """Refuse: there are no bytes for the signer to check."""
        raise Refused(
            ReasonCode.VENUE_SIGNS,
            f"{intent.mint} is traded by a Drift Gateway, which signs with its own key, outside the signer's protection: paper only",
        )

    async def rehearse(self, intent: Intent, wallet: str, limits: RiskLimits, lane: Lane) -> Cost:
        """Return the cost of the buy there. Raises Refused (no such market, too small, too little in the book, too dear), Unavailable."""
        if isinstance(intent, ExitIntent) or not self.serves(intent):
            raise Refused(ReasonCode.NO_ROUTE, "this venue serves buys of listed tokens alone")
        listed = self._listed[intent.mint]
        market = _market((await self._gateway.markets()).perp, listed)
        book, sol = await self._gateway.book(listed.index, lane=lane), await self._gateway.book(SOL_PERP, lane=lane)
        with localcontext(prec=DIGITS):
            seen_lamports = Decimal(intent.quote_lamports) * listed.units_a_contract / intent.base_units
            contracts = Decimal(intent.size_lamports) / seen_lamports
            _require_size(contracts, market)
            asked_lamports = _average(book.asks, contracts) / _middle(sol) * LAMPORTS_PER_SOL
            _require_price(asked_lamports, seen_lamports, intent.slippage_bps_max)
        return Cost(SIGNATURE_FEE_LAMPORTS, 0)

    async def close(self) -> None:
        """Close the connections."""
        await self._gateway.close()


def _market(markets: Sequence[Market], listed: Listed) -> Market:
    for market in markets:
        if market.market_index == listed.index:
            return market
    raise Refused(ReasonCode.NO_ROUTE, f"the gateway has no perpetual market {listed.index}; see MEMESNIPE_DRIFT_MARKETS")


def _require_size(contracts: Decimal, market: Market) -> None:
    if not (contracts >= Decimal(market.min_order_size)):
        raise Refused(ReasonCode.NO_ROUTE, f"{contracts:.6f} contracts of {market.symbol}: fewer than {market.min_order_size}")


def _average(levels: Sequence[Level], contracts: Decimal) -> Decimal:
    """Return the mean price (USD) of so many contracts, taken from the best level on."""
    left, paid, last = contracts, Decimal(0), Decimal(0)
    for level in levels:
        price, amount = Decimal(level.price), Decimal(level.amount)
        if not (amount > 0 and price > 0 and price >= last):
            raise BadInput("drift.book", f"{amount} contracts at {price} after {last}: no order book")
        taken = min(left, amount)
        left, paid, last = left - taken, paid + taken * price, price
        if left <= 0:
            return paid / contracts
    raise Refused(ReasonCode.NO_ROUTE, f"the order book holds {contracts - left:.6f} of {contracts:.6f} contracts")


def _middle(book: Book) -> Decimal:
    """Return what a SOL is worth (USD), between the best bid and the best ask."""
    if not book.bids or not book.asks:
        raise Refused(ReasonCode.NO_ROUTE, "SOL-PERP has no price on both sides of its order book")
    bid, ask = Decimal(book.bids[0].price), Decimal(book.asks[0].price)
    if not (0 < bid <= ask):
        raise BadInput("drift.book", f"SOL-PERP is bid at {bid} and asked at {ask}")
    return (bid + ask) / 2


def _require_price(asked: Decimal, seen: Decimal, slippage_bps_max: int) -> None:
    if not (asked * BPS <= seen * (BPS + slippage_bps_max)):
        raise Refused(ReasonCode.TX_MIN_OUT, f"{asked:.0f} lamports a contract, the order allows {slippage_bps_max} bps above {seen:.0f}")


def venues_of(settings: GuardSettings) -> tuple[DriftVenue, ...]:
    """Return the perpetuals venue, nothing where it is off. Raises ConfigError naming the variable."""
    if not settings.drift_gateway_url and not settings.drift_markets:
        return ()
    if not settings.drift_gateway_url:
        raise ConfigError("MEMESNIPE_DRIFT_GATEWAY_URL: must name the Drift Gateway for which MEMESNIPE_DRIFT_MARKETS lists tokens")
    return (DriftVenue(DriftGateway.at(settings.drift_gateway_url), listed_in(settings.drift_markets)),)


def listed_in(text: str) -> dict[str, Listed]:
    """Return mint -> market. Raises ConfigError for an entry that is none, and for a list without any."""
    listed = {}
    for entry in text.split(","):
        mint, _, numbers = entry.strip().partition(":")
        index, _, units = numbers.partition(":")
        if not (_is_mint(mint) and index.isdecimal() and units.isdecimal() and int(index) < 2**16 and 0 < int(units) < 2**63):
            raise ConfigError(f"MEMESNIPE_DRIFT_MARKETS: {entry!r} must be `mint:market index:base units a contract`")
        listed[mint] = Listed(int(index), int(units))
    return listed


def _is_mint(text: str) -> bool:
    try:
        return len(b58decode(text)) == KEY_BYTES
    except BadInput:
        return False
