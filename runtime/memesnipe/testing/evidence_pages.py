"""The part of an evidence page that its record decides: written from the record, and held against it by a test.

In a page it stands between `<!-- record: NAME.evidence.json -->` and `<!-- end of record -->`; everything else there is written by people.
"""

import re
from datetime import UTC, datetime
from pathlib import Path

from memesnipe.evidence.record import Record
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.research.evidence.checking import read
from memesnipe.research.evidence.demands import rows_of

BLOCK = re.compile(r"<!-- record: ([\w.-]+) -->\n(.*?)<!-- end of record -->", re.DOTALL)


def blocks_in(page: Path) -> dict[str, str]:
    """Return what a page says of each record, by the record's file name."""
    return dict(BLOCK.findall(page.read_text(encoding="utf-8")))


def rewrite(page: Path) -> None:
    """Put into a page what its records say. Raises ConfigError for one that is not beside it, or not whole."""
    text = BLOCK.sub(lambda found: _marked(found[1], block_of(read(page.parent / found[1]))), page.read_text(encoding="utf-8"))
    page.write_text(text, encoding="utf-8")


def block_of(record: Record) -> str:
    """Return the verdict, what it is about and every demand, as Markdown."""
    evidence = record.evidence
    subject, metrics = evidence.subject, evidence.metrics
    rows = rows_of(metrics, evidence.thresholds)
    return "\n".join([
        f"**{evidence.verdict.sentence()}**",
        "",
        "| demand | measured | wanted | |",
        "|---|---|---|---|",
        *(f"| `{row.demand}`: {row.asks} | {row.measured} | {row.limit} | {'failed' if row.failed else 'met'} |" for row in rows),
        "",
        f"Sharpe ratio of one observation, out of sample: {_number(metrics.sharpe)}.",
        f"Net return out of sample: {_number(metrics.net_return)} of the capital. Trials behind it: {metrics.trials}.",
        "",
        f"Spec `{subject.spec_hash}`, code `{subject.code_version}`,",
        f"data `{subject.data_hash}`, study `{subject.study}`, seed {subject.seed}.",
        f"Sealed on {_day(evidence.created_ns)}; SHA-256 of the evidence `{record.sha256}`.",
        "",
    ])  # fmt: skip


def _marked(name: str, text: str) -> str:
    return f"<!-- record: {name} -->\n{text}<!-- end of record -->"


def _number(value: float | None) -> str:
    return "could not be measured" if value is None else f"{value:.4f}"


def _day(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns / NS_PER_S, UTC):%d %B %Y}"
