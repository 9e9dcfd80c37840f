"""Shares at equal risk, whatever anybody expects to earn: the base that no view may move far from.

Hierarchical risk parity: M. López de Prado, "Building Diversified Portfolios that Outperform Out of Sample", Journal of Portfolio
Management 42(4), 2016. Risk parity, where each strategy contributes the same to the variance: S. Maillard, T. Roncalli, J. Teïletche,
"The Properties of Equally Weighted Risk Contribution Portfolios", Journal of Portfolio Management 36(4), 2010. Covariances are shrunk:
O. Ledoit, M. Wolf, "A well-conditioned estimator for large-dimensional covariance matrices", Journal of Multivariate Analysis 88(2),
2004. All as in skfolio.
"""

import warnings
from typing import Any

import numpy as np

from memesnipe.allocator.weighing.returns import Floats
from memesnipe.messages.control import RiskBase

NO_SPREAD = 1e-9
"""Returns that vary less are of a strategy that did nothing: it would get all for being quiet."""


def shares_at_equal_risk(returns: Floats, base: RiskBase) -> Floats:
    """Return shares, shape (strategies,), that sum to 1. `returns` (periods, strategies) without NaN, periods >= 2.

    Strategies that never varied get the mean share of the others; where none varied, all get the same.
    """
    number = returns.shape[1]
    moved = np.std(returns, axis=0) > NO_SPREAD
    shares = np.full(number, 1.0 / number)
    if np.count_nonzero(moved) > 1:
        shares[moved] = _fitted_again(returns[:, moved], base) * (np.count_nonzero(moved) / number)
    return shares


def _fitted_again(returns: Floats, base: RiskBase) -> Floats:
    """Fit, and once more where LAPACK gives up: seen once in thousands of fits of the same numbers, and never for these numbers again.

    Raises LinAlgError where it gives up twice: then it is the numbers.
    """
    try:
        return _fitted(returns, base)
    except np.linalg.LinAlgError:
        return _fitted(returns, base)


def _fitted(returns: Floats, base: RiskBase) -> Floats:
    from skfolio.moments import LedoitWolf
    from skfolio.optimization import HierarchicalRiskParity, RiskBudgeting
    from skfolio.prior import EmpiricalPrior

    optimizers: dict[RiskBase, Any] = {RiskBase.HRP: HierarchicalRiskParity, RiskBase.RISK_PARITY: RiskBudgeting}
    prior = EmpiricalPrior(covariance_estimator=LedoitWolf())
    # Of one scale, on which neither depends: at variances of 1e-4 the solver of risk parity gives up some of its digits.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # "may be inaccurate": parts of the variance were 7e-5 apart where it said so
        fitted = optimizers[base](prior_estimator=prior).fit(returns / np.std(returns))
    shares: Floats = np.asarray(fitted.weights_, dtype=np.float64)
    return shares
