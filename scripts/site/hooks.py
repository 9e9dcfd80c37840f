"""What makes a site of the repository's Markdown: the README becomes its first page, and links that leave docs/ still lead somewhere.

A page of the repository may link a test, a chart or SECURITY.md. On the site Markdown outside of docs/ becomes a page below `repository/`,
and any other file a text that the browser shows. Nothing is linked by the address of a host: the site works from a folder.
"""

import os
import re
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
LINK = re.compile(r"\]\(([^()\s]+)\)")
FOREIGN = ("http://", "https://", "mailto:", "#")
HOME, OUTSIDE = "index.md", "repository"
SECTIONS = {"Reference": "reference", "Explanation": "explanation", "Decisions": "adr"}
HOWTO = {
    "Run": ("one-host", "compose", "install", "keys", "rbac", "upgrade", "uninstall"),
    "Operate": ("halt", "stolen-key", "page", "notifications", "report", "traces"),
    "Go live": ("go-live", "evidence"),
    "Research": ("backtest", "walk-forward", "replay", "perps"),
    "Develop": ("write-a-strategy", "test-cluster", "test-on-a-node"),
}
"""By what a reader is about to do, first what comes first. A page that is in none is an error of the strict build, which names it."""
TEMPLATE = {"Template of a strategy's document": "STRATEGY_TEMPLATE.md"}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Make the navigation: how-tos in their groups, all else of the folders, where a new page is there without being named twice."""
    groups: dict[str, list[str | dict[str, str]]] = {title: [f"howto/{name}.md" for name in names] for title, names in HOWTO.items()}
    groups["Develop"].append(TEMPLATE)
    pages = {title: [path.relative_to(DOCS).as_posix() for path in sorted((DOCS / name).rglob("*.md"))] for title, name in SECTIONS.items()}
    pages["Decisions"].insert(0, "adr/index.md")
    howto = {"How-to": [{title: found} for title, found in groups.items()]}
    config.nav = [{"MemeSnipe": HOME}, {"Tutorial": "tutorial.md"}, howto, *({title: found} for title, found in pages.items())]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the first page, a page that lists the decisions, and every file outside of docs/ that a page links."""
    files.append(File.generated(config, HOME, content=(ROOT / "README.md").read_text(encoding="utf-8")))
    files.append(File.generated(config, "adr/index.md", content=_decisions()))
    waiting, seen = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))], set[Path]()
    while waiting:
        for target in _linked(waiting.pop()):
            if target in seen or target.is_relative_to(DOCS) or not target.exists() or target == ROOT / "README.md":
                continue
            seen.add(target)
            files.append(File.generated(config, _address(target), content=_shown(target), inclusion=InclusionLevel.NOT_IN_NAV))
            if target.suffix == ".md":
                waiting.append(target)
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Return the page with each link that leaves docs/ pointing to where the site has that file."""
    here = page.file.src_uri
    source = _source(here)
    return LINK.sub(lambda found: f"]({_relinked(found[1], source, here)})", markdown)


def _relinked(target: str, source: Path, here: str) -> str:
    if target.startswith(FOREIGN):
        return target
    path, _, heading = target.partition("#")
    file = (source.parent / unquote(path)).resolve()
    if not file.is_relative_to(ROOT):
        return target
    relative = os.path.relpath(_address(file), PurePosixPath(here).parent)
    return f"{relative}#{heading}" if heading else relative


def _linked(page: Path) -> list[Path]:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    return [(page.parent / unquote(one.partition("#")[0])).resolve() for one in targets if not one.startswith(FOREIGN)]


def _address(file: Path) -> str:
    """Return where the site has a file of the repository."""
    if file == ROOT / "README.md":
        return HOME
    inside = file.relative_to(DOCS).as_posix() if file.is_relative_to(DOCS) else f"{OUTSIDE}/{file.relative_to(ROOT).as_posix()}"
    if file.is_dir():
        return f"{inside}/index.md"
    return inside if file.is_relative_to(DOCS) or file.suffix == ".md" else f"{inside}.txt"


def _source(address: str) -> Path:
    """Return the file of the repository that a page was made of."""
    if address == HOME:
        return ROOT / "README.md"
    path = PurePosixPath(address)
    return ROOT / path.relative_to(OUTSIDE) if path.parts[0] == OUTSIDE else DOCS / path


def _shown(target: Path) -> str:
    """Return a file's text, or what a folder holds."""
    if target.is_file():
        return target.read_text(encoding="utf-8")
    names = sorted(path.name for path in target.iterdir() if path.name[0] not in "._")
    return "\n".join([f"# {target.relative_to(ROOT)}/", "", *(f"- `{name}`" for name in names)])


def _decisions() -> str:
    rows = [f"- [{_title(path)}]({path.name})" for path in sorted((DOCS / "adr").glob("[0-9]*.md"))]
    return "\n".join(["# Decisions", "", "Decisions of substance, each with what it was weighed against.", "", *rows, ""])


def _title(page: Path) -> str:
    return page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
