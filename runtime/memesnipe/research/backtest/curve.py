"""Equity over a run: the highest, the deepest fall from it, the last of each minute with news, and enough points for a picture.

It comes out the same whether every price is noted or only those that matter: those outside of `room_lamports`, the first one from
`due_ns` on, and the last one of each minute.
"""

from math import inf

NS_PER_MINUTE = 60 * 10**9
BPS = 10_000
POINTS_MAX = 2_048


class EquityCurve:
    """Equity is capital plus realized and unrealized profit, positions at their last price (lamports)."""

    def __init__(self, capital_lamports: int) -> None:
        self.capital_lamports = capital_lamports
        self.peak_lamports = self.last_lamports = capital_lamports
        self.drawdown_bps_max = 0
        self.closes: dict[int, int] = {}
        """The last equity of each minute that ended with another than the one before; by minutes since 1970, in order."""
        self.points: list[tuple[int, int, int]] = []
        """(time_ns, equity, peak until then), thinned out as they become many."""
        self._apart_ns = 0
        self._minute = 0
        self._before: int | None = None
        """Equity when the minute began; None in the first one."""

    def note(self, time_ns: int, pnl_lamports: int) -> None:
        """Take a new equity."""
        equity = self.capital_lamports + pnl_lamports
        self._close(time_ns // NS_PER_MINUTE, equity)
        self.last_lamports = equity
        self.peak_lamports = max(self.peak_lamports, equity)
        self.drawdown_bps_max = max(self.drawdown_bps_max, fall_bps(self.peak_lamports, equity))
        if not self.points or (time_ns - self.points[-1][0] >= self._apart_ns and equity != self.points[-1][1]):
            self.points.append((time_ns, equity, self.peak_lamports))
            self._thin()

    def room_lamports(self) -> tuple[float, int]:
        """Return (lowest, highest) profit and loss that is neither a new peak nor a deeper fall."""
        highest = self.peak_lamports - self.capital_lamports
        if not self.peak_lamports > 0:  # every loss is the whole of nothing
            return (-inf if self.drawdown_bps_max >= BPS else highest), highest
        return highest - self.drawdown_bps_max * self.peak_lamports // BPS, highest

    def due_ns(self, time_ns: int) -> int:
        """Return until when a note after this moment may wait: the minute's end, or the next point."""
        minute_end_ns = (time_ns // NS_PER_MINUTE + 1) * NS_PER_MINUTE
        return min(minute_end_ns, self.points[-1][0] + self._apart_ns) if self.points else time_ns

    def _close(self, minute: int, equity: int) -> None:
        if minute != self._minute:
            self._minute, self._before = minute, self.last_lamports if self.points else None
        if equity != self._before:
            self.closes[minute] = equity
        else:
            self.closes.pop(minute, None)

    def _thin(self) -> None:
        if len(self.points) <= POINTS_MAX:
            return
        self._apart_ns = max(1, 2 * (self.points[-1][0] - self.points[0][0]) // POINTS_MAX)
        self.points = self.points[::2]


def fall_bps(peak_lamports: int, equity_lamports: int) -> int:
    """Return the fall from a peak in bps of it, rounded up; the whole where there is no equity left to fall from."""
    if not peak_lamports > 0:
        return BPS
    return -(-(peak_lamports - equity_lamports) * BPS // peak_lamports)
