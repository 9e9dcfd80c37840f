"""Keeps `Standing` current: reads what was added to the kill switch and to the configuration since last time."""

from memesnipe.bus import topology
from memesnipe.bus.api import Bus
from memesnipe.bus.folds import Halts, fold_halts, latest_config
from memesnipe.guard.standing import Standing, standing_of
from memesnipe.messages.control import ConfigApplied


class Folds:
    """The two fold streams wallet_guard obeys."""

    def __init__(self, bus: Bus, own_size_lamports_max: int) -> None:
        self._bus = bus
        self._own_size_lamports_max = own_size_lamports_max
        self._halts = Halts()
        self._config: ConfigApplied | None = None
        self._config_after = "0"

    async def refresh(self) -> Standing | None:
        """Return what is in force now; None until a first configuration is applied. Raises Unavailable."""
        self._halts = fold_halts(self._halts, await self._bus.fold(topology.KILL_SWITCH.name, self._halts.after))
        entries = await self._bus.fold(topology.CONFIG.name, self._config_after)
        self._config = latest_config(self._config, entries)
        self._config_after = entries[-1].id if entries else self._config_after
        return standing_of(self._config, self._halts, self._own_size_lamports_max) if self._config else None
