"""Measure the gate: how often noise passes it and how often a modest edge does, through the real engine. See explanation/evidence.md.

python -m memesnipe.testing.calibration [--share 1.0] [--processes 2] [--seed 1] [--json FILE]
"""

import argparse
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import track

from memesnipe.testing.calibration.study import ROWS, Task, run
from memesnipe.testing.calibration.table import Judged, lines, rates


def main() -> None:
    """Run the study, print its table, and write every study and the rates to `--json`."""
    asked = _asked()
    tasks = [Task(row, number, asked.seed) for row, kind in enumerate(ROWS) for number in range(max(1, round(kind.count * asked.share)))]
    bar = track(run(tasks, asked.processes), "studies", total=len(tasks), console=Console(stderr=True))
    judged: list[Judged] = list(bar)
    found = rates(judged)
    print(*lines(found), sep="\n")
    if asked.json:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode({"seed": asked.seed, "rates": found, "studies": judged})) + b"\n")


def _asked() -> argparse.Namespace:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--share", type=float, default=1.0, help="of the studies of each kind")
    words.add_argument("--processes", type=int, default=2)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--json", type=Path)
    return words.parse_args()


if __name__ == "__main__":
    main()
