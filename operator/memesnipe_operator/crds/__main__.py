"""`python -m memesnipe_operator.crds [--check]`, from the root of a checkout: renew the generated files, or say which are stale."""

import sys
from pathlib import Path

from memesnipe_operator.crds.files import stale, write


def main(arguments: list[str]) -> int:
    """Return the exit status: 1 when `--check` finds a stale file."""
    root = Path.cwd()
    if "--check" not in arguments:
        write(root)
        return 0
    found = stale(root)
    for path in found:
        sys.stderr.write(f"{path}: stale; renew it with `python -m memesnipe_operator.crds`\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
