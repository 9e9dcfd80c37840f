"""Many histories from one: combinatorial purged cross-validation (CPCV) tests every choice of k groups out of N.

Each observation is tested C(N-1, k-1) times, each time by a model that did not see it, so the tests join to as many whole paths
through history: a distribution of results instead of the one that happened to happen.

Source: Lopez de Prado, "Advances in Financial Machine Learning", Wiley 2018, chapter 12.
"""

from itertools import combinations
from math import comb

import numpy as np

from memesnipe.kernel.errors import BadInput
from memesnipe.research.splits.walk_forward import Fold, Spans, groups, trained_beside
from memesnipe.research.stats.series import Floats, Ints

SPLITS_MAX = 20_000


class Combinatorial:
    """The splits of CPCV and how their tests join to paths.

    `groups_count` is N, `tested` is k, `embargo` is in the spans' unit of time. Raises BadInput where k is not 1 to N-1, where
    there would be more than 20,000 splits, or where purge and embargo leave a split nothing to train on.
    """

    def __init__(self, spans: Spans, *, groups_count: int = 6, tested: int = 2, embargo: int = 0) -> None:
        if not 1 <= tested < groups_count:
            raise BadInput("tested", f"want 1 to {groups_count - 1} groups under test, got {tested}")
        if comb(groups_count, tested) > SPLITS_MAX:
            raise BadInput("groups", f"{comb(groups_count, tested)} splits are more than {SPLITS_MAX}: take fewer groups")
        self.groups = groups(len(spans), groups_count)
        self.chosen = list(combinations(range(groups_count), tested))
        self.folds = [self._fold(spans, choice, embargo) for choice in self.chosen]

    def _fold(self, spans: Spans, choice: tuple[int, ...], embargo: int) -> Fold:
        test = np.concatenate([self.groups[group] for group in choice])
        return Fold(trained_beside(spans, test, embargo), test)

    def paths(self) -> Ints:
        """Return which split tests each group on each path, shape (paths, groups): path j takes a group's j-th test."""
        tested_in = [[split for split, choice in enumerate(self.chosen) if group in choice] for group in range(len(self.groups))]
        return np.array(tested_in, dtype=np.int64).T

    def join(self, results: list[Floats]) -> Floats:
        """Return whole histories, shape (paths, observations), from each split's results on its test, in the order of `folds`.

        Raises BadInput where a split's results are not one for each of its test's observations.
        """
        if [len(result) for result in results] != [len(fold.test) for fold in self.folds]:
            raise BadInput("results", "want one result for each observation of each split's test")
        paths = self.paths()
        whole = np.empty((len(paths), sum(len(group) for group in self.groups)))
        for path, splits in enumerate(paths):
            for group, split in enumerate(splits):
                here = np.searchsorted(self.folds[split].test, self.groups[group])
                whole[path, self.groups[group]] = results[split][here]
        return whole
