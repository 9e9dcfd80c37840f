"""Where each strategy's money came from and went, for the page and for Prometheus: a thread of its own looks at the ledger.

A hundred thousand fills take five seconds to fold, and the page must not wait for it: it asks for these numbers by themselves, and
less often.
"""

import threading
import time

import msgspec
from flask import Flask, Response
from flask.typing import ResponseReturnValue
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from memesnipe.dashboard import metrics
from memesnipe.kernel.logs import logger
from memesnipe.ledger.attributed import Attributed
from memesnipe.ledger.attribution import Attribution

EVERY_S = 5.0
REST = 9
"""After a look that took long, a pause of so many times that long: never more than a tenth of a core."""


class AttributionFeed:
    """The newest attribution; what the ledger cannot answer now stays as it was last."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._attributed = engine, Attributed()
        self._closed = threading.Event()
        self._newest = b"[]"

    def run(self) -> None:
        """Look again and again until closed."""
        while not self._closed.is_set():
            started_s = time.monotonic()
            try:
                self.look()
            except Exception:  # the thread must go on: what cannot be shown now may be shown a few seconds later
                metrics.PROBLEMS.labels("attribution").inc()
                logger().exception("attribution_failed")
            self._closed.wait(max(EVERY_S, REST * (time.monotonic() - started_s)))

    def look(self) -> None:
        """Read once; a ledger that does not answer, or has no tables yet, is counted and changes nothing."""
        try:
            with self._engine.connect() as connection:
                found = self._attributed.look(connection)
        except SQLAlchemyError as error:
            metrics.PROBLEMS.labels("attribution").inc()
            logger().warning("attribution_unavailable", detail=type(error).__name__)
            return
        for one in found:
            show(one)
        self._newest = msgspec.json.encode(found)

    def newest(self) -> bytes:
        """Return the newest attribution as JSON."""
        return self._newest

    def close(self) -> None:
        """End the loop."""
        self._closed.set()


def show(one: Attribution) -> None:
    """Set the gauges of one strategy in one mode; a number that cannot be known is NaN, never zero."""
    owner = one.strategy, one.mode.value
    parts = {"gross": one.gross_lamports, "net": one.net_lamports, **msgspec.structs.asdict(one.costs)}
    for name, lamports in parts.items():
        metrics.ATTRIBUTED.labels(*owner, name).set(lamports)
    for name, ratio in (("sharpe", one.sharpe), ("sortino", one.sortino), ("calmar", one.calmar)):
        metrics.ATTRIBUTED_RATIO.labels(*owner, name).set(float("nan") if ratio is None else ratio)
    ages = dict(zip(("age_first", "age_middle", "age_last"), one.by_age_bps, strict=False))
    known = {"net": one.net_bps, "slippage": one.slippage_bps, "expected": one.expected_bps, "realized": one.realized_bps, **ages}
    shares = {"hit": one.hit_bps, "held": one.exposure_bps}
    for name, bps in {**known, **shares}.items():
        metrics.ATTRIBUTED_BPS.labels(*owner, name).set(float("nan") if bps is None else bps)
    metrics.ATTRIBUTED_TRADES.labels(*owner).set(one.trades)
    metrics.ATTRIBUTED_DRAWDOWN.labels(*owner).set(one.drawdown_lamports)


def add_attribution(app: Flask, feed: AttributionFeed) -> None:
    """Add the route that the page asks."""

    @app.get("/api/attribution")
    def attribution() -> ResponseReturnValue:
        return Response(feed.newest(), content_type="application/json")
