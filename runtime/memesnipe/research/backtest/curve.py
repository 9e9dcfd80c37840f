"""Equity over a run: the highest, the deepest fall from it, the last of each minute with news, and enough points for a picture."""

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
        """The last equity of each minute in which it changed, by minutes since 1970; in order, for time goes forward."""
        self.points: list[tuple[int, int, int]] = []
        """(time_ns, equity, peak until then), thinned out as they become many."""
        self._apart_ns = 0

    def note(self, time_ns: int, pnl_lamports: int) -> None:
        """Take a new equity; the same as the last costs nothing."""
        equity = self.capital_lamports + pnl_lamports
        if equity == self.last_lamports and self.points:
            return
        self.last_lamports = equity
        self.peak_lamports = max(self.peak_lamports, equity)
        self.drawdown_bps_max = max(self.drawdown_bps_max, fall_bps(self.peak_lamports, equity))
        self.closes[time_ns // NS_PER_MINUTE] = equity
        if not self.points or time_ns - self.points[-1][0] >= self._apart_ns:
            self.points.append((time_ns, equity, self.peak_lamports))
            self._thin()

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
