"""The edge of the pairs: twins of the live orders under way, fed with prices, told how the orders ended, said once both are over.

They are evidence and not money, so they live in memory: a restart loses those under way, which are counted like all that have no twin.
"""

from collections.abc import Iterable, Sequence

from memesnipe.bus.api import Bus, Entry
from memesnipe.bus.topology import PAIRS
from memesnipe.guard import metrics, pairing, paper
from memesnipe.guard.attempts import Attempts
from memesnipe.guard.book import Book
from memesnipe.guard.pairing import Twin
from memesnipe.guard.paper import Cost, Terms
from memesnipe.kernel.clock import Clock
from memesnipe.kernel.errors import BadInput, ConfigError
from memesnipe.kernel.logs import logger
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages import codec
from memesnipe.messages.market import MarketFrame, PriceTick
from memesnipe.messages.orders import ApprovedOrder, Fill, Outcome
from memesnipe.messages.pairs import Pair

TWINS_MAX = 256
STATES_MAX = 4_096
"""Events of one token while an order is under way. More than that is no market that a twin could be held against."""


class Pairs:
    """Twins by intent. `asks_costs`: paper asks what a place in a block costs, as live does, so a twin pays what live offered."""

    def __init__(self, bus: Bus, clock: Clock, attempts: Attempts, terms: Terms, band_bps: int, *, asks_costs: bool) -> None:
        self._bus, self._clock, self._attempts = bus, clock, attempts
        self._terms, self._band_bps, self._asks_costs = terms, band_bps, asks_costs
        self._twins: dict[str, Twin] = {}
        self._mints: dict[str, list[Twin]] = {}
        self._ended: set[str] = set()
        """Orders that ended without a twin since the last `begin`: one that is refused at once ends before its twin could begin."""

    def begin(self, orders: Iterable[ApprovedOrder], book: Book) -> None:
        """Give live orders that were just taken a twin each. One that was under way before a restart has none: its market is gone."""
        for order in orders:
            if order.intent.id not in self._twins and order.intent.id not in self._ended:
                self._begin(order, book)
        self._ended.clear()

    def see(self, entries: Sequence[Entry]) -> None:
        """Note the prices of tokens that an order is under way for."""
        if not self._mints:
            return
        for entry in entries:
            if isinstance(entry.message, MarketFrame):
                for event in entry.message.events:
                    if isinstance(event, PriceTick):
                        self._see(event)

    def end(self, outcomes: Sequence[Outcome]) -> None:
        """Note how a live order ended. One that was refused before it could be sent says nothing of the market: its twin goes."""
        for outcome in outcomes[:1]:
            if (twin := self._twins.get(outcome.intent_id)) is None:
                self._ended.add(outcome.intent_id)
            elif twin.end is None:
                self._end(twin, outcome)

    async def publish(self) -> None:
        """Say the pairs that are over. Raises Unavailable; what was not said is said at the next turn, and twice is once."""
        now_ns = self._clock.now_ns()
        for twin in [one for one in self._twins.values() if pairing.is_over(one, self._terms, now_ns)]:
            await self._say(pairing.paired(twin, self._charges(twin), self._band_bps))
            self._forget(twin)

    async def _say(self, pair: Pair) -> None:
        """Publish a pair, or count one that cannot be: the guard, and with it every order, would stop for what is only evidence.

        An intent that names an absurd price makes amounts that no reader accepts; a server may not know the stream yet.
        """
        try:
            await self._bus.publish(PAIRS.name, codec.decode(Pair, codec.encode(pair)), pair.intent_id)
        except (BadInput, OverflowError, ConfigError) as error:
            metrics.UNPAIRED.labels("unsaid").inc()
            logger().warning("pair_unsaid", intent=pair.intent_id, detail=str(error))
        else:
            logger().info("paired", intent=pair.intent_id, end=pair.end.value, gap_bps=pair.gap_bps, in_band=pair.in_band)

    def _begin(self, order: ApprovedOrder, book: Book) -> None:
        if self._attempts.last(order.intent.id) is not None:
            metrics.UNPAIRED.labels("restart").inc()
        elif len(self._twins) >= TWINS_MAX:
            metrics.UNPAIRED.labels("too_many_orders").inc()
        elif (twin := pairing.begun(order, book, self._terms, self._clock.now_ns())) is None:
            metrics.UNPAIRED.labels("no_price").inc()
        else:
            self._twins[order.intent.id] = twin
            self._mints.setdefault(order.intent.mint, []).append(twin)

    def _end(self, twin: Twin, outcome: Outcome) -> None:
        if isinstance(outcome, Fill):
            twin.fill = outcome
        elif outcome.reason is not ReasonCode.EXPIRED:
            self._forget(twin)
            return
        twin.end, twin.ended_ns = pairing.end_of(twin.fill), self._clock.now_ns()

    def _see(self, tick: PriceTick) -> None:
        for twin in [*self._mints.get(tick.mint, ())]:
            twin.states.append(tick)
            if len(twin.states) > STATES_MAX:
                metrics.UNPAIRED.labels("too_many_trades").inc()
                self._forget(twin)

    def _forget(self, twin: Twin) -> None:
        mint = twin.order.intent.mint
        del self._twins[twin.order.intent.id]
        self._mints[mint] = [one for one in self._mints[mint] if one is not twin]
        if not self._mints[mint]:
            del self._mints[mint]

    def _charges(self, twin: Twin) -> Terms:
        if not self._asks_costs or twin.fill is None:
            return self._terms
        return paper.at_cost(self._terms, Cost(twin.fill.fee_lamports, twin.fill.tip_lamports))
