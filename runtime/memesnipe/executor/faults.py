"""A strategy's faults, made visible: every one counted, the first of each kind logged with its traceback, then one a minute."""

from memesnipe.executor.decide import Failure
from memesnipe.executor.metrics import ERRORS
from memesnipe.kernel.logs import logger

KINDS_MAX = 32
"""A strategy that raises made-up exception classes must not make a metric for each."""
LOG_EVERY_NS = 60 * 10**9


class FaultLog:
    """Counts and logs the faults of one strategy. Times are nanoseconds of the service's clock."""

    def __init__(self, strategy: str) -> None:
        self._strategy = strategy
        self._logged_ns: dict[str, int] = {}

    def note(self, failure: Failure, now_ns: int) -> None:
        """Count a fault; log it if its kind was not logged within the last minute."""
        known = failure.kind in self._logged_ns or len(self._logged_ns) < KINDS_MAX
        kind = failure.kind if known else "other"
        ERRORS.labels(self._strategy, kind).inc(failure.count)
        last_ns = self._logged_ns.get(kind)
        if last_ns is None or now_ns - last_ns >= LOG_EVERY_NS:
            self._logged_ns[kind] = now_ns
            _log(self._strategy, kind, failure)


def _log(strategy: str, kind: str, failure: Failure) -> None:
    logger().error("strategy_fault", strategy=strategy, kind=kind, detail=failure.detail[:512], exc_info=failure.error)
