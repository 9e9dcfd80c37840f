"""The backtest beside a bare loop and two peers: the same 1,000,000 made-up ticks, the same EMA(10) over EMA(30), in one interleaved run.

- bare: awaits the same strategy for each event and does nothing with its answers: what Python alone costs.
- backtest: the shipped engine, with checks, limits, delays, failures, fees, tips, rent, stops, equity and the halt for losses.
- nautilus_trader, hftbacktest: the same rule in their own words, in the peers' environment (see `lane.py`), 30 bps of fees.

Each is a process of its own, timed in seconds of a processor for the work alone: imports, compiling, reading and conversion are not in it.
Two settings: an order at each cross, and orders only where the averages are 30 bps apart. Asserts nothing: read the ratios.

    python tests/bench/backtest_peers.py [--rounds 3] [--ticks 1000000]
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from lane import Numbers, measured, peers_python
from parts import cross

PARTS = Path(__file__).parent / "parts"
BANDS_BPS = (0, 30)
SEED = 7
GOALS = {"nautilus_trader": 40.0, "hftbacktest": 0.9}
PEAK_MB_GOAL = 150.0
OURS = "backtest"


def commands(folder: Path, band_bps: int) -> dict[str, list[str]]:
    """Return how each contender is started."""
    peers, arrays, band = str(peers_python()), str(folder / cross.ARRAYS), str(band_bps)
    return {
        "bare": [sys.executable, str(PARTS / "ours.py"), "bare", str(folder), band],
        OURS: [sys.executable, str(PARTS / "ours.py"), "engine", str(folder), band],
        "nautilus_trader": [peers, str(PARTS / "peer_nautilus.py"), arrays, band],
        "hftbacktest": [peers, str(PARTS / "peer_hftbacktest.py"), arrays, band],
    }


def tell(band_bps: int, rounds: list[dict[str, Numbers]]) -> None:
    """Print medians, and the ratio of each round."""
    print(f"\nbands of {band_bps} bps{'contender':>19}{'events/s':>14}{'peak MB':>10}{'orders':>9}   ours / it")
    for name in rounds[0]:
        row = {key: statistics.median(one[name][key] for one in rounds) for key in ("events_per_s", "peak_mb", "orders")}
        ratios = ", ".join(f"{one[OURS]['events_per_s'] / one[name]['events_per_s']:.2f}" for one in rounds)
        goal = f" (goal {GOALS[name]:g})" if name in GOALS else ""
        print(f"{name:>35}{row['events_per_s']:>14,.0f}{row['peak_mb']:>10,.0f}{row['orders']:>9,.0f}   {ratios}{goal}")
    with_reading = statistics.median(one[OURS]["with_reading_per_s"] for one in rounds)
    peak_mb = statistics.median(one[OURS]["peak_mb"] for one in rounds)
    print(f"ours with the reading of its recording: {with_reading:,.0f} events/s; peak {peak_mb:.0f} MB (goal {PEAK_MB_GOAL:.0f})")


def main() -> None:
    """Run both settings, round by round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ticks", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cross.write(Path(folder), options.ticks, SEED)
        for band_bps in BANDS_BPS:
            contenders = commands(Path(folder), band_bps)
            tell(band_bps, [{name: measured(command) for name, command in contenders.items()} for _ in range(options.rounds)])


if __name__ == "__main__":
    main()
