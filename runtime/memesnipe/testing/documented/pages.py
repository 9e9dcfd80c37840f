"""Every command that a page of the documentation shows, as a person would type it.

Found in fenced and indented blocks, in running text between backticks, behind `$ ` prompts and in the comments beside other lines. A line
that goes on behind a backslash, a loop and a here-document are one command each.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[4]
PROGRAMS = (
    *("kubectl", "helm", "docker", "deploy.sh", "memesnipe", "make", "python", "python3", "pytest", "openssl", "sudo", "git", "solana"),
    *(
        "solana-keygen",
        "spl-token",
        "vault",
        "dask",
        "cp",
        "mv",
        "rm",
        "cat",
        "chmod",
        "chown",
        "mkdir",
        "curl",
        "wget",
        "ssh",
        "scp",
        "pip",
    ),
    *("uv", "pipx", "npm", "go", "cosign", "promtool", "redis-cli", "valkey-cli", "psql", "sqlite3", "kind", "minikube", "crictl", "apt"),
    *(
        "apt-get",
        "brew",
        "systemctl",
        "journalctl",
        "jq",
        "export",
        "source",
        "eval",
        "alembic",
        "ruff",
        "mypy",
        "mkdocs",
        "tar",
        "pre-commit",
    ),
)
"""What a person may be told to type. A program that is not here is not seen: name it when a page begins to use it. Where one line has
several, it is the first of these that decides who runs it."""
_FENCE = re.compile(r"^( *)```([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^(?: {4}|\t)(.*)$", re.MULTILINE)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_HEAD = re.compile(
    r"(?:^|&& |\|\|? |; |& |do\s+)(?:[A-Z][A-Z_0-9]*=\S+ )*(?:\./|\.venv/bin/)?(" + "|".join(map(re.escape, PROGRAMS)) + r")(?=[ \n])"
)
_LOOP = re.compile(r"(?:for|while) .*; do$")
_COMMENT = re.compile(r"\s#\s(.*)$", re.MULTILINE)
_LANGUAGES = ("", "sh", "bash", "shell", "console")


@dataclass(frozen=True)
class Command:
    """One command of one page."""

    page: str
    """Path of the page below the checkout."""
    text: str
    """What is typed: no prompt, no comment, on one line unless it is a loop or a here-document."""
    program: str
    """The program that it is about, without a folder."""
    inline: bool
    """Whether it stands in running text, where a verb alone may be named."""

    def __str__(self) -> str:
        return f"{self.page}: {self.text}"


def pages() -> list[Path]:
    """Return every page that tells people what to type."""
    top = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
    return [*top, *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "strategies").rglob("*.md"))]


def commands(*programs: str) -> list[Command]:
    """Return the commands of all pages, each once a page, in the order of the pages; of these programs alone where any are named."""
    found = [command for page in pages() for command in of_page(page.relative_to(ROOT).as_posix(), page.read_text(encoding="utf-8"))]
    return [command for command in found if not programs or command.program in programs]


def of_page(page: str, text: str) -> list[Command]:
    """Return the commands of one page, first those of its blocks in their order."""
    found: dict[str, Command] = {}
    for inline, line in _lines(text):
        whole = _COMMENT.sub("", line.removeprefix("$ ")).strip()
        if program := _program_of(whole):
            found.setdefault(whole, Command(page, whole, program, inline))
    return list(found.values())


def _program_of(line: str) -> str:
    """Return the program that a line is about; empty where it begins with none."""
    if not (_HEAD.match(line) or _LOOP.match(line.partition("\n")[0])):
        return ""
    heads: list[str] = _HEAD.findall(line)
    return min(heads, key=PROGRAMS.index)


def _lines(text: str) -> Iterator[tuple[bool, str]]:
    """Yield (whether it is in running text, what may be a command)."""
    prose = _FENCE.sub("", text)
    fenced = [
        re.sub(rf"^{indent}", "", body, flags=re.MULTILINE) for indent, language, body in _FENCE.findall(text) if language in _LANGUAGES
    ]
    for block in (*fenced, "\n".join(_INDENTED.findall(prose))):
        for line in _joined(block):
            yield False, line.strip()
            yield from ((False, comment.removeprefix("or: ").strip()) for comment in _COMMENT.findall(line))
    running = _INDENTED.sub("", prose)
    yield from ((True, inline.strip()) for inline in _INLINE.findall(running))


def _joined(block: str) -> Iterator[str]:
    """Yield lines; those that belong together as one."""
    lines = iter(re.sub(r"\s*\\\n\s*", " ", block).splitlines())
    for line in lines:
        until = _end_of(line)
        if not until:
            yield line
            continue
        body = [line]
        for following in lines:
            body.append(following)
            if following.strip() == until:
                break
        yield "\n".join(body)


def _end_of(line: str) -> str:
    """Return the line that ends what this one begins; empty where it is whole."""
    if _LOOP.match(line.strip()):
        return "done"
    here = re.search(r"<<'?(\w+)'?", line)
    return here[1] if here else ""
