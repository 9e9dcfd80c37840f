"""A strategy's document: what must be in it before the strategy may be registered. The template is docs/STRATEGY_TEMPLATE.md."""

SECTIONS = (
    "Thesis", "Signal", "Risk exposures", "Failure modes", "Exits", "Parameters", "Evidence", "What would falsify it",
)  # fmt: skip
PLACEHOLDER = "TODO"
WORDS_MIN = 8
"""A section with fewer words says nothing."""


def shortcomings(text: str) -> list[str]:
    """Return what a document lacks, one line for each section that is missing, empty or still a placeholder."""
    written = _sections(text)
    return [f"section {name!r} {fault}" for name in SECTIONS if (fault := _fault(written.get(name.lower())))]


def _fault(body: str | None) -> str:
    if body is None:
        return "is missing"
    if any(line.lstrip("-*> ").startswith(PLACEHOLDER) for line in body.splitlines()):
        return f"still holds a {PLACEHOLDER}"
    return "is empty" if len(body.split()) < WORDS_MIN else ""


def _sections(text: str) -> dict[str, str]:
    """Return the text below each second-level heading, by its name in lower case."""
    found: dict[str, str] = {}
    for block in ("\n" + text).split("\n## ")[1:]:
        heading, _, body = block.partition("\n")
        found[heading.strip().lower()] = body.strip()
    return found
