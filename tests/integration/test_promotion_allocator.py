"""The allocator runs the promotion machine on a real server: a canary's capital is small, a demoted one's nothing, a kill loses no word."""

import asyncio
from typing import Any

import msgspec
import pytest
import redis
from prometheus_client import REGISTRY

from memesnipe.allocator.promoting import again
from memesnipe.allocator.service import STATE, Allocator
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import ALLOCATIONS, CONFIG, DECISIONS, HOLDINGS_KEY, KILL_SWITCH, PAPER_GAP_KEY, PNL_HISTORY_KEY, PROMOTIONS
from memesnipe.evidence.gap import Gap
from memesnipe.kernel.clock import NS_PER_S, EventClock
from memesnipe.kernel.health import Health
from memesnipe.kernel.service import Running
from memesnipe.ledger.accounting import Trade
from memesnipe.messages.bounds import Mode
from memesnipe.messages.codec import encode
from memesnipe.messages.control import ConfigApplied, HeldAccount, Holdings
from memesnipe.messages.promotion import PromotionStage, PromotionStep, PromotionTerms
from memesnipe.positions.performance import history_of
from memesnipe.testing.builders import MINT, SOL, START_NS, a_config, a_halt, a_strategy
from memesnipe.testing.buses import MakeBus

TERMS = PromotionTerms(canary_first_bps=1_000, canary_steps=2, canary_trades_min=5)
LIVE = a_strategy("momentum", mode=Mode.LIVE, asked=True, code_hash="c" * 64)
PAPER = msgspec.structs.replace(LIVE, mode=Mode.PAPER)
IN_BAND = Gap(pairs=40, filled=40, in_band=40, failed_max=4, enough_ns=START_NS + 3_600 * NS_PER_S)


class Installation:
    """One allocator over a server on which the test says what the other services would."""

    def __init__(self, bus: RedisBus) -> None:
        self.bus, self.clock = bus, EventClock(START_NS)
        self.restart()

    def restart(self) -> None:
        running = Running("autonomous_allocator", self.clock, Health("autonomous_allocator"), asyncio.Event())
        self.allocator = Allocator(self.bus, running)

    async def apply(self, config: ConfigApplied) -> None:
        await self.bus.publish(CONFIG.name, msgspec.structs.replace(config, promotion=TERMS))

    async def closed(self, *nets: float) -> None:
        """Say as position_manager does that so many live trades of a SOL each were closed, one a second."""
        held = Holdings((HeldAccount("momentum", Mode.LIVE, round(sum(nets) * SOL), (), (), len(nets)),))
        await self.bus.put(HOLDINGS_KEY, encode(held))
        await self.bus.put(PAPER_GAP_KEY.format(strategy="momentum"), msgspec.json.encode(IN_BAND))
        trades = [_trade(place, net) for place, net in enumerate(nets, 1)]
        await self.bus.replace(PNL_HISTORY_KEY.format(strategy="momentum"), history_of(trades))

    async def turns(self, seconds: int = 61) -> None:
        """Take a turn now and one after so long, when histories are read anew."""
        await self.allocator.turn()
        self.clock.observe(self.clock.now_ns() + seconds * NS_PER_S)
        await self.allocator.turn()

    async def share_bps(self) -> int:
        return int((await self.bus.fold(ALLOCATIONS.name))[-1].message.shares[0].weight_bps)

    async def words(self) -> list[PromotionStep]:
        return [entry.message for entry in await self.bus.fold(PROMOTIONS.name)]


def _trade(place: int, net: float) -> Trade:
    time_ns = START_NS + place * NS_PER_S
    return Trade(
        strategy="momentum", mode=Mode.LIVE, mint=MINT, opened_intent_id=f"buy-{place}", closed_intent_id=f"sale-{place:04d}",
        closed_signature=f"signature-{place}", opened_ns=time_ns, closed_ns=time_ns, outlay_lamports=SOL, net_lamports=round(net * SOL),
    )  # fmt: skip


@pytest.fixture
async def here(make_bus: MakeBus) -> Installation:
    made = Installation(await make_bus(service="autonomous_allocator"))
    await made.allocator.reload()
    return made


