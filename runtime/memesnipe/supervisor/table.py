"""The status table: on a terminal it stays in place, elsewhere only what changed is printed."""

import sys
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from memesnipe.kernel.texts import printable
from memesnipe.supervisor.child import Child


def render(children: list[Child], ready: dict[str, tuple[bool, str]], headline: str) -> Table:
    """Return the table."""
    table = Table(title=headline, title_justify="left", expand=False)
    for column in ("service", "state", "pid", "restarts", "note"):
        table.add_column(column, justify="right" if column in ("pid", "restarts") else "left")
    for child in children:
        good, why = ready.get(child.process.name, (False, ""))
        state = Text("ready", style="green") if good else Text(child.state, style="yellow")
        note = Text("" if good else printable(why))  # a service's own words, which may hold what rich takes for markup
        table.add_row(child.process.name, state, str(child.pid or ""), str(child.restarts or ""), note)
    return table


class Screen:
    """Shows the table while it is entered."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._live = Live(console=self._console, refresh_per_second=4) if sys.stderr.isatty() else None
        self._told: dict[str, str] = {}

    def __enter__(self) -> "Screen":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, children: list[Child], ready: dict[str, tuple[bool, str]], headline: str) -> None:
        """Refresh, or tell what changed."""
        if self._live is not None:
            self._live.update(render(children, ready, headline))
            return
        for child in children:
            good, why = ready.get(child.process.name, (False, ""))
            now = "ready" if good else f"{child.state}: {why}" if why and why != child.state else child.state
            if self._told.get(child.process.name) != now:
                self._told[child.process.name] = now
                self.say(f"{child.process.name}: {now}")

    def say(self, text: str) -> None:
        """Print one line."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)
