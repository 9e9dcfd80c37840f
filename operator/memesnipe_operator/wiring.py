"""The operator's parts and their connections, put together and closed again. Nothing is decided here."""

import contextlib
from collections.abc import AsyncIterator

from memesnipe.bus.redis_bus import connect
from memesnipe.bus.session import Session
from memesnipe.bus.trim import Trimmer
from memesnipe.control.desk import Desk
from memesnipe.control.tracker import Tracker
from memesnipe.kernel.service import Running
from memesnipe_operator import farewell, strategies
from memesnipe_operator.api import Api
from memesnipe_operator.children import Children
from memesnipe_operator.events import Recorder
from memesnipe_operator.installation import Installation
from memesnipe_operator.memory import Memory
from memesnipe_operator.operating import Operator, Parts
from memesnipe_operator.settings import Mounted, OperatorSettings
from memesnipe_operator.singletons import Singletons
from memesnipe_operator.telling import Teller
from memesnipe_operator.users import Users
from memesnipe_operator.world import World

STATE_S_MAX = 3.0
"""The turn that says halts and renews leases waits for these calls: it rather tries again than waits for a server that is starting."""


@contextlib.asynccontextmanager
async def put_together(running: Running, settings: OperatorSettings, files: Mounted, api: Api) -> AsyncIterator[Operator]:
    """Make the parts and their connections; close them in the end."""
    clock, world = running.clock, World()
    bus = await connect(settings, clock, service="operator")
    redis, trimmer = Session(settings.redis_url, "operator:users"), Trimmer(settings)
    try:
        memory = Memory(api.apart(STATE_S_MAX), settings.namespace)
        await memory.open()
        users = Users(redis, files.users, files.passwords, settings.key_prefix)
        desk = Desk(bus, clock, files.lease_key, memory, by="operator", paper_switch=settings.paper_trading_mode)
        installation, children = Installation(settings, clock, world, desk, memory), Children(api)
        recorder = Recorder(api, clock, settings.strategies_namespace, settings.identity)
        leave = farewell.Farewell(farewell.Hands(settings, api, bus, trimmer, clock, world, children, users, recorder, installation))
        hands = strategies.Hands(settings, files.template, api, clock, world, children, users, recorder, installation, leave)
        teller = Teller(api, clock, world, children, installation, recorder)
        singletons = Singletons(api, bus, clock, world, installation, recorder)
        told, reconciler = Tracker(bus), strategies.Strategies(hands)
        yield Operator(Parts(settings, api, redis, world, children, users, installation, told, reconciler, teller, singletons))
    finally:
        await trimmer.close()
        await redis.close()
        await bus.close()
