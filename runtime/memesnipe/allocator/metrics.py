"""The allocator's own metrics, labelled by applied strategies."""

from prometheus_client import Counter, Gauge

from memesnipe.allocator.book import Book
from memesnipe.messages.control import AllocationDecision
from memesnipe.messages.promotion import PromotionStage, PromotionTerms
from memesnipe.promotion.values import WHOLE_BPS, Standing

DECISIONS = Counter("memesnipe_allocator_decisions_total", "Allocation decisions published", ["method"])
WEIGHT_BPS = Gauge("memesnipe_allocator_weight_bps", "Share of capital in force", ["strategy"])
CAPITAL_LAMPORTS = Gauge("memesnipe_allocator_capital_lamports", "Capital in force", ["strategy"])
NET_LAMPORTS = Gauge("memesnipe_allocator_net_lamports", "Change of the wallet's SOL by a strategy's fills", ["mode", "strategy"])
UNREGISTERED = Gauge("memesnipe_allocator_unregistered_strategies", "Applied strategies whose code strategy_factory has not registered")
STAGE = Gauge("memesnipe_promotion_stage", "1 for where a strategy stands between paper and its whole share", ["strategy", "stage"])
TRANSITIONS = Counter("memesnipe_promotion_transitions_total", "Times a strategy came to a stage of its promotion", ["strategy", "to"])
STEP_TRADES = Gauge("memesnipe_promotion_step_trades", "Live trades closed in the canary's step, or since the whole share", ["strategy"])
DOUBT = Gauge("memesnipe_promotion_doubt", "How far a sequential test went on its way to a demotion, 1 is there", ["strategy", "test"])
MODES_WRITTEN = Counter("memesnipe_promotion_modes_total", "Modes of Strategies that a proposal or a demotion was to write", ["outcome"])
REVIEWED = Gauge("memesnipe_allocator_reviewed_seconds", "When results were last weighed, seconds since 1970")


def show_decision(decision: AllocationDecision) -> None:
    """Set the gauges of a decision."""
    for share in decision.shares:
        WEIGHT_BPS.labels(share.strategy).set(share.weight_bps)
        CAPITAL_LAMPORTS.labels(share.strategy).set(share.capital_lamports)


def show_promotion(strategy: str, standing: Standing | None, terms: PromotionTerms) -> None:
    """Set the gauges of where a strategy stands; None for one that is gone, of which no alert must speak for ever."""
    for stage in PromotionStage:
        STAGE.labels(strategy, stage.value).set(standing is not None and standing.stage is stage)
    run = standing.run if standing is not None and standing.live else None
    STEP_TRADES.labels(strategy).set(run.step_trades if run else 0)
    DOUBT.labels(strategy, "loss").set(run.loss_max * terms.loss_level_bps / WHOLE_BPS if run else 0)
    DOUBT.labels(strategy, "decay").set(run.decay_max / terms.decay_alarm_trades if run else 0)


def show_results(book: Book) -> None:
    """Set the gauges of what strategies brought in."""
    for mode, results in (("paper", book.paper), ("live", book.live)):
        for strategy, result in results.items():
            NET_LAMPORTS.labels(mode, strategy).set(result.net_lamports)
