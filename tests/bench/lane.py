"""The compiled lane beside vectorbt: 16 pairs of windows of the same cross of averages, over the same 1,000,000 prices, interleaved.

    python tests/bench/lane.py [--rounds 3] [--ticks 1000000]

vectorbt runs in the peers' environment (`scripts/bench_venv.sh` makes it; MEMESNIPE_BENCH_PYTHON names another). It charges 30 bps and
fills at the price of the signal; ours goes through the checks, limits, sizes, delays, failures, fees, tips, rent and stops of paper, and is
held against the async lane first. Each contender is a process of its own, measured without imports, compiling and reading. Asserts
nothing: the machine is shared, so read the ratios.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from parts import cross

ROOT = Path(__file__).parents[2]
PARTS = Path(__file__).parent / "parts"
FAST, SLOW = (5, 10, 15, 20), (30, 60, 90, 120)
GOAL = 50.0
SEED = 7
Numbers = dict[str, float]


def peers_python() -> Path:
    """Return the interpreter that has the peers; make its environment first where there is none."""
    named = os.environ.get("MEMESNIPE_BENCH_PYTHON", "")
    python = Path(named) if named else ROOT / ".bench" / "bin" / "python"
    if not python.exists():
        subprocess.run([str(ROOT / "scripts" / "bench_venv.sh")], check=True)
    return python


def measured(command: list[str]) -> Numbers:
    """Run a contender; return its numbers."""
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    numbers: Numbers = json.loads(done.stdout.strip().splitlines()[-1])
    return numbers


def commands(folder: str) -> dict[str, list[str]]:
    """Return how each contender is started."""
    pairs = list(itertools.product(FAST, SLOW))
    windows = ["--fast", *(str(fast) for fast, _ in pairs), "--slow", *(str(slow) for _, slow in pairs)]
    scripts = {"vectorbt": (str(peers_python()), "peer_vectorbt.py"), "compiled lane": (sys.executable, "lane_grid.py")}
    return {name: [python, str(PARTS / script), folder, *windows] for name, (python, script) in scripts.items()}


def main() -> None:
    """Run the rounds; print a table and the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ticks", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cross.write(Path(folder), options.ticks, SEED)
        contenders = commands(folder)
        rounds = [{name: measured(command) for name, command in contenders.items()} for _ in range(options.rounds)]
    tell(rounds)


def tell(rounds: list[dict[str, Numbers]]) -> None:
    """Print medians, and the ratio of each round: by the clock on the wall, and by seconds of a processor."""
    print(f"{'contender':<16}{'pairs x prices/cpu s':>22}{'cpu s':>9}{'orders':>10}{'peak MB':>10}")
    for name in rounds[0]:
        row = {key: statistics.median(one[name][key] for one in rounds) for key in ("events_per_s", "cpu_s", "orders", "peak_mb")}
        print(f"{name:<16}{row['events_per_s']:>22,.0f}{row['cpu_s']:>9.2f}{row['orders']:>10,.0f}{row['peak_mb']:>10,.0f}")
    for what in ("wall_s", "cpu_s"):
        ratios = [one["vectorbt"][what] / one["compiled lane"][what] for one in rounds]
        print(f"vectorbt's {what} / the lane's: {', '.join(f'{ratio:.1f}' for ratio in ratios)} (goal {GOAL:.0f})")


if __name__ == "__main__":
    main()
