"""`memesnipe walkforward`: parameters chosen on the past of a market and traded on what came next, every try written down."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memesnipe.cli.leaving import leave_json
from memesnipe.cli.past import CapitalOption, ManifestsOption, MarketArgument, PoolOption, SeedOption, SolCandlesOption
from memesnipe.cli.showing import show, table_of
from memesnipe.cli.studying import (
    Asked,
    DatabaseOption,
    EmbargoOption,
    FoldsOption,
    GridOption,
    IncumbentOption,
    JobsOption,
    LaneOption,
    PeriodOption,
    PurgeOption,
    RollingOption,
    SampleOption,
    SchedulerOption,
    SpaceOption,
    StrategyArgument,
    StudyOption,
    TrainOption,
    study_of,
)
from memesnipe.kernel.clock import NS_PER_S

if TYPE_CHECKING:
    from memesnipe.research.walk.summary import SeriesSummary, Summary

FOLDS = ("TRAINED ON", "TESTED ON", "CHOSEN", "SHARPE IN", "SHARPE OUT")
RECORDS = ("OUT OF SAMPLE", "OBSERVATIONS", "SHARPE", "NET RETURN", "DRAWDOWN")


def walkforward(
    strategy: StrategyArgument,
    market: MarketArgument,
    grid: GridOption = None,
    space: SpaceOption = None,
    sample: SampleOption = None,
    period: PeriodOption = "1h",
    folds: FoldsOption = 5,
    train_min: TrainOption = 0,
    rolling: RollingOption = 0,
    purge: PurgeOption = "",
    embargo: EmbargoOption = "0s",
    seed: SeedOption = None,
    capital_sol: CapitalOption = "",
    manifests: ManifestsOption = None,
    pool_sol: PoolOption = 1_000,
    sol_candles: SolCandlesOption = None,
    incumbent: IncumbentOption = None,
    study: StudyOption = "walk",
    lane: LaneOption = "async",
    jobs: JobsOption = 0,
    scheduler: SchedulerOption = "",
    database: DatabaseOption = "",
    json: Annotated[Path | None, typer.Option(help="Write the numbers here.")] = None,
) -> None:
    """Search parameters on the past and trade them on what came next. A study that was killed goes on by the same command."""
    from memesnipe.research.walk.summary import summary_of

    walked = study_of(
        Asked(
            strategy=strategy,
            market=market,
            grid=grid or [],
            space=space,
            sample=sample,
            period=period,
            folds=folds,
            train_min=train_min,
            rolling=rolling,
            purge=purge,
            embargo=embargo,
            seed=seed,
            capital_sol=capital_sol,
            manifests=manifests or [],
            pool_sol=pool_sol,
            sol_candles=sol_candles,
            incumbent=incumbent,
            study=study,
            lane=lane,
            jobs=jobs,
            scheduler=scheduler,
            database=database,
        )
    )
    summary = summary_of(walked)
    _tell(summary)
    if json is not None:
        leave_json("--json", json, summary)


def _tell(summary: "Summary") -> None:
    title = f"{summary.name} on {summary.market}, seed {summary.seed}, observations of {summary.period_s:,} s"
    folds = [
        (
            f"{fold.train.observations:,}", f"{_day(fold.test.begin_ns)} to {_day(fold.test.end_ns)}",
            " ".join(f"{name}={value}" for name, value in fold.parameters.items()), _ratio(fold.sharpe_in), _ratio(fold.sharpe_out),
        )
        for fold in summary.folds
    ]  # fmt: skip
    show(table_of(title, FOLDS, folds, right=("TRAINED ON", *FOLDS[3:]), prose=("CHOSEN",)), "")
    show(table_of("", RECORDS, _records(summary), right=RECORDS[1:]), "")
    _tell_of_trials(summary)
    typer.echo(summary.verdict)


def _records(summary: "Summary") -> list[tuple[str, ...]]:
    named = (
        ("as chosen", summary.outside),
        ("at twice the costs", summary.double_costs),
        ("two slots later", summary.two_slots_later),
        ("the incumbent", summary.incumbent),
    )
    return [(name, *_row(record)) for name, record in named if record is not None]


def _row(record: "SeriesSummary") -> tuple[str, ...]:
    return f"{record.observations:,}", _ratio(record.sharpe), f"{record.net_return:+.2%}", f"{record.drawdown:.2%}"


def _tell_of_trials(summary: "Summary") -> None:
    for what, reasons in (("failed", summary.failed), ("were refused by the strategy's own bounds", summary.refused)):
        if reasons:
            point, why = next(iter(reasons.items()))
            typer.echo(f"{len(reasons)} points {what}; the first, {point}: {why}")
    ahead = summary.lookahead
    found = "no look-ahead" if ahead.clean else ahead.findings[0].sentence() if ahead.findings else "it never acted, or not twice alike"
    typer.echo(f"look-ahead replay on {ahead.prefixes} shorter histories, {ahead.actions} actions: {found}")
    typer.echo(f"paths of cross-validation: Sharpe {', '.join(map(_ratio, summary.path_sharpes))}")
    typer.echo(f"{summary.trades} trades out of sample; {summary.tried} tries in all for {summary.strategy}; study {summary.study}")
    typer.echo(f"best over the whole time: {' '.join(f'{name}={value}' for name, value in summary.chosen.parameters.items())}")


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:+.3f}"


def _day(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M")
