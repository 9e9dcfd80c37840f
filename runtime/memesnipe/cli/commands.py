"""The commands for people. Each is a few lines: find the stack, call the part that does it, say what happened.

What takes time to load (numbers, database, tables) is imported inside the command that needs it: `memesnipe kill` must not wait for it.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from memesnipe.cli import addresses as stack
from memesnipe.cli import manual
from memesnipe.cli.allocations import allocations_app
from memesnipe.cli.backtest import backtest
from memesnipe.cli.completion import completion, ready_for_completion
from memesnipe.cli.config import config_app
from memesnipe.cli.doctor import doctor
from memesnipe.cli.evidence import command as evidence
from memesnipe.cli.importing import import_app
from memesnipe.cli.kill_switch import kill, resume
from memesnipe.cli.live_check import live_check
from memesnipe.cli.new import new_app
from memesnipe.cli.notify import notify
from memesnipe.cli.orders import orders_app
from memesnipe.cli.positions import positions
from memesnipe.cli.reconciling import reconcile
from memesnipe.cli.report import report
from memesnipe.cli.showing import JsonOption, show_json
from memesnipe.cli.status import status
from memesnipe.cli.walkforward import walkforward
from memesnipe.kernel.errors import MemeSnipeError, Unavailable
from memesnipe.kernel.logs import configure
from memesnipe.kernel.settings import environment, load

RUN, LOOK, STOP, CHECK, RESEARCH = manual.PANELS

app = typer.Typer(
    name="memesnipe",
    cls=manual.Manual,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(help=manual.HEAD)
def memesnipe(
    version: Annotated[
        bool, typer.Option("--version", help="Which release this is, and stop.", is_eager=True, callback=manual.version)
    ] = False,
) -> None:
    """Take what stands before a command."""


@app.command(short_help="start everything on this machine, on paper; Ctrl-C stops it", rich_help_panel=RUN)
def up(
    replay: Annotated[Path | None, typer.Option(help="Run on a recording instead of a live market, then print a summary.")] = None,
    manifests: Annotated[list[Path] | None, typer.Option(help="Folder of manifests; may be given more than once.")] = None,
    stay: Annotated[bool, typer.Option(help="After a replay keep the page open until Ctrl-C.")] = False,
) -> None:
    """Start the whole stack on this machine. Ctrl-C stops all of it."""
    from memesnipe.signer.environment import refuse_keys_in
    from memesnipe.supervisor.settings import UpSettings

    refuse_keys_in(environment())  # before any setting is read, whose error could repeat it
    if manifests:
        os.environ["MEMESNIPE_MANIFESTS"] = ":".join(str(folder) for folder in manifests)
    if replay is not None:
        from memesnipe.supervisor.replay import run_replay

        raise typer.Exit(run_replay(load(UpSettings), replay, stay=stay))
    from memesnipe.supervisor.up import run_up

    raise typer.Exit(run_up(load(UpSettings)))


@app.command(
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    short_help="the memecoin market in a box, by itself",
    rich_help_panel=RUN,
)
def localnet(context: typer.Context) -> None:
    """Run the memecoin market in a box by itself; `memesnipe localnet --help` lists its options."""
    os.execv(sys.executable, [sys.executable, "-m", "memesnipe.localnet", *context.args])  # noqa: S606 - our own module, no shell


app.add_typer(new_app, name="new", short_help="write a strategy with manifest, document and test", rich_help_panel=RUN)
app.add_typer(config_app, name="config", short_help="versions of the applied configuration, and back", rich_help_panel=RUN)

app.command("status", short_help="mode, halts, services, strategies, gates, lag", rich_help_panel=LOOK)(status)
app.command("positions", short_help="what is held: cost, mark, result, stop, age", rich_help_panel=LOOK)(positions)
app.add_typer(orders_app, name="orders", short_help="orders, and one of them hop by hop", rich_help_panel=LOOK)
app.command("report", short_help="results of closed trades, and what each cost took", rich_help_panel=LOOK)(report)
app.add_typer(allocations_app, name="allocations", short_help="how capital was shared out and why, and the proof", rich_help_panel=LOOK)

app.command("kill", short_help="stop new risk within a second; exits go on", rich_help_panel=STOP)(kill)
app.command("halt", hidden=True)(kill)
app.command("resume", short_help="reopen after a halt", rich_help_panel=STOP)(resume)


@app.command(short_help="sell one position of one strategy", rich_help_panel=STOP)
def close(
    strategy: Annotated[str, typer.Argument(help="Whose position.", show_default=False)],
    mint: Annotated[str, typer.Argument(help="Address of the token.", show_default=False)],
    json: JsonOption = False,
) -> None:
    """Close one open position of one strategy."""
    from memesnipe.cli.closing import close as ask

    asked = ask(stack.find(), strategy, mint)
    if json:
        show_json(asked)
    else:
        typer.echo(f"asked position_manager to close {mint} of {strategy}")


app.command("doctor", short_help="what is wrong with this installation, with each fix", rich_help_panel=CHECK)(doctor)
app.command("live-check", short_help="what is missing before real money moves, with each fix", rich_help_panel=CHECK)(live_check)


app.command("reconcile", short_help="ledger against the chain, to the lamport", rich_help_panel=CHECK)(reconcile)
app.command("notify", short_help="a test message to every notification address", rich_help_panel=CHECK)(notify)
app.command("completion", short_help="completion script for bash, zsh or fish", rich_help_panel=CHECK)(completion)

app.command("backtest", short_help="a strategy on past prices, by the code that trades it", rich_help_panel=RESEARCH)(backtest)
app.command("walkforward", short_help="parameters chosen on the past, traded on what came next", rich_help_panel=RESEARCH)(walkforward)
app.command("evidence", short_help="judge a strategy, and seal what was found", rich_help_panel=RESEARCH)(evidence())
app.add_typer(import_app, name="import", short_help="outside data into recordings", rich_help_panel=RESEARCH)


def run() -> None:
    """Run a command; an error of ours is one clear line, and the exit code says whether the outcome is known."""
    configure("cli", level="ERROR")
    ready_for_completion()
    try:
        app(prog_name="memesnipe")
    except MemeSnipeError as error:
        print(f"memesnipe: {error}", file=sys.stderr)  # not through rich: it would break the line
        raise SystemExit(manual.UNKNOWN if isinstance(error, Unavailable) else manual.FAILED) from None
    except PermissionError as error:
        print(f"memesnipe: {error.filename}: {error.strerror}; a stack's files are its own user's: run this as that one", file=sys.stderr)
        raise SystemExit(manual.FAILED) from None
