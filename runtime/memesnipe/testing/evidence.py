"""Evidence that passes the default gate, to be made worse in one place."""

from typing import Any

import msgspec

from memesnipe.evidence.record import Record, Subject, seal
from memesnipe.evidence.verdict import Metrics, Thresholds
from memesnipe.kernel.clock import EventClock
from memesnipe.testing.builders import START_NS

GOOD = Metrics(
    observations=1_000,
    trades=400,
    trials=16,
    sharpe=0.12,
    sharpe_low=0.06,
    psr=0.999,
    dsr=0.97,
    pbo=0.1,
    pbo_loss=0.2,
    spa_p=0.001,
    net_return=0.8,
    net_return_double_costs=0.3,
    net_return_two_slots_later=0.5,
    drawdown=0.1,
    best_trade_share=0.05,
    incumbent=True,
    incumbent_sharpe=0.1,
    incumbent_drawdown=0.15,
    lookahead_prefixes=64,
    lookahead_clean=True,
)
SUBJECT = Subject(strategy="momentum", spec_hash="a1b2c3d4e5f6a7b8", code_version="18.0.0", data_hash="d" * 32, study="grid-1", seed=7)


def some_metrics(**changes: Any) -> Metrics:
    """Return metrics that pass the default thresholds, but for `changes`."""
    return msgspec.structs.replace(GOOD, **changes)


def a_record(**changes: Any) -> Record:
    """Return a sealed record of such metrics, made at START_NS under the default thresholds."""
    return seal(SUBJECT, some_metrics(**changes), Thresholds(), EventClock(START_NS))


def a_record_for(spec_hash: str, code_hash: str, *, strategy: str = "momentum", created_ns: int = START_NS, **changes: Any) -> Record:
    """Return a sealed record about this spec and code, with metrics that pass but for `changes`."""
    subject = msgspec.structs.replace(SUBJECT, strategy=strategy, spec_hash=spec_hash, code_version=f"18.0.0:{code_hash}")
    return seal(subject, some_metrics(**changes), Thresholds(), EventClock(created_ns))
