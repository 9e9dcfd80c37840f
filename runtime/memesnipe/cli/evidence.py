"""`memesnipe evidence`: a study, judged by the gate and sealed; or a look at a record that somebody has."""

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memesnipe.cli.past import manifests_in, strategy_folders
from memesnipe.cli.showing import show, table_of
from memesnipe.cli.studying import Asked, study_of
from memesnipe.cli.walkforward import walkforward
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.settings import CommonSettings, load

if TYPE_CHECKING:
    from memesnipe.evidence.record import Record
    from memesnipe.manifests.models import Strategy
    from memesnipe.manifests.reading import Manifests
    from memesnipe.research.evidence.checking import Wanted
    from memesnipe.research.walk.values import Tried

EXIT_FAILED = 3
"""The gate said no. Another failure ends with 1 or 2 and says nothing about the strategy."""
OutOption = Annotated[Path | None, typer.Option(help="Folder for record, numbers and report.", show_default=False)]
CheckOption = Annotated[
    Path | None,
    typer.Option(help="Look at this record: with STRATEGY whether it is about that, with MARKET by making it again.", show_default=False),
]


def command() -> Callable[..., None]:
    """Return the command: it takes what `walkforward` takes, and `--out` and `--check`."""
    shared = {name: one for name, one in inspect.signature(walkforward).parameters.items() if name != "json"}
    for name in ("strategy", "market"):  # a record can be looked at without either
        shared[name] = shared[name].replace(default=None)
    own = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=option)
        for name, option in (("out", OutOption), ("check", CheckOption))
    ]
    signature = inspect.Signature([*(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in shared.values()), *own])

    def evidence(**given: Any) -> None:
        """Judge a strategy: search, walk forward, and put all of it before the gate. Exit code 0: passed, 3: failed."""
        out, check = given.pop("out"), given.pop("check")
        asked = given | {"grid": given["grid"] or [], "manifests": given["manifests"] or []}
        passed = look(check, asked) if check is not None else make(asked, out)
        raise typer.Exit(0 if passed else EXIT_FAILED)

    vars(evidence).update(__signature__=signature, __annotations__={name: one.annotation for name, one in signature.parameters.items()})
    return evidence


def make(given: dict[str, Any], out: Path | None) -> bool:
    """Run or go on with the study, write record, numbers and report, and return whether it passed. Raises ConfigError."""
    if given["strategy"] is None or given["market"] is None or out is None:
        raise ConfigError("evidence: want STRATEGY, MARKET and --out FOLDER, or --check FILE")
    from memesnipe.kernel.clock import SystemClock
    from memesnipe.research.evidence.judging import judged
    from memesnipe.research.evidence.live import gap_in
    from memesnipe.research.evidence.writing import prepare, write

    asked = Asked(**given)
    manifests = manifests_in([asked.strategy, *asked.manifests], asked.capital_sol)
    prepare(out)
    walked = study_of(asked)
    gap = gap_in(load(CommonSettings).data_dir, os.environ.get("DATABASE_URL", ""), walked.name)
    found = judged(walked, manifests.allocation.spec.promotion.thresholds(), SystemClock(), live=gap)
    files = write(found, out)
    tell(found.record)
    _tell_of_parameters(found.tried, manifests)
    for file in (files.record, files.numbers, files.page):
        typer.echo(f"wrote {file}")
    return found.record.evidence.verdict.passed


def look(file: Path, given: dict[str, Any]) -> bool:
    """Open a record, recompute what can be, say what speaks against it, and return whether nothing does. Raises ConfigError."""
    from memesnipe.evidence.verdict import Thresholds
    from memesnipe.research.evidence.checking import against, read

    record = read(file)
    subject = record.evidence.subject
    typer.echo(f"{file}: whole; its hash and its verdict were recomputed")
    typer.echo(f"about {subject.strategy}, spec {subject.spec_hash}, code {subject.code_version}")
    typer.echo(f"when it was made: {record.evidence.verdict.sentence()}")
    if given["strategy"] is None:
        found = against(record, Thresholds())
    else:
        manifests = manifests_in([given["strategy"], *given["manifests"]], given["capital_sol"])
        found = against(record, manifests.allocation.spec.promotion.thresholds(), _wanted(manifests))
    if given["market"] is not None:
        found += _recomputed(record, Asked(**given))
    for objection in found:
        typer.echo(f"objection: {objection}")
    typer.echo(f"{len(found)} objections: nobody should rely on it" if found else "no objection")
    return not found


def tell(record: "Record") -> None:
    """Print the verdict, and what is not met as a table."""
    from memesnipe.research.evidence.demands import rows_of

    evidence = record.evidence
    failed = [row for row in rows_of(evidence.metrics, evidence.thresholds) if row.failed]
    if failed:
        rows = [(row.demand, row.measured, row.limit, row.failed) for row in failed]
        show(table_of("", ("DEMAND", "MEASURED", "WANTED", "WHAT TO DO"), rows, prose=("WHAT TO DO",)))
    typer.echo(evidence.verdict.sentence())


def _tell_of_parameters(tried: "Tried", manifests: "Manifests") -> None:
    """The best trial is another spec than the manifest's, unless the manifest has its parameters."""
    from memesnipe.control.applied import spec_hash

    one = _the_one(manifests)
    if spec_hash(one) != tried.spec_hash:
        named = ", ".join(f"{name}: {value}" for name, value in sorted(tried.parameters.items()))
        typer.echo(f"it is about other parameters than the manifest's, so give these to {one.metadata.name}: {{{named}}}")


def _wanted(manifests: "Manifests") -> "Wanted":
    """Return what a record must be about: the one Strategy of a manifest, with its code as it is here."""
    from memesnipe.control.applied import spec_hash
    from memesnipe.evidence.code import code_hash
    from memesnipe.research.evidence.checking import Wanted
    from memesnipe.strategy.code import code_of
    from memesnipe.strategy.loading import load as plugin_of

    one = _the_one(manifests)
    code = code_of(plugin_of(one.spec.strategy, strategy_folders()))
    return Wanted(one.spec.strategy, spec_hash(one), code_hash(code))


def _recomputed(record: "Record", asked: Asked) -> list[str]:
    """Make the record again from its study: what is in the research database is not run again."""
    from memesnipe.kernel.clock import SystemClock
    from memesnipe.research.evidence.checking import differences
    from memesnipe.research.evidence.judging import judged

    return differences(record, judged(study_of(asked), record.evidence.thresholds, SystemClock()).record)


def _the_one(manifests: "Manifests") -> "Strategy":
    running = [one for one in manifests.strategies if not one.spec.paused]
    if len(running) != 1:
        raise ConfigError(f"evidence is about one Strategy that is not paused; the manifests have {len(running)}")
    return running[0]
