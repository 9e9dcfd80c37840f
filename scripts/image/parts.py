"""Leave of an installed memesnipe only what one role runs. Usage: parts.py ROLE PREFIX

The wheel is one; the images are not: code that is not there cannot be reached, whatever else goes wrong.
"""

import shutil
import sys
from pathlib import Path

KEPT_BY_SIGNER = {"kernel", "messages", "approvals", "chain", "signer", "cli"}
"""The packages that importing `memesnipe.signer.service` loads, and the command that starts it."""
CLI_KEPT_BY_SIGNER = {"__init__.py", "main.py"}
"""`memesnipe signer` starts here; the other commands want a command-line library that the signer's image does not have."""


def surplus(role: str, site: Path) -> list[Path]:
    """Return what a role does without. Raises SystemExit for a role that is none."""
    if role == "operator":
        return []
    if role in ("runtime", "allocator", "research"):
        return [site / "memesnipe_operator"]
    if role != "signer":
        raise SystemExit(f"ROLE: must be runtime, allocator, operator, research or signer, not {role!r}")
    packages = [path for path in (site / "memesnipe").iterdir() if path.is_dir() and path.name not in KEPT_BY_SIGNER]
    commands = [path for path in (site / "memesnipe" / "cli").iterdir() if path.name not in CLI_KEPT_BY_SIGNER]
    return [site / "memesnipe_operator", site / "memesnipe_strategies", site / "memesnipe" / "chain" / "clients", *packages, *commands]


def main(role: str, prefix: str) -> None:
    """Delete a role's surplus below `prefix`, where the wheel is. A path that is not there is an error: the table is then wrong."""
    site = next(Path(prefix).glob("lib/python3.*/site-packages"))
    for path in surplus(role, site):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


if __name__ == "__main__":
    main(*sys.argv[1:])
