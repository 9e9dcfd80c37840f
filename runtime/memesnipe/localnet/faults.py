"""Misbehaviour on demand: what real endpoints do to a client on a bad day, set by `POST /localnet/faults`.

The switches and what they do are in `switches`. Chance is drawn from the seed, one sequence for each counter: what one client
does to one switch cannot shift another's draws.
"""

import random

from memesnipe.localnet import seeds
from memesnipe.localnet.switches import Chancy, Counter, Switches

CERTAIN_PER_MILLE = 1_000


class Faults:
    """The switches as they stand, and the draws."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._draws: dict[Chancy, random.Random] = {}
        self.switches = Switches()

    def take(self, counter: Counter) -> bool:
        """Spend one of a counter, if there is one left and chance has it so."""
        left: int = getattr(self.switches, counter)
        if left <= 0 or not self._drawn(counter):
            return False
        setattr(self.switches, counter, left - 1)
        return True

    def lie(self, amount_out: int) -> int:
        """The amount a quote promises."""
        return amount_out * (10_000 + self.switches.quote_lie_bps) // 10_000

    def logs(self, lines: list[str]) -> list[str]:
        """Logs as a node tells them: past its limit one line says that there was more."""
        most = self.switches.log_lines_max
        return [*lines[:most], "Log truncated"] if 0 < most < len(lines) else lines

    def height(self, true: int) -> int:
        """The block height that is told."""
        lie = self.switches.height_lie_blocks
        return max(0, true + lie) if lie and self._drawn("height_lie_blocks") else true

    def _drawn(self, switch: Chancy) -> bool:
        odds = self.switches.odds_per_mille.get(switch, CERTAIN_PER_MILLE)
        if odds >= CERTAIN_PER_MILLE:
            return True
        draws = self._draws.setdefault(switch, seeds.rng(self._seed, "faults", switch))
        return draws.randrange(CERTAIN_PER_MILLE) < odds
