"""A study as a person asks for it: the options that `walkforward` and `evidence` share, and from them to what a study leaves behind."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from memesnipe.chain.programs import LAMPORTS_PER_SOL
from memesnipe.cli.past import costs_of, manifests_in, strategy_folders
from memesnipe.kernel.clock import NS_PER_S, Clock, SystemClock
from memesnipe.kernel.errors import BadInput, ConfigError
from memesnipe.kernel.settings import CommonSettings, load

if TYPE_CHECKING:
    from memesnipe.manifests.reading import Manifests
    from memesnipe.research.trials.search import Spread
    from memesnipe.research.walk.ground import Ground
    from memesnipe.research.walk.plan import Plan
    from memesnipe.research.walk.values import Walked

StrategyArgument = Annotated[Path, typer.Argument(help="Manifest of one Strategy, or a folder with one.", show_default=False)]
GridOption = Annotated[list[str] | None, typer.Option(help="name=value,value,... of one parameter; may be given more than once.")]
SpaceOption = Annotated[Path | None, typer.Option(help="YAML or JSON file with such lists by parameter.")]
SampleOption = Annotated[int | None, typer.Option(help="Try so many points of the grid, drawn by the seed. Without it: all.", min=1)]
PeriodOption = Annotated[str, typer.Option(help="How long one observation lasts: 15m, 1h, 1d.")]
FoldsOption = Annotated[int, typer.Option(help="Steps of the walk-forward.", min=1, max=1_000)]
TrainOption = Annotated[int, typer.Option("--train-min", help="Observations before the first test; 0: half of them.", min=0)]
RollingOption = Annotated[int, typer.Option(help="Train on so many of the newest observations; 0: on all.", min=0)]
PurgeOption = Annotated[str, typer.Option(help="How long a trade may last. Without it: the RiskPolicy's time stop.", show_default=False)]
EmbargoOption = Annotated[str, typer.Option(help="Kept free between training and test, beyond that.")]
IncumbentOption = Annotated[Path | None, typer.Option(help="Manifest of the version that holds the place now.")]
StudyOption = Annotated[str, typer.Option(help="A name for the search; under another one all trials are run, and counted, anew.")]
LaneOption = Annotated[str, typer.Option(help="What runs the trials: async, or compiled where the strategy declares a signal.")]
JobsOption = Annotated[int, typer.Option(help="Processes; 0: one a core.", min=0, max=1_024)]
SchedulerOption = Annotated[str, typer.Option(help="tcp://host:port of a Dask cluster that runs the trials instead.", show_default=False)]
DatabaseOption = Annotated[str, typer.Option(help="Research database; without it research.db in the data folder.", show_default=False)]

UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
TOLD_EVERY_NS = 60 * NS_PER_S
LABEL = re.compile(r"[A-Za-z0-9._\-]{1,64}")
T = TypeVar("T")
R = TypeVar("R")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a person asked for, as the options have it."""

    strategy: Path
    market: Path
    grid: list[str] = []
    space: Path | None = None
    sample: int | None = None
    period: str = "1h"
    folds: int = 5
    train_min: int = 0
    rolling: int = 0
    purge: str = ""
    embargo: str = "0s"
    seed: int | None = None
    capital_sol: str = ""
    manifests: list[Path] = []
    pool_sol: int = 1_000
    sol_candles: Path | None = None
    incumbent: Path | None = None
    study: str = "walk"
    lane: str = "async"
    jobs: int = 0
    scheduler: str = ""
    database: str = ""


def study_of(asked: Asked) -> "Walked":
    """Run the study, with a progress bar on a terminal. Raises ConfigError naming the option, the file or the field."""
    from memesnipe.research.trials.registry import Registry
    from memesnipe.research.trials.spread import spread_of
    from memesnipe.research.trials.tables import open_research, research_url
    from memesnipe.research.walk.space import space_of
    from memesnipe.research.walk.study import study

    if not LABEL.fullmatch(asked.study):
        raise ConfigError(f"--study: {asked.study!r}: want 1 to 64 letters, digits, dots, dashes or underscores")
    ground = ground_of(asked)
    plan, points = plan_of(asked, ground), space_of(asked.grid, asked.space).points(asked.sample, ground.costs.terms.seed)
    incumbent = incumbent_of(asked, ground) if asked.incumbent is not None else None
    registry = Registry(open_research(research_url(load(CommonSettings).data_dir, asked.database)), clock := SystemClock())
    spread = spread_of(asked.jobs or cores(), asked.scheduler)
    with _progress() as bar:
        try:
            return study(ground, plan, points, registry, label=asked.study, spread=shown(spread, bar, clock), incumbent=incumbent)
        except BadInput as error:
            raise ConfigError(f"{asked.market}: {error}") from None


