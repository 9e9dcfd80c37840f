"""The findings of `memesnipe live-check` and `memesnipe doctor` for people and for machines, and what a person sees while waiting."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.text import Text

from memesnipe.live_check.finding import Reported, Status, exit_code
from memesnipe.live_check.look import Done, names

STYLES = {Status.OK: "green", Status.UNSEEN: "blue", Status.WARN: "yellow", Status.FAIL: "bold red"}


def tell(look: Callable[[Done], Coroutine[Any, Any, Sequence[Reported]]], *, machine: bool) -> NoReturn:
    """Look, show what was found, and end the command by what it means."""
    console = Console(highlight=False)
    with progress_on(console, shown=not machine and console.is_terminal) as done:
        found = asyncio.run(look(done))
    if machine:
        typer.echo(as_json(found))
    else:
        for line in as_lines(found):
            console.print(line, soft_wrap=True)
    raise typer.Exit(exit_code(found))


@contextmanager
def progress_on(console: Console, *, shown: bool) -> Iterator[Done]:
    """Show on a terminal what is still waited for; say nothing anywhere else."""
    if not shown:
        yield lambda _: None
        return
    waiting = list(names())
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=console, transient=True) as shown_now:
        task = shown_now.add_task("looking")

        def done(name: str) -> None:
            waiting.remove(name)
            shown_now.update(task, description=f"looking at {', '.join(waiting[:3])}{' and more' if len(waiting) > 3 else ''}")

        yield done


def as_lines(found: Sequence[Reported]) -> Iterator[Text]:
    """Yield one line a finding, and its fix beneath it; then where to look for what cannot be seen from here, and the sums."""
    width = max((len(f"{each.area}: {each.check}") for each in found), default=0)
    for each in found:
        yield Text.assemble((f"{each.status.value:<7}", STYLES[each.status]), f"{f'{each.area}: {each.check}':<{width}}  {each.found}")
        if each.fix and each.status is not Status.UNSEEN:
            yield Text(f"{'':<7}{'':<{width}}  fix: {each.fix}")
    for where in dict.fromkeys(each.fix for each in found if each.status is Status.UNSEEN):
        named = ", ".join(f"{each.area}: {each.check}" for each in found if each.status is Status.UNSEEN and each.fix == where)
        yield Text(f"to see {named}: {where}")
    counts = Counter(each.status for each in found)
    yield Text(", ".join(f"{counts[status]} {status.value}" for status in reversed(Status)))


def as_json(found: Sequence[Reported]) -> str:
    """Return the findings for machines, with the sums by status."""
    counts = Counter(each.status for each in found)
    body = {"ready": exit_code(found) == 0, "counts": {status.value: counts[status] for status in Status}, "findings": found}
    return msgspec.json.format(msgspec.json.encode(body)).decode()
