"""The table of `memesnipe up`: a service's own words are shown and never obeyed."""

from io import StringIO

from rich.console import Console

from memesnipe.supervisor.child import Child
from memesnipe.supervisor.plan import Process
from memesnipe.supervisor.table import render


def shown(why: str) -> str:
    said = StringIO()
    Console(file=said, width=120).print(render([Child(Process("dashboard", ("true",), {}, 0))], {"dashboard": (False, why)}, "MemeSnipe"))
    return said.getvalue()


def test_a_reason_that_looks_like_markup_does_not_end_the_stack() -> None:
    assert "no [/bold] \\d there" in shown("no [/bold] \\d there")


def test_a_reason_does_not_move_the_cursor() -> None:
    assert "\x1b[2J" not in shown("gone\x1b[2J")
