"""Planted edges: what each trade brings per lamport paid, drawn with a seed. Made-up, and fat-tailed as memecoins are."""

import random
from collections.abc import Iterator

import msgspec

LOSS, WIN, JACKPOT = -0.2, 0.3, 1.5
"""A stop, a take-profit, and the rare one that runs away."""
JACKPOT_ODDS = 0.02


class Edge(msgspec.Struct, frozen=True):
    """How often a trade wins, net of all costs, and from which trade on it is gone."""

    win_odds: float = 0.55
    dead_win_odds: float = 0.30
    dies_at: int | None = None

    def odds(self, place: int) -> float:
        """Return how often a trade wins at its place in the order of trades."""
        return self.dead_win_odds if self.dies_at is not None and place >= self.dies_at else self.win_odds


def results(edge: Edge, seed: int) -> Iterator[float]:
    """Yield what each trade brings, for ever."""
    luck, place = random.Random(seed), 0  # noqa: S311 - made-up trades, not a secret
    while True:
        yield drawn(luck, edge.odds(place))
        place += 1


def drawn(luck: random.Random, win_odds: float) -> float:
    """Return one trade's result."""
    if luck.random() >= win_odds:
        return LOSS
    return JACKPOT if luck.random() < JACKPOT_ODDS else WIN


def odds_for(mean: float) -> float:
    """Return how often a trade has to win to bring so much on average."""
    return (mean - LOSS) / ((1.0 - JACKPOT_ODDS) * WIN + JACKPOT_ODDS * JACKPOT - LOSS)