@pytest.mark.parametrize(("weights", "method"), [((), "equal_weight"), ((8_000,), "fixed_weight")])
async def test_who_goes_live_begins_with_a_part_of_its_share_by_every_method(here: Installation, weights: Any, method: str) -> None:
    await here.apply(a_config(LIVE, weights_bps=weights))

    await here.turns()

    decision = (await here.bus.fold(ALLOCATIONS.name))[-1].message
    assert (decision.method, await here.share_bps()) == (method, (weights or (10_000,))[0] // 10)


async def test_paper_trades_with_its_whole_share(here: Installation) -> None:
    await here.apply(a_config(PAPER))

    await here.turns()

    assert await here.share_bps() == 10_000


async def test_results_raise_the_share_step_by_step_up_to_the_whole(here: Installation) -> None:
    await here.apply(a_config(LIVE))
    shares = []
    for count in (0, 5, 10):
        await here.closed(*[0.1] * count)
        await here.turns()
        shares.append(await here.share_bps())

    assert shares == [1_000, 3_162, 10_000]
    assert [word.after.value for word in await here.words()] == ["canary", "canary", "full"]


async def with_its_whole_share(here: Installation) -> None:
    await here.apply(a_config(LIVE))
    for count in (0, 5, 10):
        await here.closed(*[0.1] * count)
        await here.turns()


async def test_other_code_has_the_first_step_and_a_restart_takes_nothing_from_the_same(here: Installation) -> None:
    await with_its_whole_share(here)
    here.restart()
    await here.allocator.reload()
    await here.turns()
    same = await here.share_bps()

    await here.apply(a_config(msgspec.structs.replace(LIVE, code_hash="d" * 64), version=2))
    await here.turns()

    assert (same, await here.share_bps()) == (10_000, 1_000)
    assert (await here.bus.fold(ALLOCATIONS.name))[-1].message.shares[0].live_code == "d" * 64


async def test_a_history_that_cannot_be_read_takes_a_live_strategy_to_the_first_step_until_it_can_be(here: Installation) -> None:
    await with_its_whole_share(here)

    await here.bus.replace(PNL_HISTORY_KEY.format(strategy="momentum"), [b"not a trade"])
    await here.turns()
    blind, why = await here.share_bps(), (await here.words())[-1].reason
    await here.closed(*[0.1] * 15)
    await here.turns()

    assert (blind, "restart position_manager" in why) == (1_000, True)
    assert (await here.words())[-1].reason == "canary step 1 of 2: 1000 bps of its share"


async def test_a_demoted_strategy_has_no_capital_before_control_says_anything(here: Installation) -> None:
    await here.apply(a_config(LIVE))
    await here.closed()
    await here.turns()

    await here.closed(*[-0.5] * 10)
    await here.turns()

    assert await here.share_bps() == 0
    assert (await here.words())[-1].held


async def test_its_own_breaker_demotes_a_strategy_and_the_portfolios_halt_does_not(here: Installation) -> None:
    await here.apply(a_config(LIVE))
    await here.turns()
    told: dict[str, Any] = {"by": "risk_guardian", "scope": "momentum", "time_ns": START_NS + 3_600 * NS_PER_S}
    await here.bus.publish(KILL_SWITCH.name, a_halt(**{**told, "reason": "live drawdown of 2100 bps, limit 2000"}))
    await here.turns()
    before = [word.after for word in await here.words()]

    await here.bus.publish(KILL_SWITCH.name, a_halt(**{**told, "reason": "breaker order_loop: 90 orders in a minute"}))
    await here.turns()

    assert before == [PromotionStage.CANARY]
    assert (await here.words())[-1].reason == "its breaker tripped: order_loop: 90 orders in a minute"


async def test_each_word_leaves_a_record_that_is_decided_again_to_the_same_word(here: Installation) -> None:
    await here.apply(a_config(LIVE))
    await here.closed()
    await here.turns()
    await here.closed(*[-0.5] * 10)
    await here.turns()

    records = [entry.message for entry in await here.bus.fold(DECISIONS.name) if entry.message.kind == "promotion"]

    assert [again(record) for record in records] == await here.words()
    assert [record.label for record in records] == ["paper->canary", "canary->demoted"]


@pytest.mark.parametrize("point", ["allocator.before_promotions_kept", "allocator.before_commit", "allocator.before_promotion"])
async def test_a_kill_at_any_step_of_a_word_loses_no_word_and_says_none_twice(
    here: Installation, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(name: str) -> None:
        if name == point:
            raise KeyboardInterrupt

    await here.apply(a_config(LIVE))
    with monkeypatch.context() as patched:
        for module in ("service", "promoter"):
            patched.setattr(f"memesnipe.allocator.{module}.failpoint", dies)
        with pytest.raises(KeyboardInterrupt):
            await here.allocator.turn()
    here.restart()
    await here.allocator.reload()

    await here.turns()

    assert [(word.version, word.after.value) for word in await here.words()] == [(1, "canary")]


async def test_a_restart_says_nothing_again(here: Installation) -> None:
    await here.apply(a_config(LIVE))
    await here.turns()
    version = (await here.bus.load(STATE)).version

    here.restart()
    await here.allocator.reload()
    await here.turns()

    assert len(await here.words()) == 1
    assert (await here.bus.load(STATE)).version == version


async def test_words_and_standings_outlive_the_loss_of_everything(here: Installation, valkey_url: str) -> None:
    await here.apply(a_config(LIVE))
    await here.closed()
    await here.turns()
    await here.closed(*[-0.5] * 10)
    await here.turns()
    before = (await here.words())[-1]

    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
    await here.apply(a_config(LIVE))
    await here.turns()
    await here.turns()

    assert (await here.words())[-1] == before
    assert await here.share_bps() == 0


async def test_one_that_knows_nothing_takes_over_the_cool_down_that_control_kept(here: Installation) -> None:
    until_ns = START_NS + 3_600 * NS_PER_S
    await here.apply(a_config(msgspec.structs.replace(PAPER, cooling_until_ns=until_ns)))

    await here.turns()

    (word,) = await here.words()
    assert (word.after, word.until_ns) == (PromotionStage.COOL_DOWN, until_ns)


async def test_no_alert_goes_on_for_a_demoted_strategy_that_is_gone(here: Installation) -> None:
    def is_demoted() -> float:
        return REGISTRY.get_sample_value("memesnipe_promotion_stage", {"strategy": "momentum", "stage": "demoted"}) or 0.0

    await here.apply(a_config(LIVE))
    await here.closed()
    await here.turns()
    await here.closed(*[-0.5] * 10)
    await here.turns()
    before = is_demoted()

    await here.apply(a_config(a_strategy("another"), version=2))
    await here.turns()

    assert (before, is_demoted()) == (1.0, 0.0)
