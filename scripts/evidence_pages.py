"""Make the evidence records of docs/reference/evidence anew, from the recorded data, and write what they say into their pages.

    python scripts/evidence_pages.py [--data FOLDER] [--only PAGE]

Each record is what a person gets by the command that its page names. The research database is new, and one for all: what is tried for
one record of a strategy counts in its next. The data stays where it is: nothing of it is copied. Records are sealed anew, so their
hashes change with the time.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from memesnipe.testing.evidence_pages import rewrite

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "reference" / "evidence"
FAILED_THE_GATE = 3
"""Exit code of a study that was judged, and not passed."""


class Made(NamedTuple):
    """One record: the page it is on, its manifest, and the rest of the command."""

    page: str
    manifest: str
    market: str
    options: tuple[str, ...]


def grid(**values: str) -> tuple[str, ...]:
    """Return the options that name a grid."""
    return tuple(word for name, some in values.items() for word in ("--grid", f"{name}={some}"))


CANDLES = ("--sol-candles", "candles/SOL_USDT-5m.feather", "--period", "6h")
SLOW = grid(fast_s="1800,3600", breakout_bps="200,400", trailing_bps="1500,3000")
MADE = (
    Made("momentum.md", "momentum.yaml", "trades", (
        "--period", "1m", *grid(fast_s="5,10", slow_s="30,45", breakout_bps="400,600", trailing_bps="1000,1500"))),
    Made("momentum.md", "momentum-bonk.yaml", "candles/BONK_USDT-5m.feather", (*CANDLES, *SLOW)),
    Made("momentum.md", "momentum-wif.yaml", "candles/WIF_USDT-5m.feather", (*CANDLES, *SLOW)),
    Made("launch-sniper.md", "launch-sniper.yaml", "trades", (
        "--period", "1m", *grid(confirm_trades_min="4,8", take_profit_bps="5000,10000", stop_loss_bps="1500,2000", hold_s_max="120,180"))),
)  # fmt: skip


def main() -> None:
    """Make every record, or those of one page, and rewrite the pages."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--data", type=Path, default=Path(os.environ.get("MEMESNIPE_SHARED_DATA", ROOT.parent / "shared" / "data")))
    words.add_argument("--only", default="", help="momentum or launch-sniper: the records of one page alone")
    words.add_argument("--jobs", default="1")
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for made in MADE:
            if asked.only in ("", Path(made.page).stem):
                make(made, asked.data.resolve(), Path(folder), asked.jobs)
    for page in {made.page for made in MADE if asked.only in ("", Path(made.page).stem)}:
        rewrite(PAGES / page)


def make(made: Made, data: Path, folder: Path, jobs: str) -> None:
    """Make one record and put it beside its page."""
    market = trades_of(data, folder) if made.market == "trades" else data / made.market
    options = [str(data / word) if word.startswith("candles/") else word for word in made.options]
    out, database = folder / made.manifest, f"sqlite:///{folder / 'research.db'}"
    command("evidence", PAGES / made.manifest, market, *options, "--jobs", jobs, "--database", database, "--out", out)
    (record,) = out.glob("*.evidence.json")
    shutil.copy(record, PAGES / record.name)


def trades_of(data: Path, folder: Path) -> Path:
    """Return the recorded pump.fun trades as a recording, converted once."""
    file = folder / "trades.parquet"
    if not file.exists():
        command("import", "pumpfun-csv", data / "pumpfun_trades_2025-09.csv", file)
    return file


def command(*words: object) -> None:
    """Run a command of ours, with none of our settings in its environment."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MEMESNIPE_")}
    done = subprocess.run([sys.executable, "-m", "memesnipe", *map(str, words)], env=clean, cwd=ROOT, check=False)
    if done.returncode not in (0, FAILED_THE_GATE):
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
