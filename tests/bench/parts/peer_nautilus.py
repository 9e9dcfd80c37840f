"""nautilus_trader: the same cross as a Strategy of its own, market orders on quotes, 30 bps of fees, its logs off.

python tests/bench/parts/peer_nautilus.py ticks.npz BAND_BPS
"""

import sys
import time
from decimal import Decimal
from typing import Any

import numpy as np
from measured import tell  # type: ignore[import-not-found,unused-ignore]  # beside this file, which is run as a script
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig  # type: ignore[import-not-found]  # in the venv of the peers
from nautilus_trader.config import LoggingConfig, RiskEngineConfig  # type: ignore[import-not-found]
from nautilus_trader.model.currencies import SOL, USDT  # type: ignore[import-not-found]
from nautilus_trader.model.data import QuoteTick  # type: ignore[import-not-found]
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide  # type: ignore[import-not-found]
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue  # type: ignore[import-not-found]
from nautilus_trader.model.instruments import CurrencyPair  # type: ignore[import-not-found]
from nautilus_trader.model.objects import Money, Price, Quantity  # type: ignore[import-not-found]
from nautilus_trader.trading.strategy import Strategy  # type: ignore[import-not-found]

SCALE = 1e6
VENUE = Venue("POOL")
ID = InstrumentId(Symbol("SOL/USDT"), VENUE)


class Cross(Strategy):  # type: ignore[misc]
    """Hold one unit while the fast average is above the slow one."""

    def __init__(self, instrument: Any, band_bps: float) -> None:
        super().__init__()
        self.instrument, self.band_bps = instrument, band_bps
        self.fast = self.slow = 0.0
        self.orders, self.held = 0, False

    def on_start(self) -> None:
        """Subscribe."""
        self.subscribe_quote_ticks(ID)

    def on_quote_tick(self, tick: Any) -> None:
        """Move the averages, then buy or sell where they say so."""
        price = (float(tick.bid_price) + float(tick.ask_price)) / 2
        if not self.slow:
            self.fast = self.slow = price
        self.fast += (price - self.fast) * (2 / 11)
        self.slow += (price - self.slow) * (2 / 31)
        band = self.slow * self.band_bps / 10_000
        if self.fast > self.slow + band and not self.held:
            self._order(OrderSide.BUY)
        elif self.fast < self.slow - band and self.held:
            self._order(OrderSide.SELL)

    def _order(self, side: Any) -> None:
        self.held = side == OrderSide.BUY
        self.orders += 1
        self.submit_order(self.order_factory.market(ID, side, self.instrument.make_qty(1)))


def an_instrument() -> Any:
    """Return a pair with four decimals and 30 bps of fees."""
    return CurrencyPair(
        instrument_id=ID, raw_symbol=ID.symbol, base_currency=SOL, quote_currency=USDT, price_precision=4, size_precision=0,
        price_increment=Price(1e-4, 4), size_increment=Quantity.from_int(1), margin_init=Decimal(0), margin_maint=Decimal(0),
        maker_fee=Decimal("0.003"), taker_fee=Decimal("0.003"), ts_event=0, ts_init=0,
    )  # fmt: skip


def main() -> None:
    """Make the quotes, then run."""
    arrays = np.load(sys.argv[1])
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), risk_engine=RiskEngineConfig(bypass=False)))
    engine.add_venue(
        venue=VENUE, oms_type=OmsType.NETTING, account_type=AccountType.CASH, base_currency=None,
        starting_balances=[Money(1e8, USDT), Money(0, SOL)],
    )  # fmt: skip
    instrument, size = an_instrument(), Quantity.from_int(10**6)
    engine.add_instrument(instrument)
    prices = [(Price(price, 4), Price(price + 1e-4, 4)) for price in np.round(arrays["price"] * SCALE, 4).tolist()]
    quotes = [QuoteTick(ID, bid, ask, size, size, when, when) for (bid, ask), when in zip(prices, arrays["time_ns"].tolist(), strict=True)]
    engine.add_data(quotes)
    strategy = Cross(instrument, float(sys.argv[2]))
    engine.add_strategy(strategy)
    began = time.process_time()
    engine.run()
    tell(len(quotes), time.process_time() - began, strategy.orders)


if __name__ == "__main__":
    main()
