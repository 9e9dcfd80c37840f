"""Whoever follows a link of the documentation arrives: every relative one leads to a file, and to a heading that is there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted((ROOT / "docs").rglob("*.md"))
LINK = re.compile(r"\]\(([^()\s]+)\)")
NAMED = re.compile(r"`((?:docs|crds|charts|scripts|tests)/[\w./-]+)`")
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
FOREIGN = ("http://", "https://", "mailto:")


class Link(NamedTuple):
    page: Path
    target: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)} -> {self.target}"

    @property
    def file(self) -> Path:
        path = unquote(self.target.partition("#")[0])
        return (self.page.parent / path).resolve() if path else self.page

    @property
    def heading(self) -> str:
        return self.target.partition("#")[2]


def links() -> Iterator[Link]:
    """Yield every relative link outside of code."""
    for page in PAGES:
        text = CODE.sub("", page.read_text(encoding="utf-8"))
        yield from (Link(page, target) for target in LINK.findall(text) if not target.startswith(FOREIGN))


def headings(page: Path) -> set[str]:
    """Return a page's headings as links name them."""
    found = re.findall(r"^#+ +(.+?)\s*$", CODE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in found}


def test_every_relative_link_leads_to_something_in_the_repository() -> None:
    found = list(links())

    assert len(found) > 50
    assert [str(link) for link in found if not link.file.exists() or not link.file.is_relative_to(ROOT)] == []


def test_every_link_to_a_heading_finds_it() -> None:
    to_headings = [link for link in links() if link.heading and link.file.suffix == ".md"]

    assert len(to_headings) > 10
    assert [str(link) for link in to_headings if link.heading not in headings(link.file)] == []


def test_every_file_that_a_page_names_by_its_path_is_there() -> None:
    named = {(page, path) for page in PAGES for path in NAMED.findall(page.read_text(encoding="utf-8"))}

    assert [f"{page.relative_to(ROOT)}: {path}" for page, path in sorted(named) if not (ROOT / path).exists()] == []


def test_every_page_of_the_documentation_can_be_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        waiting += [link.file for link in links() if link.page == page and link.file.suffix == ".md" and link.file not in reached]

    decisions = ROOT / "docs" / "adr"  # the README links their folder
    assert [str(page.relative_to(ROOT)) for page in PAGES if page not in reached and page.parent != decisions] == []
