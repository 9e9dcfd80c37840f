"""Draw two planted strategies' ways and measure the tests that demote. See explanation/promotion.md, which shows what this prints.

python -m memesnipe.testing.promotion [--runs 1000] [--seed 1] [--folder docs/img]
"""

import argparse
from pathlib import Path

from memesnipe.testing.promotion.drawing import drawn
from memesnipe.testing.promotion.edges import Edge
from memesnipe.testing.promotion.sizes import HORIZON, decaying, false_alarms, losing, table
from memesnipe.testing.promotion.walk import Way, walked

WAY_TRADES, WAY_SEED = 460, 1
LIVES, DIES = Edge(), Edge(dies_at=320)
PICTURES = (
    ("promotion-full.svg", "A planted edge that lasts: paper, canary, full", LIVES),
    ("promotion-demoted.svg", "A planted edge that dies: full, then demoted", DIES),
)


def main() -> None:
    """Write both pictures, and print what happened and how often the tests are wrong."""
    asked = _asked()
    for name, title, edge in PICTURES:
        way = walked(edge, WAY_SEED, WAY_TRADES)
        (asked.folder / name).write_text(drawn(way, title, edge.dies_at), encoding="utf-8")
        print(*_told(title, way), sep="\n")
    print(*measured(asked.seed, asked.runs), sep="\n")


def measured(seed: int, runs: int) -> list[str]:
    """Return the tables of how often the tests are wrong and how fast they are right."""
    means, afters = (0.05, 0.0, -0.02, -0.05, -0.10), (0.09, 0.03, 0.0, -0.05, -0.10)
    length = false_alarms(seed, max(runs // 10, 1))
    return [
        *table(f"mean per trade, over {HORIZON:,} trades", [losing(mean, seed, runs) for mean in means]),
        "",
        *table("edge a trade, before and after", [decaying(after, 0.09, seed, runs) for after in afters]),
        "",
        f"Where the mean is just what is claimed, an alarm for decay takes {length.mean:,.0f} trades on average ({length.runs} runs).",
    ]


def _told(title: str, way: Way) -> list[str]:
    return [f"{title}:", *(f"  {word.before.value} -> {word.after.value} {word.step or ''}: {word.reason}" for word in way.words), ""]


def _asked() -> argparse.Namespace:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--runs", type=int, default=1_000)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--folder", type=Path, default=Path("docs/img"))
    return words.parse_args()


if __name__ == "__main__":
    main()
