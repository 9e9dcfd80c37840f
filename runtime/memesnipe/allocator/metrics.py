"""The allocator's own metrics, labelled by applied strategies."""

from prometheus_client import Counter, Gauge

from memesnipe.allocator.book import Book
from memesnipe.messages.control import AllocationDecision

DECISIONS = Counter("memesnipe_allocator_decisions_total", "Allocation decisions published", ["method"])
WEIGHT_BPS = Gauge("memesnipe_allocator_weight_bps", "Share of capital in force", ["strategy"])
CAPITAL_LAMPORTS = Gauge("memesnipe_allocator_capital_lamports", "Capital in force", ["strategy"])
NET_LAMPORTS = Gauge("memesnipe_allocator_net_lamports", "Change of the wallet's SOL by a strategy's fills", ["mode", "strategy"])
UNREGISTERED = Gauge("memesnipe_allocator_unregistered_strategies", "Applied strategies whose code strategy_factory has not registered")
REVIEWED = Gauge("memesnipe_allocator_reviewed_seconds", "When results were last weighed, seconds since 1970")


def show_decision(decision: AllocationDecision) -> None:
    """Set the gauges of a decision."""
    for share in decision.shares:
        WEIGHT_BPS.labels(share.strategy).set(share.weight_bps)
        CAPITAL_LAMPORTS.labels(share.strategy).set(share.capital_lamports)


def show_results(book: Book) -> None:
    """Set the gauges of what strategies brought in."""
    for mode, results in (("paper", book.paper), ("live", book.live)):
        for strategy, result in results.items():
            NET_LAMPORTS.labels(mode, strategy).set(result.net_lamports)
