"""Whether the strategy that a person names exists: "nothing is held" must never be the answer to a typing error.

Known is what is applied, and whoever is in the ledger: a strategy that was taken away may still hold something. Where neither can be asked
nobody can say, and every name passes.
"""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from memesnipe.cli import addresses as stack
from memesnipe.control.status import status_file, status_in
from memesnipe.kernel.errors import ConfigError, Unavailable

if TYPE_CHECKING:
    from memesnipe.bus.api import Bus


def refuse_unknown(strategy: str) -> None:
    """Raise ConfigError, with the names that there are, for one that is neither applied nor in the ledger."""
    applied = _applied()
    if applied is not None and strategy not in applied:
        refuse_untraded(strategy, applied, stack.data_dir())


def refuse_untraded(strategy: str, applied: Iterable[str], data: Path) -> None:
    """Raise ConfigError for a name that the ledger does not have either; a ledger that does not answer has every name."""
    from memesnipe.ledger.read import totals

    try:
        with stack.ledger(data) as engine, engine.connect() as connection:
            traded = {one.strategy for one in totals(connection)}
    except (ConfigError, Unavailable):
        return
    if strategy not in traded:
        known = ", ".join(sorted({*applied, *traded})) or "none"
        raise ConfigError(f"strategy {strategy!r} is neither applied here nor in the ledger; known: {known}")


async def applied_on(bus: "Bus") -> tuple[str, ...] | None:
    """Return the strategies of the newest configuration, None where none was ever applied. Raises Unavailable."""
    from memesnipe.bus import topology
    from memesnipe.bus.folds import latest_config

    config = latest_config(None, await bus.fold(topology.CONFIG.name))
    return tuple(one.id for one in config.strategies) if config else None


def _applied() -> tuple[str, ...] | None:
    """As control wrote it beside `memesnipe up`; elsewhere as the streams say."""
    data = stack.data_dir()
    if not stack.elsewhere() and status_file(data).is_file():
        return tuple(one.id for one in status_in(data))
    try:
        return asyncio.run(_asked(stack.find()))
    except (ConfigError, Unavailable):
        return None


async def _asked(addresses: stack.Addresses) -> tuple[str, ...] | None:
    from memesnipe.bus.redis_bus import connect
    from memesnipe.kernel.clock import SystemClock

    bus = await connect(addresses.settings(), SystemClock(), service="cli")
    try:
        return await applied_on(bus)
    finally:
        await bus.close()
