"""A plausible hour of trading, written to a real server and a real ledger: what the page is looked at with."""

import random

import msgspec

from memesnipe.bus.api import Bus
from memesnipe.bus.topology import ALLOCATIONS, CONFIG, LAUNCH, POSITIONS, PRICE
from memesnipe.kernel.ids import derive
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.ledger.migrate import migrate
from memesnipe.ledger.write import LedgerWriter, Snapshot
from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.control import PORTFOLIO, AllocationDecision, PositionUpdate, StrategyAllocation
from memesnipe.messages.market import MarketFrame, PriceTick
from memesnipe.messages.orders import ExitCause, Fill, FillStatus, Rejection
from memesnipe.messages.way import Way
from memesnipe.testing.builders import GENESIS, SOL, a_config, a_launch, a_strategy, a_tick

SYMBOLS = ("BONK", "WIFHAT", "PNUT", "MOODENG", "GIGA", "POPCAT", "FWOG", "MICHI", "CHILLGUY")
STRATEGIES = ("momentum", "launch-sniper")
CAPITAL = 25 * SOL
MINUTES = 90
RENT_LAMPORTS = 2_039_280
NS_PER_S = 10**9
BASE_UNITS = 10**15
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
REFUSED = (
    (ReasonCode.IN_FLIGHT, "an order without an outcome", 9),
    (ReasonCode.TOKEN_EXPOSURE, "1104083560 lamports with this order, limit 1000000000", 6),
    (ReasonCode.STALE_EVENT, "6120 ms old, limit 5000", 4),
    (ReasonCode.NO_ROUTE, "the aggregator knows no route", 2),
    (ReasonCode.ORDER_RATE, "61 in a minute, limit 60", 1),
)


def mint_of(symbol: str) -> str:
    """Return a made-up mint."""
    number = int(derive("mint", symbol), 16)
    return "".join(ALPHABET[(number >> (3 * i)) % len(ALPHABET)] for i in range(44))


