"""The gate's demands as rows for people: what is asked, what was measured, what it must be, whether it holds."""

from collections.abc import Callable, Sequence

import msgspec

from memesnipe.evidence.verdict import Metrics, Thresholds, judge


class Row(msgspec.Struct, frozen=True):
    """A demand; `failed` is the gate's reason, empty where it holds."""

    demand: str
    asks: str
    measured: str
    limit: str
    failed: str


def _said(value: float | None) -> str:
    if value is None:
        return "could not be measured"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _pbo(metrics: Metrics, thresholds: Thresholds) -> str:
    forgiven = f"or a loss in at most {thresholds.pbo_loss_max:.0%} of the splits (it was {_said(metrics.pbo_loss)})"
    return f"at most {thresholds.pbo_max:g}, {forgiven}"


Said = tuple[str, str, Callable[[Metrics], float | None], Callable[[Metrics, Thresholds], str]]

ALWAYS: tuple[Said, ...] = (
    ("lookahead", "its past does not change with later events", lambda m: None, lambda m, t: "clean"),
    (
        "lookahead_prefixes",
        "replayed on shorter histories",
        lambda m: m.lookahead_prefixes,
        lambda m, t: f"at least {t.lookahead_prefixes_min}",
    ),
    ("observations", "observations out of sample", lambda m: m.observations, lambda m, t: f"at least {t.observations_min}"),
    ("trades", "closed trades out of sample", lambda m: m.trades, lambda m, t: f"at least {t.trades_min}"),
    ("psr", "probability that the Sharpe ratio is above 0", lambda m: m.psr, lambda m, t: f"at least {t.psr_min:g}"),
    ("sharpe_low", "lower end of the Sharpe ratio, resampled", lambda m: m.sharpe_low, lambda m, t: "above 0"),
    ("dsr", "probability that it beats the best of as many worthless trials", lambda m: m.dsr, lambda m, t: f"at least {t.dsr_min:g}"),
    ("pbo", "probability that choosing was overfitting", lambda m: m.pbo, _pbo),
    ("spa", "p of being no better than what runs now, or than cash", lambda m: m.spa_p, lambda m, t: f"at most {t.spa_p_max:g}"),
    ("drawdown", "largest fall, of the capital", lambda m: m.drawdown, lambda m, t: f"at most {t.drawdown_max:g}"),
    (
        "best_trade_share",
        "the best trade's share of the profit",
        lambda m: m.best_trade_share,
        lambda m, t: f"at most {t.best_trade_share_max:g}",
    ),
    ("net_return_double_costs", "net return at twice the costs", lambda m: m.net_return_double_costs, lambda m, t: "above 0"),
    ("net_return_two_slots_later", "net return two slots later", lambda m: m.net_return_two_slots_later, lambda m, t: "above 0"),
)
BESIDE_AN_INCUMBENT: tuple[Said, ...] = (
    (
        "incumbent_sharpe",
        "Sharpe ratio beside that of what runs now",
        lambda m: m.sharpe,
        lambda m, t: f"at least {_said(m.incumbent_sharpe)}",
    ),
    (
        "incumbent_drawdown",
        "largest fall beside that of what runs now",
        lambda m: m.drawdown,
        lambda m, t: f"at most {_said(m.incumbent_drawdown)}",
    ),
)


def rows_of(metrics: Metrics, thresholds: Thresholds) -> Sequence[Row]:
    """Return every demand of the gate, in the order a person reads them."""
    failed = {failure.demand: failure.reason for failure in judge(metrics, thresholds).failures}
    return [
        Row(demand, asks, _measured(demand, measured(metrics), metrics), limit(metrics, thresholds), failed.get(demand, ""))
        for demand, asks, measured, limit in (*ALWAYS, *(BESIDE_AN_INCUMBENT if metrics.incumbent else ()))
    ]


def _measured(demand: str, value: float | None, metrics: Metrics) -> str:
    if demand == "lookahead":
        return "clean" if metrics.lookahead_clean else "not clean"
    if demand == "pbo" and metrics.trials == 1:
        return "one trial: nothing was chosen"
    return _said(value)
