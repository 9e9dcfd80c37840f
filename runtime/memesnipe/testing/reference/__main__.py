"""`python -m memesnipe.testing.reference` in the checkout renews the pages that are made from the code."""

import sys
from pathlib import Path

from memesnipe.testing.reference import metrics_page, settings_page

PAGES = {"settings.md": settings_page.render, "metrics.md": metrics_page.render}


def main(root: Path) -> int:
    """Write every page below `root`; return the exit code."""
    for name, render in PAGES.items():
        (root / "docs" / "reference" / name).write_text(render(root), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path.cwd()))