def ground_of(asked: Asked) -> "Ground":
    """Return where trials run. Raises ConfigError naming the file and field at fault."""
    from memesnipe.research.backtest.market import open_market
    from memesnipe.research.walk.engine_code import run_code
    from memesnipe.research.walk.ground import Ground, MarketFile

    manifests = manifests_in([asked.strategy, *asked.manifests], asked.capital_sol)
    depth_lamports, quote = asked.pool_sol * LAMPORTS_PER_SOL, asked.sol_candles.resolve() if asked.sol_candles else None
    try:
        market = open_market(asked.market, depth_lamports=depth_lamports, quote=quote)
    except BadInput as error:
        raise ConfigError(f"{asked.market}: {error}") from None
    # Workers may stand in another folder.
    file = MarketFile(path=asked.market.resolve(), sha256=market.sha256, depth_lamports=depth_lamports, quote=quote)
    folders = tuple(folder.resolve() for folder in strategy_folders())
    return Ground(
        market=file, manifests=manifests, costs=costs_of(asked.seed), folders=folders, code=run_code(_only(asked, manifests), folders)
    )


def _only(asked: Asked, manifests: "Manifests") -> str:
    """Return the code's name of the one strategy that runs."""
    running = [one for one in manifests.strategies if not one.spec.paused]
    if len(running) != 1:
        names = ", ".join(one.metadata.name for one in running) or "none"
        raise ConfigError(f"{asked.strategy}: a study is about one Strategy that is not paused; found {names}")
    return running[0].spec.strategy


def plan_of(asked: Asked, ground: "Ground") -> "Plan":
    """Return how the study is cut. Raises ConfigError naming the option."""
    from memesnipe.research.walk.plan import Lane, Plan

    if asked.lane not in tuple(Lane):
        raise ConfigError(f"--lane: {asked.lane!r}: want {' or '.join(Lane)}")
    horizon_s = seconds("--purge", asked.purge) if asked.purge else ground.manifests.policy.spec.time_stop_s
    if not horizon_s > 0:
        raise ConfigError("--purge: the RiskPolicy has no time stop, so say how long a trade may last")
    period_s = seconds("--period", asked.period)
    if not (period_s > 0 and period_s % UNITS_S["m"] == 0):
        raise ConfigError(f"--period: {asked.period!r}: want whole minutes")
    embargo_s = seconds("--embargo", asked.embargo)
    return Plan(
        period_s=period_s,
        horizon_s=horizon_s,
        embargo_s=embargo_s,
        folds=asked.folds,
        train_min=asked.train_min,
        rolling=asked.rolling,
        lane=Lane(asked.lane),
    )


def incumbent_of(asked: Asked, ground: "Ground") -> "Ground":
    """Return the same ground with the incumbent in the strategy's place: its limits, capital and share. Raises ConfigError."""
    from memesnipe.manifests.models import Strategy
    from memesnipe.research.backtest.setup import documents_in
    from memesnipe.research.walk.engine_code import run_code

    assert asked.incumbent is not None  # noqa: S101 - for the type checkers
    found = [one for one in documents_in([asked.incumbent]) if isinstance(one, Strategy)]
    if len(found) != 1:
        raise ConfigError(f"{asked.incumbent}: want one Strategy, found {len(found)}")
    there = found[0].model_copy(update={"metadata": ground.strategy.metadata})
    manifests = msgspec.structs.replace(ground.manifests, strategies=(there,))
    return msgspec.structs.replace(ground, manifests=manifests, code=run_code(there.spec.strategy, ground.folders))


def seconds(option: str, text: str) -> int:
    """Return how long `90s`, `15m`, `4h` or `1d` lasts. Raises ConfigError naming the option."""
    found = re.fullmatch(r"(\d{1,9})([smhd])", text.strip())
    if found is None:
        raise ConfigError(f"{option}: {text!r}: want a whole number and s, m, h or d, such as 15m")
    return int(found[1]) * UNITS_S[found[2]]


def cores() -> int:
    """Return how many cores this process may use; a container's limit counts."""
    from joblib import cpu_count

    return int(cpu_count())


def shown(spread: "Spread", bar: Progress, clock: Clock) -> "Spread":
    """Return the same spread, with a bar for each of its calls; where there is no terminal, a line a minute."""

    def shows(work: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]:
        waiting: list[Any] = list(items)
        task, told_ns = bar.add_task("", total=len(waiting)), clock.now_ns()
        for number, done in enumerate(spread(work, waiting), 1):
            bar.advance(task)
            if bar.disable and clock.now_ns() - told_ns >= TOLD_EVERY_NS:
                told_ns = clock.now_ns()
                print(f"runs {number:,} of {len(waiting):,}", file=sys.stderr, flush=True)
            yield done

    return shows


def _progress() -> Progress:
    columns = (TextColumn("runs"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
