"""What position_manager does when the finalized chain changed a position under it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from memesnipe.bus.topology import CONFIG, FILLS, HOLDINGS_KEY, POSITIONS
from memesnipe.kernel.clock import SystemClock
from memesnipe.ledger.engine import ledger_url
from memesnipe.messages.bounds import Mode
from memesnipe.messages.codec import decode
from memesnipe.messages.control import Holdings, PositionUpdate
from memesnipe.messages.orders import Fill
from memesnipe.positions.loop import Service
from memesnipe.positions.settings import PositionSettings
from memesnipe.positions.store import Store
from memesnipe.testing.builders import START_NS, STRATEGY, a_config, a_fill, a_sale, a_strategy, an_intent
from memesnipe.testing.buses import MakeBus


class Stage:
    """A service by hand."""

    def __init__(self, service: Service, store: Store, make_bus: MakeBus) -> None:
        self.service, self.store, self.make_bus = service, store, make_bus

    async def hears(self, *fills: Fill) -> None:
        bus = await self.make_bus()
        for fill in fills:
            await bus.publish(FILLS.of(STRATEGY), fill, fill.signature)
        await self.turns()

    async def turns(self) -> None:
        for _ in range(3):
            await self.service.turn()

    async def last_update(self) -> PositionUpdate:
        update: PositionUpdate = (await (await self.make_bus()).fold(POSITIONS.name))[-1].message
        return update


@pytest.fixture
async def stage(make_bus: MakeBus, tmp_path: Path) -> AsyncIterator[Stage]:
    clock, store = SystemClock(), Store(ledger_url(str(tmp_path)))
    await store.migrate()
    service = Service(await make_bus(service="position_manager"), clock, store, PositionSettings(snapshot_every_s=0.0))
    await service.restore()
    await (await make_bus()).publish(CONFIG.name, a_config(a_strategy(mode=Mode.LIVE)))
    yield Stage(service, store, make_bus)
    store.close()


async def test_a_buy_that_was_undone_is_no_position_any_more_and_everybody_hears_so(stage: Stage) -> None:
    fill = a_fill(an_intent(), mode=Mode.LIVE)
    await stage.hears(fill)
    opened = (await stage.last_update()).units

    await stage.store.amend(fill, None, START_NS)
    await stage.turns()

    assert opened == fill.token_delta_units
    assert (await stage.last_update()).units == 0
    assert stage.service.book.open == {}
    assert stage.store.amended == {}


async def test_a_sale_that_was_undone_is_a_position_with_a_stop_again(stage: Stage) -> None:
    bought = a_fill(an_intent(), mode=Mode.LIVE)
    sold = a_fill(a_sale(size_units=bought.token_delta_units), mode=Mode.LIVE, slot=bought.slot + 1)
    await stage.hears(bought, sold)
    closed = (await stage.last_update()).units

    await stage.store.amend(sold, None, START_NS)
    await stage.turns()

    update = await stage.last_update()
    assert closed == 0
    assert update.units == bought.token_delta_units
    assert update.stop_base_units == bought.token_delta_units


async def test_a_risk_guardian_that_starts_anew_hears_the_amended_holdings(stage: Stage) -> None:
    fill = a_fill(an_intent(), mode=Mode.LIVE)
    await stage.hears(fill)

    await stage.store.amend(fill, None, START_NS)
    await stage.turns()

    held = decode(Holdings, await (await stage.make_bus()).get(HOLDINGS_KEY) or b"")
    assert [one.holdings for one in held.accounts] == [()]
