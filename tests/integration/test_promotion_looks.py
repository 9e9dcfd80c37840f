"""The allocator's promoter on a real server: an order's end alone is a reason to look again."""

import msgspec

from memesnipe.allocator.promoter import Promoter
from memesnipe.kernel.clock import NS_PER_S, EventClock
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Mode
from memesnipe.messages.promotion import PromotionStage, PromotionTerms
from memesnipe.promotion.counting import heard
from memesnipe.testing.builders import START_NS, a_config, a_rejection, a_strategy
from memesnipe.testing.buses import MakeBus


async def test_a_guard_that_refuses_every_order_demotes_although_no_trade_closes_and_nothing_is_held(make_bus: MakeBus) -> None:
    clock, terms = EventClock(START_NS), PromotionTerms()
    promoter = Promoter(await make_bus(service="autonomous_allocator"), clock)
    config = a_config(a_strategy("momentum", mode=Mode.LIVE, asked=True))
    standings, _ = await promoter.look({}, config, terms, ())
    clock.observe(START_NS + NS_PER_S)
    standings, _ = await promoter.look(standings, config, terms, ())
    refused = msgspec.structs.replace(a_rejection(reason=ReasonCode.HALTED), stage="wallet_guard")
    standing = standings["momentum"]
    for _ in range(20):
        standing = heard(standing, refused)
    clock.observe(START_NS + 2 * NS_PER_S)

    after, words = await promoter.look({"momentum": standing}, config, terms, ())

    assert after["momentum"].stage is PromotionStage.DEMOTED
    assert len(words) == 1
