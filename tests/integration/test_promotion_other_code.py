"""An executor that starts with new code, on a real server: it buys nothing on the old code's share, and then on its own first step."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from memesnipe.allocator import book as books
from memesnipe.allocator.service import STATE, Allocator
from memesnipe.bus.api import Batch, State
from memesnipe.bus.topology import ALLOCATIONS, APPROVED, CONFIG, HOLDINGS_KEY, INTENTS, PRICE, REJECTED
from memesnipe.control.applied import hash_of as spec_hash_of
from memesnipe.control.service import Control
from memesnipe.control.settings import ControlSettings
from memesnipe.evidence.record import to_json
from memesnipe.executor.loop import StrategyLoop
from memesnipe.executor.service import hash_of
from memesnipe.executor.settings import ExecutorSettings
from memesnipe.factory.registrar import Registrar
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.health import Health
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.kernel.service import Running
from memesnipe.messages.bounds import Mode
from memesnipe.messages.codec import encode
from memesnipe.messages.control import HeldAccount, Holdings, StrategyAllocation
from memesnipe.messages.promotion import PromotionStage
from memesnipe.promotion.values import Standing
from memesnipe.risk.seal import RiskSeal
from memesnipe.risk.service import Guardian
from memesnipe.risk.settings import RiskSettings
from memesnipe.strategy.document import SECTIONS
from memesnipe.strategy.loading import load
from memesnipe.strategy.spec import StrategySpec
from memesnipe.testing.builders import a_frame, a_tick
from memesnipe.testing.buses import MakeBus
from memesnipe.testing.chains import MAINNET_GENESIS, a_chain
from memesnipe.testing.evidence import a_record_for
from memesnipe.testing.manifests import PORTFOLIO, a_strategy

SPEC = spec_hash_of("eager", {})
EAGER = '''
"""Buys every price it hears."""
from memesnipe.strategy.contract import Buy, EventType, Parameters, RiskProfile, Strategy, strategy


@strategy(
    id="eager", version="1", subscriptions={EventType.PRICE}, parameters=Parameters,
    risk_profile=RiskProfile(thesis="t", exposures=("e",), failure_modes=("f",), holding_time_s=1, loss_per_trade_bps_max=1),
)
class Eager(Strategy[Parameters]):
    async def on_event(self, event):
        return Buy(event.mint, 10**7, 100, event.quote_lamports, event.base_units, "a price")
'''
OTHER = EAGER + "\n# other bytes are other code\n"
PATIENT = PORTFOLIO.replace("spec: {}", "spec: {eventAgeMsMax: 600000}")
"""A busy machine makes no price stale."""
DOCUMENT = "\n".join(f"## {section}\n\nEight words are what every section needs here.\n" for section in SECTIONS)


def running(service: str) -> Running:
    return Running(service, SystemClock(), Health(service), asyncio.Event())


class Mainnet:
    """Factory, control, allocator, risk_guardian and one executor, each on a connection of its own; the code before has its whole share."""

    def __init__(self, folder: Path, rpc_url: str) -> None:
        self.folder = folder
        for name in ("manifests", "evidence"):
            (folder / name).mkdir()
        (folder / "manifests" / "all.yaml").write_text(f"{PATIENT}---\n{a_strategy('eager', 'strategy: eager, mode: live')}")
        (folder / "eager.md").write_text(DOCUMENT)
        self._settings = ControlSettings(
            data_dir=str(folder), manifests=str(folder / "manifests"), evidence=str(folder / "evidence"), rpc_url=rpc_url,
            paper_trading_mode=False,
        )  # fmt: skip
        self._prices = 0

    async def connect(self, make_bus: MakeBus) -> None:
        self.bus = await make_bus()
        self._executors_bus = await make_bus(service="executor", consumer="eager")
        self.factory = Registrar(self.bus, SystemClock(), [self.folder])
        self.control = Control(self._settings, running("control"), self.bus)
        self.allocator = Allocator(await make_bus(service="autonomous_allocator"), running("autonomous_allocator"))
        seal = RiskSeal(RiskSettings(data_dir=str(self.folder)))  # its key is one of those that control made
        self.guardian = Guardian(await make_bus(service="risk_guardian"), running("risk_guardian"), seal)

    async def begin(self) -> None:
        """Let the code before be where its results took it: live, on its whole share."""
        held = Holdings((HeldAccount("eager", Mode.PAPER, 0, (), (), 100),))
        await self.bus.put(HOLDINGS_KEY, encode(held))
        code = self.write(EAGER)
        now_ns = time.time_ns()
        full = Standing(PromotionStage.FULL, step=3, since_ns=now_ns, spec_hash=SPEC, code_hash=code, own_ns=now_ns)
        await self.bus.commit(Batch("autonomous_allocator", ()), (), State(STATE, 0, books.encode(books.Book(promotions={"eager": full}))))
        await self.allocator.reload()
        await self.factory_looks()
        await self.guardian.reload()
        await self.executor_starts()

    def write(self, code: str) -> str:
        """Put the strategy's code in place, with the evidence that it may go live by; return its hash."""
        (self.folder / "eager.py").write_text(code)
        hashed = hash_of(load("eager", [self.folder]))
        (self.folder / "evidence" / f"{hashed[:8]}.evidence.json").write_bytes(to_json(a_record_for(SPEC, hashed, strategy="eager")))
        return hashed

    async def executor_starts(self) -> None:
        plugin = load("eager", [self.folder])
        spec, settings = StrategySpec("eager", "eager", SPEC, {}), ExecutorSettings(executor_event_age_ms_max=600_000)
        self.executor = StrategyLoop(self._executors_bus, SystemClock(), settings, spec, plugin, hash_of(plugin))
        await self.executor.start()

    async def factory_looks(self) -> None:
        """Let the factory look, and those whom it tells act on it."""
        await self.factory.look()
        code = hash_of(load("eager", [self.folder]))
        async with asyncio.timeout(60):
            while not (applied := await self.bus.fold(CONFIG.name)) or applied[-1].message.strategies[0].code_hash != code:
                await self.control.turn()
                await asyncio.sleep(0.05)
            while not await self.bus.fold(ALLOCATIONS.name) or (await self.share()).live_code != code:
                await self.allocator.turn()

    async def answer(self) -> Mode | ReasonCode:
        """Tell a price of a token that nobody heard of; return the mode in which the buy is approved, or why it is not."""
        self._prices += 1
        mint = "abcdefghij"[self._prices] * 40
        tick = a_tick(event_id=f"price-{self._prices}", time_ns=time.time_ns(), mint=mint)
        await self.bus.publish(PRICE.name, a_frame(tick))
        async with asyncio.timeout(60):
            while len(await self.bus.fold(INTENTS.of("eager"))) < self._prices:
                await self.executor.turn()
            while not (told := await self._told(mint)):
                await self.guardian.turn()
        return told[0]

    async def _told(self, mint: str) -> list[Mode | ReasonCode]:
        approved = [one.message.mode for one in await self.bus.fold(APPROVED.name) if one.message.intent.mint == mint]
        return approved + [one.message.reason for one in await self.bus.fold(REJECTED.name) if one.message.mint == mint]

    async def share(self) -> StrategyAllocation:
        (share,) = (await self.bus.fold(ALLOCATIONS.name))[-1].message.shares
        assert isinstance(share, StrategyAllocation)
        return share


