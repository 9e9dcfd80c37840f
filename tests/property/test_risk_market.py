"""Whatever is asked and however it ends: exposure and reservations of a venue and of a group never pass their limits."""

from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe.bus.api import Entry
from memesnipe.bus.topology import FILLS, INTENTS, PRICE
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import MarketLimits, TokenGroup
from memesnipe.messages.market import MarketFrame
from memesnipe.messages.orders import ApprovedOrder, OrderIntent
from memesnipe.risk.book import Book
from memesnipe.risk.decide import decide
from memesnipe.risk.market import exposure
from memesnipe.risk.market.memory import Memory
from memesnipe.risk.rules import Rules
from memesnipe.testing.builders import MINT, OTHER_MINT, SOL, START_NS, a_config, a_fill, a_rejection, a_strategy, a_tick, an_intent, limits

THIRD = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB264"
MINTS = (MINT, OTHER_MINT, THIRD)
VENUES = ("raydium", "pumpfun", "raydium")
NAMES = ("one", "two")
VENUE_MAX, GROUP_MAX = SOL // 2, SOL // 3
HELD = MarketLimits(500, 0, VENUE_MAX, GROUP_MAX, 10_000, (TokenGroup("both", (MINT, THIRD)),), 0, 60, 300, 10, 0)
RULES = Rules(capital=dict.fromkeys(NAMES, 5 * SOL)).with_config(a_config(*map(a_strategy, NAMES), limits=limits(market=HELD)))
STEPS = st.lists(
    st.tuples(st.sampled_from(("buy", "buy", "fill", "reject")), st.sampled_from(NAMES), st.integers(0, 2), st.integers(1, SOL // 4)),
    max_size=40,
)


def no_seal(*_: object) -> bytes:
    return b""


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_a_venue_and_a_group_are_within_their_limits_at_every_event(steps: list[tuple[str, str, int, int]]) -> None:
    book, market, flying = Book(), Memory(), list[tuple[str, OrderIntent]]()

    for number, (what, name, place, size) in enumerate(steps):
        now_ns, mint = START_NS + number * NS_PER_S, MINTS[place]
        prices = MarketFrame(tuple(a_tick(mint=one, venue=at, time_ns=now_ns) for one, at in zip(MINTS, VENUES, strict=True)))
        book, _ = decide(book, RULES, Entry(PRICE.name, "", prices), now_ns, no_seal, market)
        if what == "buy":
            intent = an_intent(strategy=name, mint=mint, size_lamports=size, time_ns=now_ns)
            book, outputs = decide(book, RULES, Entry(INTENTS.of(name), "", intent, name), now_ns, no_seal, market)
            flying += [(name, intent) for output in outputs if isinstance(output.message, ApprovedOrder)]
        elif flying:
            owner, ended = flying.pop(place % len(flying))
            outcome: object = a_fill(ended) if what == "fill" else a_rejection(ended)
            book, _ = decide(book, RULES, Entry(FILLS.of(owner), "", outcome, owner), now_ns, no_seal, market)

        committed = exposure.committed_by_mint(book.of(Mode.PAPER))
        assert all(exposure.of_venue(venue, committed, market) <= VENUE_MAX for venue in VENUES)
        assert committed.get(MINT, 0) + committed.get(THIRD, 0) <= GROUP_MAX
