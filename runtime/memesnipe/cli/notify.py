"""`memesnipe notify`: a test message to every destination, so that a wrong address is found before the first halt is."""

import os
import time
from typing import TYPE_CHECKING, Annotated

import typer

from memesnipe.cli.showing import JsonOption, show, show_json, table_of

if TYPE_CHECKING:
    from memesnipe.notify.notes import Note


def notify(
    message: Annotated[str, typer.Option("--message", "-m", help="What is said.")] = "This is a test: notifications arrive here.",
    json: JsonOption = False,
) -> None:
    """Send a test message to every address in MEMESNIPE_NOTIFY_URLS_FILE. Exit code 1: one did not take it. No address is shown."""
    from memesnipe.kernel.settings import load
    from memesnipe.notify.destinations import destinations_in
    from memesnipe.notify.settings import NotifySettings

    settings = load(NotifySettings, os.environ)
    found = destinations_in(settings.urls_file(), timeout_s=settings.notify_timeout_s)
    taken = {one.name: one.send(_test(message)) for one in found}
    if json:
        show_json(taken)
    else:
        show(table_of("", ("DESTINATION", "TOOK IT"), [(name, "yes" if took else "no") for name, took in taken.items()]))
    for name in (name for name, took in taken.items() if not took):
        typer.echo(
            f"memesnipe: {name} did not take it: look at address {name.partition('-')[0]} of {settings.urls_file()}, at its token, "
            "and whether this machine reaches the service",
            err=True,
        )
    raise typer.Exit(0 if all(taken.values()) else 1)


def _test(message: str) -> "Note":
    from memesnipe.notify.notes import Kind, Level, note

    return note(Kind.SELF, Level.INFO, "[TEST] MemeSnipe", message, time.time_ns())
