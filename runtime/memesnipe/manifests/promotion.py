"""What must be shown before real money follows a strategy, and while it does, as a part of the Allocation. Defaults are the gate's."""

from typing import Annotated, Any

import msgspec
from pydantic import Field

from memesnipe.evidence.gap import IN_BAND_BPS_MIN
from memesnipe.evidence.verdict import Thresholds
from memesnipe.manifests.fields import BpsField, CountField, Model, PositiveBps, Seconds, applied
from memesnipe.messages.promotion import PromotionTerms

Share = Annotated[float, Field(ge=0.0, le=1.0, strict=True, allow_inf_nan=False)]
PaperTrades = Annotated[int, Field(ge=0, le=1_000, strict=True)]
"""position_manager counts no further."""
Days = Annotated[int, Field(ge=0, le=36_500, strict=True, json_schema_extra={"x-unit": "days"})]
Steps = Annotated[int, Field(ge=1, le=20, strict=True)]
AlarmTrades = Annotated[int, Field(ge=2, le=1_000_000, strict=True)]

_GATE = Thresholds()
_TERMS = PromotionTerms()


def _demand(name: str) -> Any:
    """Return the field of one of the gate's thresholds: its default is written down there and nowhere else."""
    return applied(getattr(_GATE, name))


def _term(name: str) -> Any:
    """Return the field of one of the promotion machine's terms, with the default it has there."""
    return applied(getattr(_TERMS, name))


class Promotion(Model):
    """The demands. Each has the gate's default; a weaker one needs the verb `golive` on allocations."""

    observations_min: CountField = _demand("observations_min")
    """Out-of-sample observations: fewer say nothing about tails."""
    trades_min: CountField = _demand("trades_min")
    """Trades closed out of sample."""
    psr_min: Share = _demand("psr_min")
    """Probability that the out-of-sample Sharpe ratio is above 0."""
    dsr_min: Share = _demand("dsr_min")
    """Deflated Sharpe ratio: probability that the chosen trial is better than the best of as many worthless ones."""
    pbo_max: Share = _demand("pbo_max")
    """Probability of backtest overfitting: that choosing by the past picks a trial from the worse half."""
    pbo_loss_max: Share = _demand("pbo_loss_max")
    """A higher `pboMax` is forgiven where the chosen trial loses money in no more than this share of the splits."""
    spa_p_max: Share = _demand("spa_p_max")
    """p-value of "no better than the incumbent", or than cash without one, all trials counted."""
    drawdown_max: Share = _demand("drawdown_max")
    """Deepest fall out of sample, as a fraction of the capital."""
    best_trade_share_max: Share = _demand("best_trade_share_max")
    """How much of the net profit one trade may bring."""
    lookahead_prefixes_min: CountField = _demand("lookahead_prefixes_min")
    """How many shorter histories it was replayed on, to see that it knows no future."""
    evidence_age_days_max: Days = applied(0)
    """A record that is older counts no more: markets change. 0: age is not asked for."""
    paper_trades_min: PaperTrades = _term("paper_trades_min")
    """Trades closed on paper here, beside the evidence. 0 asks for none: that gate is waived, and a proposal says so."""
    paper_gap_bps_max: BpsField = applied(100)
    """How far, at the median, live orders may bring less than their paper twins, once enough were compared."""
    paper_in_band_bps_min: BpsField = applied(IN_BAND_BPS_MIN)
    """How many of 10,000 live orders must end where the paper model says they can."""
    canary_first_bps: PositiveBps = _term("canary_first_bps")
    """Who goes live begins with so much of what the allocator would give."""
    canary_steps: Steps = _term("canary_steps")
    """Steps before the whole share, each larger than the one before by the same factor: 500 bps in 3 steps are 500, 1,357 and 3,684."""
    canary_trades_min: CountField = _term("canary_trades_min")
    """Live trades closed in each step before the next; after a demotion as many on paper before another proposal."""
    loss_level_bps: PositiveBps = _term("loss_level_bps")
    """The odds, at most, that a strategy which does not lose is ever demoted for losing; lower odds find a loss later."""
    decay_alarm_trades: AlarmTrades = _term("decay_alarm_trades")
    """While a strategy brings what paper showed, an alarm for decay comes once in so many trades at most; more find decay later."""
    live_drawdown_bps_max: BpsField = _term("drawdown_bps_max")
    """How far a strategy's live PnL may fall from its highest, as a part of its own live capital."""
    refused_bps_max: BpsField = _term("refused_bps_max")
    """How many of 10,000 of its newest approved orders guard and signer may refuse."""
    cool_down_s: Seconds = _term("cool_down_s")
    """How long a demoted Strategy stays on paper; each further demotion of the same spec doubles it, up to 64 times."""

    def terms(self) -> PromotionTerms:
        """Return what the promotion machine goes by."""
        return PromotionTerms(
            canary_first_bps=self.canary_first_bps,
            canary_steps=self.canary_steps,
            canary_trades_min=self.canary_trades_min,
            loss_level_bps=self.loss_level_bps,
            decay_alarm_trades=self.decay_alarm_trades,
            drawdown_bps_max=self.live_drawdown_bps_max,
            refused_bps_max=self.refused_bps_max,
            cool_down_s=self.cool_down_s,
            gap_bps_max=self.paper_gap_bps_max,
            in_band_bps_min=self.paper_in_band_bps_min,
            paper_trades_min=self.paper_trades_min,
        )

    def thresholds(self) -> Thresholds:
        """Return what an evidence record is judged by."""
        return Thresholds(**{name: getattr(self, name) for name in msgspec.structs.asdict(_GATE)})
