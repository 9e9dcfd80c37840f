"""The commands for people. Each is a few lines: find the stack, call the part that does it, say what happened."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from memesnipe.cli import addresses as stack
from memesnipe.cli.backtest import backtest
from memesnipe.cli.config import config_app
from memesnipe.cli.evidence import command as evidence
from memesnipe.cli.importing import import_app
from memesnipe.cli.live_check import live_check
from memesnipe.cli.new import new_app
from memesnipe.cli.report import report
from memesnipe.cli.walkforward import walkforward
from memesnipe.kernel.errors import MemeSnipeError
from memesnipe.kernel.logs import configure
from memesnipe.kernel.settings import environment, load
from memesnipe.messages.bounds import HaltState

app = typer.Typer(
    name="memesnipe",
    help="Autonomous trading of Solana memecoins: on paper until evidence and guardrails say otherwise.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(config_app, name="config")
app.add_typer(import_app, name="import")
app.add_typer(new_app, name="new")
app.command("live-check")(live_check)
app.command("backtest")(backtest)
app.command("walkforward")(walkforward)
app.command("evidence")(evidence())
app.command("report")(report)
console = Console()

Strategy = Annotated[str, typer.Option("--strategy", "-s", help="Only this strategy; without it, the whole portfolio.")]
Why = Annotated[str, typer.Option("--reason", "-r", help="Kept in the audit trail.")]


@app.command()
def up(
    replay: Annotated[Path | None, typer.Option(help="Run on a recording instead of a live market, then print a summary.")] = None,
    manifests: Annotated[list[Path] | None, typer.Option(help="Folder of manifests; may be given more than once.")] = None,
    stay: Annotated[bool, typer.Option(help="After a replay keep the page open until Ctrl-C.")] = False,
) -> None:
    """Start the whole stack on this machine. Ctrl-C stops all of it."""
    from memesnipe.signer.environment import refuse_keys_in
    from memesnipe.supervisor.plan import UpSettings

    refuse_keys_in(environment())  # before any setting is read, whose error could repeat it
    if manifests:
        os.environ["MEMESNIPE_MANIFESTS"] = ":".join(str(folder) for folder in manifests)
    if replay is not None:
        from memesnipe.supervisor.replay import run_replay

        raise typer.Exit(run_replay(load(UpSettings), replay, stay=stay))
    from memesnipe.supervisor.up import run_up

    raise typer.Exit(run_up(load(UpSettings)))


@app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def localnet(context: typer.Context) -> None:
    """Run the memecoin market in a box by itself; `memesnipe localnet --help` lists its options."""
    os.execv(sys.executable, [sys.executable, "-m", "memesnipe.localnet", *context.args])  # noqa: S606 - our own module, no shell


@app.command()
def kill(
    strategy: Strategy = "",
    reason: Why = "by hand",
    reduce_only: Annotated[bool, typer.Option("--reduce-only", help="Strategies may still reduce what they hold.")] = False,
    freeze: Annotated[bool, typer.Option("--freeze", help="Nothing at all is signed: for a stolen key.")] = False,
) -> None:
    """Stop new risk within a second. Protective exits still work (but for --freeze)."""
    state = HaltState.FROZEN if freeze else HaltState.REDUCE_ONLY if reduce_only else HaltState.HALTED
    _halt(state, strategy, reason)


@app.command()
def resume(
    strategy: Strategy = "",
    reason: Why = "by hand",
    frozen: Annotated[bool, typer.Option("--frozen", help="Also lift a freeze.")] = False,
) -> None:
    """Reopen after a halt."""
    _halt(HaltState.ACTIVE, strategy, reason, lift_frozen=frozen)


def _halt(state: HaltState, strategy: str, reason: str, *, lift_frozen: bool = False) -> None:
    from memesnipe.cli.halting import halt

    halts = halt(stack.find(), state, strategy, reason, lift_frozen=lift_frozen)
    typer.echo(f"{strategy or 'portfolio'}: {state.value} (halt epoch {halts.epoch})")


@app.command()
def close(
    strategy: Annotated[str, typer.Argument(help="Whose position.", show_default=False)],
    mint: Annotated[str, typer.Argument(help="Address of the token.", show_default=False)],
) -> None:
    """Close one open position of one strategy."""
    from memesnipe.cli.closing import close as ask

    ask(stack.find(), strategy, mint)
    typer.echo(f"asked position_manager to close {mint} of {strategy}")


@app.command()
def reconcile() -> None:
    """Rebuild every position from the wallet's full chain history and compare it with the ledger; exit 1 on any difference."""
    from memesnipe.ledger.engine import ledger_url
    from memesnipe.reconcile.run import run

    found = stack.find()
    raise typer.Exit(run(ledger_url(str(found.data_dir), os.environ.get("DATABASE_URL", "")), found.rpc_url, found.wallet))


@app.command()
def status() -> None:
    """Show strategies, their effective modes and what keeps them from going live."""
    from memesnipe.cli.status import strategies

    table = Table("strategy", "mode", "gate", "status", "what to do")
    for row in strategies(stack.data_dir()):
        table.add_row(*row)
    console.print(table)
    if not stack.runs(stack.data_dir()):
        typer.echo(f"nothing runs on {stack.data_dir()} now: this is how it was left")


def run() -> None:
    """Run a command; an error of ours is one clear line and exit code 1."""
    configure("cli", level="ERROR")
    try:
        app()
    except MemeSnipeError as error:
        print(f"memesnipe: {error}", file=sys.stderr)  # not through rich: it would break the line
        raise SystemExit(1) from None
