"""Where a decision is written: each outcome to its strategy's stream, and rejections to orders:rejected as well.

The key makes the second copy of an outcome impossible: the terminal one carries the intent's id alone, so an intent can end once.
"""

from collections.abc import Sequence

from memesnipe.bus import topology
from memesnipe.bus.api import Output
from memesnipe.guard import metrics
from memesnipe.guard.decide import STAGE
from memesnipe.kernel.metrics import REJECTIONS
from memesnipe.messages.orders import Fill, FillStatus, Outcome


def outputs(outcomes: Sequence[Outcome]) -> list[Output]:
    """Return what to write for these outcomes."""
    written: list[Output] = []
    for outcome in outcomes:
        written.append(Output(topology.FILLS.of(outcome.strategy), outcome, _key(outcome)))
        if not isinstance(outcome, Fill):
            written.append(Output(topology.REJECTED.name, outcome, outcome.intent_id))
    return written


def count(outcomes: Sequence[Outcome]) -> None:
    """Count what was committed."""
    for outcome in outcomes:
        if isinstance(outcome, Fill):
            metrics.FILL[outcome.mode, outcome.side, outcome.status].inc()
        else:
            REJECTIONS.labels(STAGE, outcome.reason.value).inc()


def _key(outcome: Outcome) -> str:
    if isinstance(outcome, Fill) and outcome.status is FillStatus.FAILED:
        return f"{outcome.intent_id}:{outcome.attempt}"  # its Rejection follows, and that one is terminal
    return outcome.intent_id
