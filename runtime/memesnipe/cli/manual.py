"""What `memesnipe --help` says around the list of commands, and the exit codes. docs/reference/cli.md is made from this and the parser."""

from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from rich.table import Table
    from typer._click import Context, HelpFormatter

PANELS = ("Run", "Look", "Stop and reopen", "Check", "Research")

DONE, FAILED, USAGE, REFUSED, UNKNOWN, CONFIG, BROKEN = 0, 1, 2, 3, 4, 78, 70

EXIT_CODES: tuple[tuple[int, str], ...] = (
    (DONE, "done; for a check: nothing is wrong"),
    (FAILED, "it could not be done, or a check found something wrong: one line on stderr says what to do"),
    (USAGE, "the command line is wrong"),
    (REFUSED, "`evidence` alone: the gate said no"),
    (UNKNOWN, "a part (Redis, the ledger, a host) did not answer: whether it was done is NOT known; `status`: shown is what is known"),
    (BROKEN, "a service: it failed, and may be started again"),
    (CONFIG, "a service: its configuration is wrong, and starting it again will not help"),
)

HEAD = "Autonomous trading of Solana memecoins: on paper until evidence and guardrails say otherwise."

EXAMPLES: tuple[tuple[str, str], ...] = (
    ("memesnipe up", "start everything on this machine, on paper; the page is at http://localhost:8080"),
    ("memesnipe new strategy dip-buyer", "write a strategy; the running stack takes it up by itself"),
    ("memesnipe status", "is it well, what is held, and what keeps a strategy from going live"),
    ("memesnipe orders show 3f9c", "one order from the event that caused it to its fill, hop by hop"),
    ('memesnipe kill --reason "feed is odd"', "stop new risk within a second; exits go on"),
    ("memesnipe resume", "reopen"),
    ("memesnipe positions --json | jq '.[].mint'", "every command that shows something has --json for machines"),
    ("memesnipe doctor", "what is wrong with this installation, each with its fix"),
)

ENVIRONMENT: tuple[tuple[str, str], ...] = (
    ("MEMESNIPE_DATA_DIR", "the data folder; without it `shared`. Commands find the stack that runs there"),
    ("MEMESNIPE_REDIS_URL", "Redis of a stack elsewhere; in a container of ours it is set already"),
    ("DATABASE_URL", "the ledger in PostgreSQL; without it SQLite in the data folder"),
    ("PAPER_TRADING_MODE", "false allows live trading here; each strategy still has to ask for it and to pass every gate"),
    ("NO_COLOR", "1: no colours"),
)

WHERE: tuple[tuple[str, str], ...] = (
    ("beside `make up`", ".venv/bin/memesnipe status"),
    ("docker compose", "docker compose exec dashboard memesnipe status"),
    ("a cluster", "kubectl -n memesnipe exec deployment/memesnipe-dashboard -- memesnipe status"),
)


CHAPTERS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("Examples", EXAMPLES),
    ("Where", WHERE),
    ("Environment", ENVIRONMENT),
    ("Exit codes", tuple((str(code), meaning) for code, meaning in EXIT_CODES)),
)
TAIL = "A service runs by its name: memesnipe wallet_guard. The reference of every command: docs/reference/cli.md"


def version(wanted: bool) -> None:
    """Say which release this is, and stop."""
    if wanted:
        from importlib.metadata import version as release

        typer.echo(f"memesnipe {release('memesnipe')}")
        raise typer.Exit


class Manual(TyperGroup):
    """The list of commands, and after it what a person wants to know before the first one."""

    def format_help(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Print the manual."""
        super().format_help(ctx, formatter)
        from rich.console import Console
        from rich.text import Text

        console = Console(highlight=False)
        for title, pairs in CHAPTERS:
            console.print(Text(title, style="bold"))
            if pairs is WHERE:  # commands, which are copied whole
                for name, command in pairs:
                    console.print(Text.assemble((f"  {name:<16}  ", "cyan"), command), soft_wrap=True)
            else:
                console.print(_grid(pairs))
            console.print()
        console.print(TAIL, markup=False)


def _grid(pairs: tuple[tuple[str, str], ...]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    for name, meaning in pairs:
        grid.add_row(Text(f"  {name}", style="cyan"), Text(meaning))
    return grid
