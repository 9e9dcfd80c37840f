"""The documentation as a site: it builds without a warning, and a reader's browser asks nobody but the site."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASKED = re.compile(r"<(?:script|img|link|iframe|source)\b[^>]*?\b(?:src|href)=\"?(https?://[^\s\">]+)")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the site, built strictly: a link or a heading that leads nowhere is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def test_every_page_of_the_documentation_is_on_the_site(site: Path) -> None:
    pages = [path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")]

    assert len(pages) > 50
    assert [str(page) for page in pages if not (site / page).exists()] == []


def test_the_site_asks_no_other_host(site: Path) -> None:
    asked = {address for page in site.rglob("*.html") for address in ASKED.findall(page.read_text(encoding="utf-8"))}

    assert asked == set()


def test_the_first_page_is_the_readme(site: Path) -> None:
    assert "Two commands" in (site / "index.html").read_text(encoding="utf-8")


def test_how_tos_are_grouped_by_what_a_reader_is_about_to_do(site: Path) -> None:
    page = (site / "howto" / "halt.html").read_text(encoding="utf-8")
    named = re.findall(r'<span class="md-ellipsis">\s*(.*?)\s*</span>', page, re.DOTALL)

    groups = [name for name in dict.fromkeys(named) if name in ("Run", "Operate", "Go live", "Research", "Develop")]
    assert groups == ["Run", "Operate", "Go live", "Research", "Develop"]
    assert "Template of a strategy's document" in named
    assert "NAME" not in named


def test_each_how_to_is_in_the_navigation_once(site: Path) -> None:
    page = (site / "index.html").read_text(encoding="utf-8")
    pages = sorted(path.stem for path in (ROOT / "docs" / "howto").glob("*.md"))

    linked = re.findall(r'<a href="?howto/([a-z-]+)\.html"? class="?md-nav__link', page)
    assert sorted(linked) == pages