class Scene:
    """Writes the hour before `now_ns`; the same seed writes the same hour."""

    def __init__(self, bus: Bus, data_dir: str, now_ns: int, *, mode: Mode = Mode.PAPER, genesis: str = GENESIS) -> None:
        self._bus, self._now_ns, self._mode, self._genesis = bus, now_ns, mode, genesis
        self._random = random.Random(7)  # noqa: S311 - a scene, not a secret
        url = ledger_url(data_dir)
        migrate(url)
        self._ledger = LedgerWriter(open_engine(url))
        self._price = {symbol: (20 + 10 * place) * SOL for place, symbol in enumerate(SYMBOLS)}

    async def play(self) -> None:
        """Write all of it."""
        await self._apply()
        await self._launches()
        self._trades()
        self._refusals()
        self._curve()
        await self.prices(40)
        await self._positions()

    async def prices(self, rounds: int) -> None:
        """Move every price a few steps."""
        for step in range(rounds):
            await self._bus.publish(PRICE.name, MarketFrame(tuple(self._tick(symbol, step, rounds) for symbol in SYMBOLS)))

    def buy(self) -> None:
        """Buy more of what is held, now: one fill above all others."""
        self._fill(SYMBOLS[-1], len(SYMBOLS) - 1, MINUTES, -SOL // 10, 1)

    def _tick(self, symbol: str, step: int, rounds: int) -> PriceTick:
        self._price[symbol] = max(SOL, round(self._price[symbol] * self._random.uniform(0.97, 1.034)))
        return a_tick(
            mint=mint_of(symbol),
            quote_lamports=self._price[symbol],
            base_units=BASE_UNITS,
            time_ns=self._now_ns - (rounds - step) * NS_PER_S,
        )

    async def _apply(self) -> None:
        config = a_config(*(a_strategy(name, mode=self._mode) for name in STRATEGIES), capital_lamports=CAPITAL, genesis=self._genesis)
        await self._bus.publish(CONFIG.name, config)
        shares = tuple(StrategyAllocation(name, 1, 5_000, CAPITAL // 2, self._now_ns) for name in STRATEGIES)
        await self._bus.publish(ALLOCATIONS.name, AllocationDecision(1, self._now_ns, "1nputs", "equal_weight", "scene", shares))

    async def _launches(self) -> None:
        launches = tuple(a_launch(mint=mint_of(symbol), symbol=symbol, time_ns=self._now_ns) for symbol in SYMBOLS)
        await self._bus.publish(LAUNCH.name, MarketFrame(launches))

    def _trades(self) -> None:
        for place, symbol in enumerate(SYMBOLS):
            bought = round(self._random.uniform(0.2, 0.45) * SOL)
            minute = 5 + 9 * place
            self._fill(symbol, place, minute, -bought, 1)
            if place < 5:
                self._fill(symbol, place, minute + 14, round(bought * self._random.uniform(0.75, 1.6)), -1)
        self._fill(SYMBOLS[0], 0, 88, -5_000, 0)

    def _fill(self, symbol: str, place: int, minute: int, lamports: int, way: int) -> None:
        intent_id, time_ns = derive("scene", symbol, minute), self._now_ns - (MINUTES - minute) * 60 * NS_PER_S
        cause = ExitCause.TAKE_PROFIT if way < 0 and place % 2 else ExitCause.STOP_LOSS if way < 0 and place % 3 else None
        units, costs = way * (place + 3) * 10**12, 5_000 + 1_000 * minute
        quoted = (units if way > 0 else lamports - RENT_LAMPORTS) * (1_000 + place) // 1_000 if way else 1
        fill = Fill(
            intent_id, STRATEGIES[place % 2], self._mode, 1, self._signature(intent_id), FillStatus.FILLED if way else FillStatus.FAILED,
            Side.SELL if way < 0 else Side.BUY, mint_of(symbol), minute, time_ns, lamports, units, costs,
            10_000, way * RENT_LAMPORTS, abs(way) * abs(lamports) // 100, quoted, time_ns - (340 + 17 * place) * 10**6, exit_cause=cause,
        )  # fmt: skip
        fill = msgspec.structs.replace(fill, way=self._way(fill))
        self._ledger.record([fill])

    def _signature(self, intent_id: str) -> str:
        return f"paper:{intent_id}:1" if self._mode is Mode.PAPER else mint_of(intent_id) + mint_of(f"{intent_id} again")

    def _way(self, fill: Fill) -> Way:
        event_ns, sells = fill.intent_time_ns, fill.side is Side.SELL
        by, wish = ("position_manager", fill.exit_cause.value) if fill.exit_cause else ("executor", "momentum of 30 s")
        wished_ns, approved_ns, taken_ns, quoted_ns, signed_ns, sent_ns = (event_ns + ms * 10**6 for ms in (3, 6, 9, 140, 152, 154))
        live = (quoted_ns, signed_ns, sent_ns) if self._mode is Mode.LIVE else (0, 0, 0)
        size = abs(fill.token_delta_units if sells else fill.sol_delta_lamports)
        event_id = derive("event", fill.intent_id)
        return Way(event_id, fill.slot, event_ns, wished_ns, wish, size, 300, approved_ns, "b0" * 32, 0, taken_ns, *live, by)

    def _refusals(self) -> None:
        refused = [self._refused(reason, detail, number) for reason, detail, count in REFUSED for number in range(count)]
        self._ledger.record([], refused)

    def _refused(self, reason: ReasonCode, detail: str, number: int) -> Rejection:
        time_ns = self._now_ns - self._random.randrange(60, 5_000) * NS_PER_S
        return Rejection(
            derive("refused", reason.value, number), STRATEGIES[number % 2], "risk_guardian", reason, detail, time_ns,
            mint_of(self._random.choice(SYMBOLS)), Side.BUY,
        )  # fmt: skip

    def _curve(self) -> None:
        pnl, points = 0, []
        for step in range(MINUTES * 6):
            pnl += round(self._random.gauss(0.0012, 0.011) * SOL)
            time_ns = self._now_ns - (MINUTES * 60 - step * 10) * NS_PER_S
            points.append(
                Snapshot(
                    time_ns=time_ns,
                    scope=PORTFOLIO,
                    mode=self._mode,
                    equity_lamports=CAPITAL + pnl,
                    realized_lamports=pnl,
                    unrealized_lamports=0,
                )
            )
        self._ledger.snapshot(points)

    async def _positions(self) -> None:
        for place, symbol in list(enumerate(SYMBOLS))[5:]:
            cost = round(self._random.uniform(0.2, 0.45) * SOL)
            mark = round(cost * self._random.uniform(0.8, 1.5))
            update = PositionUpdate(
                STRATEGIES[place % 2], self._mode, mint_of(symbol), (place + 3) * 10**12, cost, mark, 0,
                self._price[symbol] * 8 // 10, 0 if place == len(SYMBOLS) - 1 else BASE_UNITS, self._now_ns,
            )  # fmt: skip
            await self._bus.publish(POSITIONS.name, update)
