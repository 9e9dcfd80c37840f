"""The release's notes: what CHANGELOG.md says of the version in pyproject.toml. `python scripts/release_notes.py` prints them.

The version is written down in pyproject.toml alone; the chart's and the changelog's are held against it by a test.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def version(root: Path = ROOT) -> str:
    """Return the version of this checkout."""
    found: str = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return found


def notes(changelog: str, version: str) -> str:
    """Return the section of a version, without its heading. Raises LookupError where there is none, or it is empty."""
    found = re.search(rf"^## {re.escape(version)}\b[^\n]*\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if found is None or not found[1].strip():
        raise LookupError(f"CHANGELOG.md has no notes for {version}")
    return found[1].strip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version()))