@pytest.fixture
async def mainnet(make_bus: MakeBus, tmp_path: Path, chain: str) -> Mainnet:
    made = Mainnet(tmp_path, chain)
    await made.connect(make_bus)
    await made.begin()
    return made


@pytest.fixture(scope="module")
def chain() -> Iterator[str]:
    with a_chain(MAINNET_GENESIS) as url:
        yield url


async def test_new_code_waits_for_the_factory_and_then_buys_on_its_own_first_step(mainnet: Mainnet) -> None:
    before = (await mainnet.answer(), (await mainnet.share()).weight_bps)

    mainnet.write(OTHER)
    await mainnet.executor_starts()
    unseen = (await mainnet.answer(), (await mainnet.share()).weight_bps)
    await mainnet.factory_looks()
    seen = (await mainnet.answer(), (await mainnet.share()).weight_bps)

    assert before == (Mode.LIVE, 10_000)
    assert unseen == (ReasonCode.CODE_MISMATCH, 10_000)
    assert seen == (Mode.LIVE, 500)


async def test_an_executor_that_goes_on_with_the_code_before_buys_nothing_on_the_share_of_the_new_code(mainnet: Mainnet) -> None:
    mainnet.write(OTHER)

    await mainnet.factory_looks()
    stayed = await mainnet.answer()
    await mainnet.executor_starts()

    assert (stayed, await mainnet.answer()) == (ReasonCode.CODE_MISMATCH, Mode.LIVE)
