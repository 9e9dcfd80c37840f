"""The evidence in the documentation is what its records say: whole, judged anew, and told on a page as it is, whether passed or failed."""

from pathlib import Path

import pytest

from memesnipe.research.backtest.setup import documents_in
from memesnipe.research.evidence.checking import read
from memesnipe.testing.evidence_pages import block_of, blocks_in

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "reference" / "evidence"
RECORDS = sorted(FOLDER.glob("*.evidence.json"))
PAGES = {"momentum": FOLDER / "momentum.md", "launch-sniper": FOLDER / "launch-sniper.md"}


def test_every_strategy_that_ships_has_evidence_about_it() -> None:
    assert {read(record).evidence.subject.strategy for record in RECORDS} == set(PAGES)


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.name)
def test_a_page_says_what_its_record_says(record: Path) -> None:
    opened = read(record)  # recomputes its hash and its verdict

    said = blocks_in(PAGES[opened.evidence.subject.strategy])
    assert said[record.name] == block_of(opened), "python scripts/evidence_pages.py writes the pages"


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda path: path.name)
def test_a_page_tells_of_no_record_that_is_not_there(page: Path) -> None:
    assert set(blocks_in(page)) <= {record.name for record in RECORDS}


@pytest.mark.parametrize(("name", "page"), PAGES.items())
def test_a_strategy_without_evidence_that_passes_says_that_it_stays_on_paper(name: str, page: Path) -> None:
    passed = [read(FOLDER / record).evidence.verdict.passed for record in blocks_in(page)]
    document = ROOT / "strategies" / "memesnipe_strategies" / f"{name.replace('-', '_')}.md"

    assert any(passed) or "it stays on paper" in page.read_text(encoding="utf-8")
    assert f"docs/reference/evidence/{page.name}" in document.read_text(encoding="utf-8")


@pytest.mark.parametrize("manifest", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.name)
def test_every_manifest_of_the_evidence_has_its_record(manifest: Path) -> None:
    names = [one.metadata.name for one in documents_in([manifest]) if one.kind == "Strategy"]

    assert [(FOLDER / f"{name}.evidence.json").exists() for name in names] == [True]


def test_none_of_the_recorded_data_is_in_the_repository() -> None:
    kinds = {".parquet", ".feather", ".csv", ".html", ".db"}

    assert [path.name for path in (ROOT / "docs").rglob("*") if path.suffix in kinds] == []
