"""Shares at equal risk, whatever anybody expects to earn: the base that no view may move far from.

Hierarchical risk parity: M. López de Prado, "Building Diversified Portfolios that Outperform Out of Sample", Journal of Portfolio
Management 42(4), 2016. Covariances are shrunk: O. Ledoit, M. Wolf, "A well-conditioned estimator for large-dimensional covariance
matrices", Journal of Multivariate Analysis 88(2), 2004. Both as in skfolio.
"""

import numpy as np

from memesnipe.allocator.weighing.returns import Floats

NO_SPREAD = 1e-9
"""Returns that vary less are of a strategy that did nothing: it would get all for being quiet."""


def shares_at_equal_risk(returns: Floats) -> Floats:
    """Return shares, shape (strategies,), that sum to 1. `returns` (periods, strategies) without NaN, periods >= 2.

    Strategies that never varied get the mean share of the others; where none varied, all get the same.
    """
    number = returns.shape[1]
    moved = np.std(returns, axis=0) > NO_SPREAD
    shares = np.full(number, 1.0 / number)
    if np.count_nonzero(moved) > 1:
        shares[moved] = _hierarchical(returns[:, moved]) * (np.count_nonzero(moved) / number)
    return shares


def _hierarchical(returns: Floats) -> Floats:
    from skfolio.moments import LedoitWolf
    from skfolio.optimization import HierarchicalRiskParity
    from skfolio.prior import EmpiricalPrior

    prior = EmpiricalPrior(covariance_estimator=LedoitWolf())
    fitted: Floats = np.asarray(HierarchicalRiskParity(prior_estimator=prior).fit(returns).weights_, dtype=np.float64)
    return fitted
