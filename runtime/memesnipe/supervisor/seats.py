"""Which executors run: one for each strategy's spec file, started when the file comes, anew when it changes, stopped when it goes."""

from collections.abc import Callable
from pathlib import Path

from memesnipe.kernel.errors import ConfigError
from memesnipe.supervisor import own
from memesnipe.supervisor.child import Child
from memesnipe.supervisor.settings import UpSettings

SPECS = Path("run") / "strategies"
"""Where control writes the spec files, below the data folder."""

StartExecutor = Callable[[str, Path], Child]
"""Strategy and spec file -> a child that was started."""


class Seats:
    """The executors of one folder of specs. They are kept in the list of children that whoever shows or stops them looks at."""

    def __init__(self, settings: UpSettings, children: list[Child], start: StartExecutor) -> None:
        self._settings, self._children, self._start = settings, children, start
        self._folder = Path(settings.data_dir) / SPECS
        self._seated: dict[str, tuple[bytes, Child]] = {}

    async def follow(self) -> None:
        """Start, restart or stop executors so that they are what the spec files say."""
        specs = {file.stem: file for file in sorted(self._folder.glob("*.json"))}
        for name in [n for n in self._seated if n not in specs]:
            await self._leave(name)
        for name, file in specs.items():
            try:
                content = own.what_runs(file, self._settings)
            except (OSError, ConfigError):
                continue  # it is being replaced or removed just now; the next turn sees which
            if name in self._seated and self._seated[name][0] != content:
                await self._leave(name)
            if name not in self._seated:
                child = self._start(name, file)
                self._seated[name] = (content, child)
                self._children.append(child)

    def seated(self) -> dict[str, Child]:
        """Return the executors by strategy."""
        return {name: child for name, (_, child) in self._seated.items()}

    async def _leave(self, name: str) -> None:
        _, child = self._seated.pop(name)
        await child.stop()
        self._children.remove(child)
